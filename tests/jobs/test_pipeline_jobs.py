"""Every job on the real ml-latest-small, at one and at eight shuffle partitions.

Covers `movierec.stages.inputs`, `movierec.stages.partition`, `movierec.stages.recommend`,
`movierec.stages.evaluate`, `movierec.stages.tune`, `movierec.stages.twins`,
`movierec.stages.report`.
"""

from __future__ import annotations

import csv
import json
import time
from collections import Counter, defaultdict
from datetime import datetime, timezone
from pathlib import Path

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
from movierec.splitting.splits import SPLITS, TRAINING_SPLITS
from tests.support import reference
from tests.support.confs import tiny_conf

PARTITIONS = "spark.sql.shuffle.partitions"
# One good point of the grid, so that the pipeline is quick.
TUNING = {
    "tuning__implicit": {
        "rank": [16],
        "reg_param": [0.1],
        "alpha": [4],
        "feedback": ["signed"],
    },
    "tuning__explicit": {"rank": [8], "reg_param": [0.05]},
    "als__max_iter": 8,
    "evaluation__bootstrap": 300,
    "popularity__dampings": [20],
    "twins__curve__floors": [20, 100],
    "twins__resamples": 200,
}


class NoSpark:
    """A session that must not be needed."""

    def __call__(self):
        raise AssertionError("Spark was started")

    def checkpoint_to(self, uri):
        pass


@pytest.fixture(scope="module")
def workspace(tmp_path_factory):
    return tmp_path_factory.mktemp("workspace")


@pytest.fixture(scope="module")
def execution(session, workspace, small_archive):
    return Execution(tiny_conf(workspace, small_archive, **TUNING), session)


@pytest.fixture(scope="module")
def summary(execution):
    return run_pipeline(execution)


@pytest.fixture(scope="module")
def read(execution, summary, spark):
    def rows(stage, dataset, schema):
        return [tuple(row) for row in execution.find(stage).read(spark, dataset, schema).collect()]

    return rows


def test_als_beats_popularity_on_every_metric_and_both_splits(summary):
    als, popularity = (summary["models"][name] for name in ("als", "popularity"))
    for metric, least in [("ndcg_at_100", 0.23), ("map_at_100", 0.08), ("precision_at_100", 0.046)]:
        assert als["validation"][metric] > least
        assert als["validation"][metric] > 1.3 * popularity["validation"][metric]
    assert popularity["validation"]["ndcg_at_100"] == pytest.approx(0.156, abs=0.002)
    for split in ("validation", "test"):
        for metric, versus in summary["comparison"]["als_vs_popularity"][split].items():
            assert versus["ci95"][0] > 0, (split, metric)
            assert versus["p_value"] < 0.05


def test_random_is_the_lower_and_the_oracle_the_upper_bound(summary):
    for split in ("validation", "test"):
        ndcg = {name: one[split]["ndcg_at_100"] for name, one in summary["models"].items()}
        assert ndcg["random"] < ndcg["als_explicit"] < ndcg["popularity"] < ndcg["als"]
        assert ndcg["als"] < ndcg["oracle"] < 1
        users = {one[split]["users"] for one in summary["models"].values()}
        assert users == {summary["users"][split]["evaluated"]}


def test_the_split_is_that_of_plain_python(read, small_archive, archive_ratings):
    made = {
        (user, movie): split
        for split in SPLITS
        for user, movie, _, _ in read(dag.PARTITION, split, schemas.RATINGS)
    }
    by_user = defaultdict(list)
    for user, movie, _, second in archive_ratings:
        by_user[user].append((second, movie))
    for user, ratings in by_user.items():
        names = [made[user, movie] for _, movie in sorted(ratings)]
        sizes = reference.split_sizes(len(ratings), "0.6", "0.2")
        assert names == [name for name, n in zip(SPLITS, sizes, strict=True) for _ in range(n)]


@pytest.fixture(scope="module")
def archive_ratings(small_archive):
    import io
    import zipfile

    with zipfile.ZipFile(small_archive) as archive:
        text = archive.read("ml-latest-small/ratings.csv").decode()
    rows = csv.DictReader(io.StringIO(text))
    return [
        (int(r["userId"]), int(r["movieId"]), float(r["rating"]), int(r["timestamp"])) for r in rows
    ]


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
    assert len(users) == 610
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
    started = time.monotonic()
    again = run_pipeline(Execution(execution.config, NoSpark()))
    assert again == summary
    assert time.monotonic() - started < 5


@pytest.mark.parametrize(
    ("change", "recomputed"),
    [
        ({"tuning__implicit__alpha": [2]}, {"tune", "recommend", "evaluate", "report"}),
        ({"evaluation__bootstrap": 500}, {"evaluate", "report"}),
        ({"popularity__dampings": [7]}, {"popularity", "recommend", "evaluate", "report"}),
        (
            {"partition__seed": 2},
            {"partition", "popularity", "tune", "recommend", "evaluate", "report"},
        ),
        ({"twins__pairs": 7}, {"twins", "report"}),
    ],
)
def test_after_a_change_only_results_that_depend_on_it_are_missing(
    session, workspace, small_archive, summary, change, recomputed
):
    changed = Execution(tiny_conf(workspace, small_archive, **{**TUNING, **change}), session)
    missing = {stage.name for stage in dag.PIPELINE if changed.find(stage) is None}
    assert missing == recomputed


def test_eight_shuffle_partitions_leave_identical_results(
    session, spark, tmp_path, small_archive, execution, summary
):
    one = spark.conf.get(PARTITIONS)
    spark.conf.set(PARTITIONS, "8")
    try:
        other = Execution(tiny_conf(tmp_path, small_archive, **TUNING), session)
        found = run_pipeline(other)
        assert json.dumps(found | {"timings": None}) == json.dumps(summary | {"timings": None})
        for stage in dag.PIPELINE:
            first, second = execution.find(stage), other.find(stage)
            assert first.manifest.rows == second.manifest.rows
            for dataset in first.manifest.rows:
                frames = [
                    spark.read.parquet(f"{result.path}/{dataset}") for result in (first, second)
                ]
                # Seconds differ from run to run.
                frames = [frame.drop("seconds") for frame in frames]
                assert frames[0].exceptAll(frames[1]).isEmpty(), dataset
        assert stable_report_of(other) == stable_report_of(execution)
    finally:
        spark.conf.set(PARTITIONS, one)


def test_ranking_only_heldout_movies_inflates_every_model_and_says_so(
    session, workspace, small_archive, summary
):
    config = tiny_conf(workspace, small_archive, **TUNING, evaluation__candidates="heldout_only")
    inflated = run_pipeline(Execution(config, session))
    assert inflated["protocol"]["candidates_are"].startswith("INFLATED")
    for model in ("random", "popularity", "als", "als_explicit"):
        assert inflated["models"][model]["validation"]["recall_at_100"] > 0.9
        assert inflated["models"][model]["validation"]["ndcg_at_100"] > 0.7
    assert inflated["timings"]["tune"] == summary["timings"]["tune"]


@pytest.mark.parametrize("strategy", ["per_user_random", "global_time"])
def test_other_strategies_pass_the_audit(session, workspace, small_archive, summary, strategy):
    config = tiny_conf(workspace, small_archive, partition__strategy=strategy)
    execution = Execution(config, session)
    manifest = run_stage(execution, dag.PARTITION, load_run(dag.PARTITION)).result.manifest
    assert sum(manifest.rows.values()) == 100_836
    assert manifest.rows["train"] == pytest.approx(0.6 * 100_836, rel=0.01)
    assert manifest.facts["audit"]["in_several_splits"] == 0


def test_a_floor_that_no_user_reaches_is_an_error(session, workspace, small_archive, summary):
    config = tiny_conf(workspace, small_archive, partition__min_ratings_per_user=5000)
    with pytest.raises(InputError) as raised:
        run_stage(Execution(config, session), dag.PARTITION, load_run(dag.PARTITION))
    assert str(raised.value) == (
        "partition.min_ratings_per_user: no user has 5000 ratings or more; lower it"
    )


def test_users_below_the_floor_are_counted(session, workspace, small_archive, archive_ratings):
    config = tiny_conf(workspace, small_archive, partition__min_ratings_per_user=100)
    execution = Execution(config, session)
    manifest = run_stage(execution, dag.PARTITION, load_run(dag.PARTITION)).result.manifest
    counts = defaultdict(int)
    for user, *_ in archive_ratings:
        counts[user] += 1
    assert manifest.facts["ratings_left_out"] == sum(n for n in counts.values() if n < 100)
    assert manifest.facts["audit"]["users"]["train"] == sum(n >= 100 for n in counts.values())


def test_the_twins_are_those_of_brute_force_over_every_pair(read, archive_ratings, summary):
    movies = defaultdict(set)
    for user, movie, *_ in archive_ratings:
        movies[user].add(movie)
    rows = sorted(read(dag.TWINS, "twins", schemas.TWINS))
    expected = reference.twins(movies, 100)
    assert len(movies) * (len(movies) - 1) // 2 == 185_745
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


@pytest.mark.parametrize(
    ("floor", "reason"),
    [
        (2699, "a pair takes two users with 2699 movies or more, but there is none; lower it"),
        (2698, "a pair takes two users with 2698 movies or more, but there is one; lower it"),
    ],
)
def test_a_floor_that_leaves_no_pair_is_an_error(
    session, workspace, small_archive, summary, floor, reason
):
    config = tiny_conf(workspace, small_archive, twins__min_movies=floor)
    with pytest.raises(InputError) as raised:
        run_stage(Execution(config, session), dag.TWINS, load_run(dag.TWINS))
    assert str(raised.value) == f"twins.min_movies: {reason}"


def test_a_floor_that_leaves_one_pair_makes_a_short_list_and_a_warning(
    session, workspace, small_archive, summary
):
    config = tiny_conf(
        workspace,
        small_archive,
        twins__min_movies=2478,
        twins__thresholds=[0.1],
        twins__curve__floors=[2478, 3000],
        twins__resamples=100,
    )
    result = run_stage(Execution(config, session), dag.TWINS, load_run(dag.TWINS)).result
    assert result.manifest.rows["twins"] == 1
    assert result.manifest.warnings == [
        "found 1 pairs, not 100: no others among 2 users reach a similarity of 0.1; see "
        "twins.thresholds and twins.min_movies"
    ]
    text = Path(result.path.removeprefix("file://"), "summary.json").read_text(encoding="utf-8")
    found = json.loads(text)["twins"]
    assert (found["pairs"], found["users"], found["lsh_recall"]) == (1, 2, 1.0)
    # one pair, which is also the only random one, leaves no interval
    assert found["pearson"]["twins"]["mean"] == found["pearson"]["random"]["mean"]
    assert found["pearson"]["twins"]["mean_ci95"] is None
    assert [point["users"] for point in found["curve"]] == [2, 0]


def stable_report_of(execution):
    """The parts of report.json without times and memory."""
    facts = report_of(execution)
    return {key: facts[key] for key in ("summary", "data", "bias", "examples", "twins")}


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
