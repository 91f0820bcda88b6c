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
from movierec.pipeline.run_stage import run_stage
from movierec.results import Run
from movierec.splitting.splits import HELD_OUT
from movierec.stages import deliver, recommend
from tests.support.finished import shrink_ease
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
def delivered(session, spark, finished_run, withdrawn, tmp_path_factory):
    """Makes lists with a floor that many users miss, and without the withdrawn movies."""

    def made(model):
        place = tmp_path_factory.mktemp("copy")
        overrides = (f"deliver.min_ratings={MIN_RATINGS}", f"deliver.model={model}")
        execution = finished_run.copied(place, session, *overrides)
        # so small an EASE cannot fill a list
        shrink_ease(place / "workspace", 120)
        withdraw(spark, execution.find(dag.INGEST), withdrawn)
        run_stage(execution, dag.DELIVER, deliver.run)
        return Run(execution)

    return made


@pytest.fixture(scope="module")
def run(delivered):
    return delivered("als")


@pytest.fixture(scope="module")
def of_ease(delivered):
    return delivered("ease")


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


def lists_of(run):
    """Of each user and source, movies with scores by rank."""
    found = defaultdict(list)
    for row in run.delivered().orderBy("user_id", "rank").collect():
        found[row.user_id, row.source].append((row.movie_id, row.score))
        assert row["rank"] == len(found[row.user_id, row.source])
    return found


@pytest.fixture(scope="module")
def lists(run):
    return lists_of(run)


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


def test_every_users_list_of_ease_equals_brute_force(of_ease, ratings, withdrawn):
    found = lists_of(of_ease)
    weights = {
        movie: np.array(row, float) for movie, row in of_ease.read("deliver", "ease").collect()
    }
    ids = sorted(weights)
    counts = Counter(movie for _, movie, *_ in ratings)
    outside = sorted({*counts} - {*ids, *withdrawn}, key=lambda one: (-counts[one], one))
    stars = defaultdict(dict)
    for user, movie, given, _ in ratings:
        stars[user][movie] = given
    for user, rated in stars.items():
        if len(rated) < MIN_RATINGS:
            assert (user, "popularity") in found
            continue
        soft = {m: min(1.0, max(0.05, (given - 2) / 3)) for m, given in rated.items()}
        scores = sum(soft[movie] * weights[movie] for movie in rated if movie in weights)
        by_movie = dict(zip(ids, scores, strict=True))
        listed = {movie: one for movie, one in by_movie.items() if movie not in withdrawn}
        best = best_unseen(listed, rated)
        # scores are sums in single precision, which may order near-equals differently
        own, behind = found[user, "ease"][: len(best)], found[user, "ease"][len(best) :]
        unseen = [movie for movie in outside if movie not in rated]
        assert behind == [(movie, None) for movie in unseen[: 100 - len(best)]] != []
        assert [one for _, one in own] == pytest.approx([one for _, one in best], abs=1e-5)
        assert all(score == pytest.approx(by_movie[movie], abs=1e-5) for movie, score in own)
        assert not {movie for movie, _ in own} & {*rated, *withdrawn}
    facts = of_ease.manifest("deliver").facts
    assert facts["users"] == Counter(source for _, source in found)
    assert min(facts["users"].values()) > 10


def test_ease_is_no_model_of_spark_s(of_ease):
    with pytest.raises(InputError, match=r"EASE is delivered: set deliver\.model=als to have ALS"):
        of_ease.model()


def test_the_best_on_validation_is_delivered(session, finished_run, tmp_path):
    execution = finished_run.copied(tmp_path, session, "deliver.model=best")
    run_stage(execution, dag.DELIVER, deliver.run)
    winners = Run(execution).manifest("tune").facts["winners"]
    best = max(("als", "ease"), key=lambda model: winners[model]["ndcg"])
    assert Run(execution).manifest("deliver").facts["model"] == best


def test_where_popularity_won_on_validation_everybody_gets_its_list(
    session, finished_run, ratings, tmp_path
):
    execution = finished_run.copied(tmp_path, session, "deliver.model=best")
    (path,) = tmp_path.glob("workspace/popularity/*/_manifest.json")
    manifest = json.loads(path.read_text(encoding="utf-8"))
    winners = Run(execution).manifest("tune").facts["winners"]
    best = max(winners[model]["ndcg"] for model in ("als", "ease"))
    manifest["facts"]["of_known_users"]["ndcg"] = best
    path.write_text(json.dumps(manifest), encoding="utf-8")
    run_stage(execution, dag.RECOMMEND, recommend.run, force=True)
    run_stage(execution, dag.DELIVER, deliver.run, force=True)
    run = Run(execution)
    users = len(movies_of(ratings))
    facts = run.manifest("deliver").facts
    assert not facts["beats_popularity"]
    assert facts["users"] == {facts["model"]: 0, "popularity": users}
    for split in HELD_OUT:
        assert run.manifest("recommend").facts["users_with_popularity"][split] == users
        popular = run.recommendations("popularity", split)
        assert run.recommendations("delivered", split).exceptAll(popular).isEmpty()


def test_a_model_that_lost_a_file_is_an_error_with_the_fix(session, finished_run, tmp_path):
    run = Run(finished_run.copied(tmp_path, session))
    (part, *_) = tmp_path.glob("workspace/deliver/*/*/model/userFactors/*.parquet")
    part.unlink()
    with pytest.raises(InputError, match=r"model: .* make the stage deliver again with FORCE=1"):
        run.model()
    path = local_path(run._execution.find(dag.DELIVER).path)
    shutil.rmtree(f"{path}/model")
    with pytest.raises(InputError, match=r"model: 0 of .* bytes are there"):
        run.model()
