"""Everybody's list and the model, against brute force over every user.

Covers `movierec.models.fallback`.
"""

import json
import shutil
from collections import Counter, defaultdict

import numpy as np
import pytest
from pyspark.sql import functions as F

from movierec.config.uris import local_path
from movierec.errors import InputError
from movierec.models.als import Model
from movierec.pipeline import dag
from movierec.pipeline.execution import Execution
from movierec.pipeline.run_stage import run_stage
from movierec.results import Run
from movierec.splitting.splits import HELD_OUT
from movierec.stages import deliver, recommend
from tests.support.reference import movies_of, ratings_of

MIN_RATINGS = 60


@pytest.fixture(scope="module")
def ratings(finished_run):
    return ratings_of(finished_run.archive)


@pytest.fixture(scope="module")
def withdrawn(ratings):
    """The movies with the most ratings, which are in many lists."""
    return [movie for movie, _ in Counter(movie for _, movie, *_ in ratings).most_common(30)]


@pytest.fixture(scope="module")
def run(session, spark, finished_run, withdrawn, tmp_path_factory):
    """Lists with a floor that many users miss, and without the withdrawn movies."""
    copy = tmp_path_factory.mktemp("copy") / "workspace"
    shutil.copytree(finished_run.workspace, copy)
    overrides = (f"workspace={copy}", f"deliver.min_ratings={MIN_RATINGS}")
    execution = Execution(finished_run.config_with(*overrides), session)
    withdraw(spark, execution.find(dag.INGEST), withdrawn)
    run_stage(execution, dag.DELIVER, deliver.run)
    return Run(execution)


def withdraw(spark, ingested, movie_ids):
    """Delete the movies' rows from a result of ingest."""
    place = f"{ingested.path}/movies"
    spark.read.parquet(place).where(~F.col("movie_id").isin(movie_ids)).write.parquet(f"{place}-")
    ingested.files.delete(place)
    ingested.files.rename(f"{place}-", place)
    manifest = ingested.path.rpartition("/")[0] + "/_manifest.json"
    changed = json.loads(ingested.files.read_text(manifest))
    changed["sizes"]["movies"] = ingested.files.size(place)
    ingested.files.write_text(manifest, json.dumps(changed))


@pytest.fixture(scope="module")
def lists(run):
    """Of each user, the source, and movies with scores by rank."""
    found = defaultdict(list)
    for user, movie, rank, score, source in sorted(
        map(tuple, run.delivered().collect()), key=lambda row: (row[0], row[2])
    ):
        assert rank == len(found[user, source]) + 1
        found[user, source].append((movie, score))
    return found


def factors(frame):
    rows = frame.collect()
    return {row["id"]: np.array(row["features"], float) for row in rows}


def best_unseen(scores, seen, k=100):
    unseen = [(movie, score) for movie, score in scores.items() if movie not in seen]
    return sorted(unseen, key=lambda one: (-one[1], one[0]))[:k]


def test_every_users_list_equals_brute_force(run, lists, ratings, withdrawn):
    model, seen = run.model(), movies_of(ratings)
    users, movies = factors(model.userFactors), factors(model.itemFactors)
    assert users.keys() == seen.keys()
    assert movies.keys() == {movie for _, movie, *_ in ratings}
    winner = run.manifest("popularity").facts["winner"]["kind"]
    assert winner in ("count", "liked")
    popular = Counter(
        {movie: 0 for _, movie, *_ in ratings}
        | Counter(movie for _, movie, stars, _ in ratings if winner == "count" or stars >= 4)
    )
    expected = {}
    for user in seen:
        known = len(seen[user]) >= MIN_RATINGS and users[user].any()
        ids = [movie for movie in movies if movie not in withdrawn]
        if known:
            scores = {movie: float((users[user] * movies[movie]).sum()) for movie in ids}
        else:
            scores = {movie: float(popular[movie]) for movie in ids}
        expected[user, "als" if known else "popularity"] = best_unseen(scores, seen[user])
    assert lists == expected
    assert {len(one) for one in lists.values()} == {100}
    sources = Counter(source for _, source in lists)
    assert min(sources["als"], sources["popularity"]) > 10
    assert run.manifest("deliver").facts["users"] == sources


def test_the_saved_model_is_spark_s_own(run, lists, spark, finished_run):
    result = run._execution.find(dag.DELIVER)
    model = Model.load(f"{result.path}/model")
    pairs = [
        (user, movie, score)
        for (user, source), one in lists.items()
        if source == "als"
        for movie, score in one
    ]
    frame = spark.createDataFrame(pairs, "user_id int, movie_id int, score double")
    apart = F.max(F.abs(F.col("prediction") - F.col("score")))
    predicted = model.transform(frame)
    assert predicted.count() == len(pairs) > 1000
    assert predicted.agg(apart).first()[0] < 1e-6
    params = run.manifest("deliver").facts["params"]
    winner = run.manifest("tune").facts["winners"]["als"]
    assert (model.rank, params["alpha"]) == (params["rank"], winner["alpha"])


def test_by_default_the_sample_s_users_get_lists_of_als(session, finished_run, ratings):
    run = Run(Execution(finished_run.config, session))
    facts = run.manifest("deliver").facts
    assert facts["users"] == {"als": len(movies_of(ratings)), "popularity": 0}
    assert run.delivered().count() == 100 * len(movies_of(ratings))


def test_where_popularity_won_on_validation_everybody_gets_its_list(
    session, finished_run, ratings, tmp_path
):
    workspace = shutil.copytree(finished_run.workspace, tmp_path / "workspace")
    (path,) = workspace.glob("popularity/*/_manifest.json")
    manifest = json.loads(path.read_text(encoding="utf-8"))
    winner = json.loads(next(workspace.glob("tune/*/_manifest.json")).read_text())["facts"]
    manifest["facts"]["of_known_users"]["ndcg"] = winner["winners"]["als"]["ndcg"]
    path.write_text(json.dumps(manifest), encoding="utf-8")
    execution = Execution(finished_run.config_with(f"workspace={workspace}"), session)
    run_stage(execution, dag.RECOMMEND, recommend.run, force=True)
    run_stage(execution, dag.DELIVER, deliver.run, force=True)
    run = Run(execution)
    users = len(movies_of(ratings))
    facts = run.manifest("deliver").facts
    assert (facts["users"], facts["als_is_better"]) == ({"als": 0, "popularity": users}, False)
    for split in HELD_OUT:
        assert run.manifest("recommend").facts["users_with_popularity"][split] == users
        popular = run.recommendations("popularity", split)
        assert run.recommendations("delivered", split).exceptAll(popular).isEmpty()


def test_a_model_that_lost_a_file_is_an_error_with_the_fix(session, finished_run, tmp_path):
    workspace = shutil.copytree(finished_run.workspace, tmp_path / "workspace")
    run = Run(Execution(finished_run.config_with(f"workspace={workspace}"), session))
    (part, *_) = workspace.glob("deliver/*/*/model/userFactors/*.parquet")
    part.unlink()
    with pytest.raises(InputError, match=r"model: .* make the stage deliver again with FORCE=1"):
        run.model()
    path = local_path(run._execution.find(dag.DELIVER).path)
    shutil.rmtree(f"{path}/model")
    with pytest.raises(InputError, match=r"model: 0 of .* bytes are there"):
        run.model()
