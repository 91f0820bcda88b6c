"""The trials of the popularity baseline."""

import pytest

from movierec.models.popularity import Variant
from movierec.pipeline import dag
from movierec.pipeline.run_stage import run_stage
from movierec.ranking.recommend import movie_lists
from movierec.stages import popularity
from movierec.stages.popularity import collect_variant_metrics
from tests.support.confs import tiny_conf


@pytest.mark.parametrize(("users", "found"), [([2, 3, 4], 2), ([2, 4], 1)])
def test_the_users_who_get_a_list_count_cold_or_not(spark, users, found):
    train = spark.createDataFrame(
        [(1, 10, 5.0), (1, 11, 4.0), (2, 10, 4.0)], "user_id int, movie_id int, rating float"
    )
    relevant = spark.createDataFrame([(2, 11), (3, 10), (4, 99)], "user_id int, movie_id int")
    metrics = collect_variant_metrics(
        train,
        variant=Variant(kind="count"),
        users=spark.createDataFrame([(one,) for one in users], "user_id int"),
        seen=movie_lists(train),
        relevant=movie_lists(relevant),
        config=tiny_conf("w", "a", evaluation__k=1),
    )
    # user 2 has seen the most popular movie, user 3 nothing; user 4's movie is not in train
    assert metrics["recall"] == pytest.approx(found / 3, abs=1e-9)


@pytest.mark.parametrize(("metric", "winner"), [("ndcg", "count"), ("map", "liked")])
def test_the_winner_is_the_best_by_the_configured_metric(
    session, finished_run, tmp_path, monkeypatch, metric, winner
):
    def metrics(train, *, variant, **_):
        ndcg = 0.1 if variant.kind == "liked" else 0.2
        return {"precision": 0.0, "map": 1.0 - ndcg, "ndcg": ndcg, "recall": 0.0}

    monkeypatch.setattr(popularity, "collect_variant_metrics", metrics)
    execution = finished_run.copied(tmp_path, session, f"tuning.metric={metric}")
    outcome = run_stage(execution, dag.POPULARITY, popularity.run, force=True)
    assert outcome.result.manifest.facts["winner"]["kind"] == winner
