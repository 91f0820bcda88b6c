"""Every stage on a generated archive, against brute force.

Covers `movierec.stages.inputs`, `movierec.stages.partition`, `movierec.stages.recommend`,
`movierec.stages.evaluate`, `movierec.stages.tune`, `movierec.stages.twins`,
`movierec.stages.report`.
"""

import json
import shutil
from collections import Counter, defaultdict
from datetime import datetime, timezone

import numpy as np
import pandas as pd
import pytest

from movierec.data import schemas
from movierec.errors import InputError
from movierec.pipeline import dag
from movierec.pipeline.execution import Execution
from movierec.pipeline.exports import write_exports
from movierec.pipeline.run_stage import run_stage
from movierec.run_all import done_stages, load_run, run_pipeline
from movierec.spark.session import Session
from movierec.splitting.splits import SPLITS, TRAINING_SPLITS
from tests.support import reference
from tests.support.finished import N_RATINGS
from tests.support.reference import movies_of, ratings_of


@pytest.fixture(scope="module")
def execution(session, finished_run):
    return Execution(finished_run.config, session)


@pytest.fixture(scope="module")
def summary(finished_run):
    return finished_run.summary


@pytest.fixture(scope="module")
def other(session, finished_run, tmp_path_factory):
    """The finished run with some keys changed, in a copy of its workspace."""
    copy = tmp_path_factory.mktemp("copy") / "workspace"
    shutil.copytree(finished_run.workspace, copy)

    def changed(**keys):
        changes = [f"{key.replace('__', '.')}={json.dumps(value)}" for key, value in keys.items()]
        config = finished_run.config_with(f"workspace={copy}", *changes)
        return Execution(config, session)

    return changed


@pytest.fixture(scope="module")
def read(execution, spark):
    def rows(stage, dataset, schema):
        return [tuple(row) for row in execution.find(stage).read(spark, dataset, schema).collect()]

    return rows


@pytest.fixture(scope="module")
def archive_ratings(finished_run):
    """The archive's ratings: user, movie, stars and second, read without the suite."""
    return ratings_of(finished_run.archive)


@pytest.mark.parametrize("split", ["validation", "test"])
def test_every_users_list_equals_brute_force(read, split):
    stage, name = {
        "validation": (dag.TUNE, "factors/als"),
        "test": (dag.RECOMMEND, "factors/als/test"),
    }[split]
    users = read(stage, f"{name}/users", schemas.USER_FACTORS)
    movies = read(stage, f"{name}/movies", schemas.MOVIE_FACTORS)
    seen = defaultdict(set)
    for train in TRAINING_SPLITS[split]:
        for user, movie, _, _ in read(dag.PARTITION, train, schemas.RATINGS):
            seen[user].add(movie)
    lists = defaultdict(list)
    rows = read(dag.RECOMMEND, f"recommendations/als/{split}", schemas.RECOMMENDATIONS)
    for user, movie, score, rank in sorted(rows, key=lambda row: (row[0], row[3])):
        lists[user].append((movie, score))
        assert rank == len(lists[user])
    ids = np.array([movie for movie, _ in movies])
    factors = np.array([vector for _, vector in movies])
    assert len(users) == 100
    for user, vector in users:
        scores = (np.array(vector) * factors).sum(axis=1)
        scores[np.isin(ids, list(seen[user]))] = -np.inf
        order = np.lexsort((ids, -scores))[:100]
        assert lists[user] == list(zip(ids[order].tolist(), scores[order].tolist(), strict=True))


def test_user_metrics_equal_the_oracle(read, archive_ratings):
    held_out = defaultdict(set)
    for user, movie, rating, _ in read(dag.PARTITION, "test", schemas.RATINGS):
        if rating >= 4:
            held_out[user].add(movie)
    lists = defaultdict(list)
    rows = read(dag.RECOMMEND, "recommendations/popularity/test", schemas.RECOMMENDATIONS)
    for user, movie, _, _ in sorted(rows, key=lambda row: (row[0], row[3])):
        lists[user].append(movie)
    found = read(dag.EVALUATE, "user_metrics/popularity/test", schemas.USER_METRICS)
    assert {row[0] for row in found} == set(held_out)
    for user, n_relevant, _, precision, mean_precision, ndcg, recall in found:
        expected = reference.metrics(lists[user], held_out[user], 100)
        assert n_relevant == len(held_out[user])
        assert [precision, mean_precision, ndcg, recall] == pytest.approx(
            list(expected.values()), abs=1e-12
        )


def test_a_second_run_recomputes_nothing_and_starts_no_spark(execution, summary):
    unused = Session("unused")
    assert run_pipeline(Execution(execution.config, unused)) == summary
    assert not unused.started


@pytest.mark.slow
def test_ranking_only_heldout_movies_inflates_every_model_and_says_so(other, summary):
    """Slow: it recommends and evaluates again."""
    inflated = run_pipeline(other(evaluation__candidates="heldout_only"))
    assert inflated["protocol"]["candidates_are"].startswith("INFLATED")
    for model in ("random", "popularity", "als", "als_explicit"):
        assert inflated["models"][model]["validation"]["recall_at_100"] > 0.9
        assert inflated["models"][model]["validation"]["ndcg_at_100"] > 0.7
    assert inflated["timings"]["tune"] == summary["timings"]["tune"]


@pytest.mark.parametrize("strategy", ["per_user_random", "global_time"])
def test_other_strategies_pass_the_audit(other, strategy):
    execution = other(partition__strategy=strategy)
    manifest = run_stage(execution, dag.PARTITION, load_run(dag.PARTITION)).result.manifest
    assert sum(manifest.rows.values()) == N_RATINGS
    assert manifest.rows["train"] == pytest.approx(0.6 * N_RATINGS, rel=0.01)
    assert manifest.facts["audit"]["in_several_splits"] == 0


def test_a_floor_that_no_user_reaches_is_an_error(other):
    execution = other(partition__min_ratings_per_user=5000)
    with pytest.raises(InputError) as raised:
        run_stage(execution, dag.PARTITION, load_run(dag.PARTITION))
    assert str(raised.value) == (
        "partition.min_ratings_per_user: no user has 5000 ratings or more; lower it"
    )


def test_users_below_the_floor_are_counted(other, archive_ratings):
    execution = other(partition__min_ratings_per_user=100)
    manifest = run_stage(execution, dag.PARTITION, load_run(dag.PARTITION)).result.manifest
    counts = defaultdict(int)
    for user, *_ in archive_ratings:
        counts[user] += 1
    assert manifest.facts["ratings_left_out"] == sum(n for n in counts.values() if n < 100)
    assert manifest.facts["audit"]["users"]["train"] == sum(n >= 100 for n in counts.values())


def test_the_twins_are_those_of_brute_force_over_every_pair(read, archive_ratings, summary):
    rows = sorted(read(dag.TWINS, "twins", schemas.TWINS))
    expected = reference.twins(movies_of(archive_ratings), 100)
    assert [row[1:6] for row in rows] == expected
    assert [row[0] for row in rows] == list(range(1, 101))
    assert summary["twins"]["lsh_recall"] == 1.0
    assert summary["twins"]["min_jaccard"] == pytest.approx(expected[-1][2])


def test_the_twins_correlations_are_those_of_their_ratings(read, archive_ratings, summary):
    ratings = defaultdict(dict)
    for user, movie, rating, _ in archive_ratings:
        ratings[user][movie] = rating
    found = read(dag.TWINS, "random_pairs", schemas.RANDOM_PAIRS)
    found += [(*row[1:3], row[4], *row[6:8]) for row in read(dag.TWINS, "twins", schemas.TWINS)]
    for user_a, user_b, common, pearson, spearman in found:
        both = sorted(set(ratings[user_a]) & set(ratings[user_b]))
        assert common == len(both)
        rated = pd.DataFrame({user: [ratings[user][m] for m in both] for user in (user_a, user_b)})
        if len(both) < 5 or (rated.nunique() < 2).any():
            assert pearson is spearman is None
        else:
            assert pearson == pytest.approx(rated.corr().iloc[0, 1], abs=1e-9)
            assert spearman == pytest.approx(rated.rank().corr().iloc[0, 1], abs=1e-9)
    assert len(found) == 200


def test_a_floor_that_leaves_no_pair_is_an_error(other, archive_ratings):
    floor = max(map(len, movies_of(archive_ratings).values())) + 1
    with pytest.raises(InputError) as raised:
        run_stage(other(twins__min_movies=floor), dag.TWINS, load_run(dag.TWINS))
    assert str(raised.value) == (
        f"twins.min_movies: a pair takes two users with {floor} movies or more, but there is none; "
        "lower it"
    )


def report_of(execution):
    result = execution.find(dag.REPORT)
    return json.loads(execution.files.read_text(f"{result.path}/{dag.REPORT_FACTS}"))


def test_the_report_counts_what_the_archive_holds(execution, summary, archive_ratings):
    facts = report_of(execution)
    assert facts["summary"] == {key: one for key, one in summary.items() if key != "timings"}
    stars = Counter(stars for _, _, stars, _ in archive_ratings)
    assert facts["data"]["stars"] == [
        {"stars": value, "ratings": stars[value]} for value in sorted(stars)
    ]
    months = Counter(
        f"{datetime.fromtimestamp(second, timezone.utc):%Y-%m}" for *_, second in archive_ratings
    )
    assert {
        one["month"]: sum(one[split] for split in SPLITS) for one in facts["data"]["months"]
    } == months
    for key, column in (("users", 0), ("movies", 1)):
        sizes = Counter(Counter(row[column] for row in archive_ratings).values())
        for one in facts["data"][key]["histogram"]:
            within = [n for size, n in sizes.items() if one["from"] <= size <= one["to"]]
            assert one["count"] == sum(within)
    assert [*facts["bias"]] == ["test"]
    for one in facts["bias"]["test"].values():
        assert sum(one["shares"]) == pytest.approx(1)


def test_the_report_s_users_have_the_lists_and_metrics_of_the_run(execution, summary, read):
    lists = defaultdict(dict)
    for user, movie, _, rank in read(
        dag.RECOMMEND, "recommendations/als/test", schemas.RECOMMENDATIONS
    ):
        lists[user][rank] = movie
    metrics = {
        row[0]: row for row in read(dag.EVALUATE, "user_metrics/als/test", schemas.USER_METRICS)
    }
    shown = report_of(execution)["examples"]["users"]
    assert len(shown) == 10
    for one in shown:
        for movie in one["recommended"]:
            assert lists[one["user_id"]][movie["rank"]] == movie["movie_id"]
        assert one["liked_later"] == metrics[one["user_id"]][1]
        assert one["ndcg"]["als"] == pytest.approx(metrics[one["user_id"]][5], abs=1e-6)


def test_the_report_has_the_seconds_and_memory_of_every_stage(execution, summary):
    stages = report_of(execution)["stages"]
    assert [*stages] == [stage.name for stage in dag.REPORT.inputs]
    for name, one in stages.items():
        assert one["seconds"] == summary["timings"][name]
        assert one["peak_memory"] > 100 << 20


def test_the_exported_files_are_those_of_the_run(execution, summary, tmp_path):
    assert write_exports(done_stages(execution), tmp_path / "out") == summary
    twins = tmp_path / "out" / "twins.csv"
    assert len(twins.read_text(encoding="utf-8").splitlines()) == 101
    assert json.loads((tmp_path / "out" / "report.json").read_text()) == report_of(execution)
    assert json.loads((tmp_path / "out" / "summary.json").read_text()) == summary
