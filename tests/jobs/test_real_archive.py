"""The run of conf/small.yaml on the real ml-latest-small: the sizes and the order of its numbers.

What a stage computes is compared with brute force in test_pipeline_jobs.py, on less data.
"""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from movierec.data import schemas
from movierec.pipeline import dag
from movierec.pipeline.execution import Execution
from movierec.pipeline.run_stage import run_stage
from movierec.run_all import load_run, run_pipeline
from tests.support import reference
from tests.support.confs import tiny_conf
from tests.support.paths import ROOT

# four minutes, unless `make run CONF=conf/small.yaml ARCHIVE=…` has run here
pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]


@pytest.fixture(scope="module")
def execution(session, small_archive):
    return Execution(tiny_conf(ROOT / "workspace", small_archive), session)


@pytest.fixture(scope="module")
def summary(execution):
    return run_pipeline(execution)


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


def test_ease_beats_als_on_both_splits(summary):
    ease, als = (summary["models"][name] for name in ("ease", "als"))
    for metric, least in [
        ("ndcg_at_100", 0.245),
        ("map_at_100", 0.090),
        ("precision_at_100", 0.0495),
    ]:
        assert ease["validation"][metric] > least
        for split in ("validation", "test"):
            assert ease[split][metric] > als[split][metric]
    assert summary["comparison"]["ease_vs_als"]["test"]["ndcg_at_100"]["ci95"][0] > 0


def test_the_lists_of_ease_are_those_of_dense_numpy(execution, summary, spark):
    params = summary["models"]["ease"]["params"]
    assert params["feedback"] == "soft"
    train = execution.find(dag.PARTITION).read(spark, "train", schemas.RATINGS).toPandas()
    lists = execution.find(dag.RECOMMEND).read(
        spark, "recommendations/ease/validation", schemas.RECOMMENDATIONS
    )
    n_ratings = (
        train["movie_id"].value_counts().sort_index().sort_values(ascending=False, kind="stable")
    )
    movies = np.sort(n_ratings.index[: params["movies"]])
    known = train[train["movie_id"].isin(movies)]
    users, rows = np.unique(known["user_id"], return_inverse=True)
    columns = np.searchsorted(movies, known["movie_id"])
    values = np.zeros((len(users), len(movies)))
    values[rows, columns] = np.clip((known["rating"].astype(float) - 2) / 3, 0.05, 1)
    inverse = np.linalg.inv(values.T @ values + params["reg_param"] * np.eye(len(movies)))
    scores = values @ (np.eye(len(movies)) - inverse / np.diag(inverse))
    scores[rows, columns] = -np.inf
    best = np.argsort(-scores, axis=1, kind="stable")[:, :100]
    found = lists.toPandas().sort_values(["user_id", "rank"])
    assert found["score"].to_numpy() == pytest.approx(
        np.take_along_axis(scores, best, axis=1).ravel(), abs=1e-5
    )
    # single precision may order scores that differ by less than that the other way round
    assert (found["movie_id"].to_numpy() == movies[best].ravel()).mean() > 0.999


def test_random_is_the_lower_and_the_oracle_the_upper_bound(summary):
    for split in ("validation", "test"):
        ndcg = {name: one[split]["ndcg_at_100"] for name, one in summary["models"].items()}
        assert ndcg["random"] < ndcg["als_explicit"] < ndcg["popularity"] < ndcg["als"]
        assert ndcg["als"] < ndcg["ease"]
        assert ndcg["als"] < ndcg["oracle"] < 1
        users = {one[split]["users"] for one in summary["models"].values()}
        assert users == {summary["users"][split]["evaluated"]}


def test_the_twins_are_those_of_brute_force_over_every_pair(
    execution, summary, small_archive, spark
):
    movies = reference.movies_of(reference.ratings_of(small_archive))
    assert len(movies) * (len(movies) - 1) // 2 == 185_745
    rows = execution.find(dag.TWINS).read(spark, "twins", schemas.TWINS).collect()
    assert sorted(tuple(row[1:6]) for row in rows) == sorted(reference.twins(movies, 100))
    assert summary["twins"]["lsh_recall"] == 1.0


def test_a_floor_that_leaves_one_pair_makes_a_short_list_and_a_warning(
    summary, execution, session, small_archive, tmp_path
):
    changes = {"twins__min_movies": 2478, "twins__curve__floors": [2478, 3000]}
    changes |= {"twins__thresholds": [0.1]}
    workspace = tmp_path / "workspace"
    shutil.copytree(ROOT / "workspace" / "ingest", workspace / "ingest")
    config = tiny_conf(workspace, small_archive, **changes)
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
