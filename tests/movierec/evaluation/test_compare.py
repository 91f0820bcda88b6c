"""The evaluation of one split, on lists small enough to check by hand."""

from dataclasses import replace

import pytest

from movierec.config.schema import EvaluationConfig
from movierec.data.schemas import conform
from movierec.errors import InputError
from movierec.evaluation.compare import (
    cache_relevant_movies,
    collect_evaluation,
    collect_model_metrics,
)
from movierec.evaluation.metrics import relevant_movies
from movierec.models import names as models

CONFIG = EvaluationConfig(
    k=2, relevant_rating=4.0, candidates="unseen", bootstrap=200, seed=1, strata=1
)
# Users 1 to 4 have training ratings; user 5 is cold. User 3 has no held-out rating, user 4 no
# relevant one.
TRAIN = [(1, 10), (1, 11), (2, 10), (3, 12), (4, 10)]
HELDOUT = [(1, 12, 5.0), (1, 99, 5.0), (2, 11, 4.0), (4, 11, 1.0), (5, 10, 4.0)]
LISTS = {
    models.POPULARITY: [(1, 12, 1), (2, 12, 1)],
    models.ALS: [(1, 12, 1), (2, 11, 1)],
    models.EASE: [(1, 12, 1), (2, 10, 1), (2, 11, 2)],
    models.ALS_EXPLICIT: [(1, 13, 1), (1, 12, 2)],
    models.RANDOM: [(4, 11, 1)],
    models.ORACLE: [(1, 12, 1), (2, 11, 1), (5, 10, 1)],
}


def evaluate(spark, metrics_of=None):
    pairs = "user_id int, movie_id int"
    train = spark.createDataFrame(TRAIN, pairs)
    heldout = spark.createDataFrame(HELDOUT, f"{pairs}, rating float")
    lists = {
        model: spark.createDataFrame(rows, f"{pairs}, rank int") for model, rows in LISTS.items()
    }
    relevant = relevant_movies(heldout, relevant_rating=4.0)
    metrics = {
        model: collect_model_metrics(own, relevant=relevant, k=2, write=unwritten)
        for model, own in lists.items()
    }
    for model, other in (metrics_of or {}).items():
        metrics[model] = replace(metrics[model], user_metrics=metrics[other].user_metrics)
    return collect_evaluation(
        metrics, train=train, heldout=heldout, relevant=relevant, config=CONFIG
    )


def unwritten(frame, dataset):
    return conform(frame, dataset.schema)


def test_a_split_without_a_relevant_rating_is_an_error(spark):
    heldout = spark.createDataFrame(HELDOUT, "user_id int, movie_id int, rating float")
    assert cache_relevant_movies(heldout, relevant_rating=5.0, split="test").count() == 2
    message = r"^evaluation.relevant_rating: no rating in test is at least 5.5, .*: lower it$"
    with pytest.raises(InputError, match=message):
        cache_relevant_movies(heldout, relevant_rating=5.5, split="test")


@pytest.fixture(scope="module")
def evaluation(spark):
    return evaluate(spark)


def test_headline_numbers_are_means_over_every_user_with_a_relevant_movie(evaluation):
    als = evaluation.models["als"]
    # User 1: one of two found, at rank 1; user 2: the only one found; user 5: cold, so 0.
    assert als["users"] == 3
    assert als["users_without_recommendations"] == 1
    assert als["precision_at_2"] == pytest.approx((1 / 2 + 1 / 2 + 0) / 3, abs=1e-9)
    assert als["recall_at_2"] == pytest.approx((1 / 2 + 1 + 0) / 3, abs=1e-9)
    assert als["map_at_2"] == pytest.approx((1 / 2 + 1 + 0) / 3, abs=1e-9)
    # of three candidates two are recommended
    assert als["coverage"] == pytest.approx(2 / 3, abs=1e-9)
    low, high = als["ci95"]["recall_at_2"]
    assert 0 <= low < als["recall_at_2"] < high <= 1


def test_users_left_out_are_counted_by_reason(evaluation):
    assert evaluation.users == {
        "all": 5,
        "evaluated": 3,
        "left_out_without_heldout_rating": 1,
        "left_out_without_relevant_movie": 1,
        "evaluated_but_cold": 1,
    }
    assert evaluation.movies == {
        "candidates": 3,
        "relevant_pairs": 4,
        "relevant_pairs_outside_candidates": 1,
    }


def test_als_is_compared_with_the_others(evaluation):
    versus = evaluation.comparison["als_vs_popularity"]["recall_at_2"]
    assert versus["difference"] == pytest.approx(1 / 3, abs=1e-8)
    versus = evaluation.comparison["ease_vs_als"]
    assert versus["recall_at_2"]["difference"] == 0
    assert versus["map_at_2"]["difference"] == pytest.approx(-1 / 6, abs=1e-8)
    assert set(evaluation.comparison) == {
        *("als_vs_popularity", "als_vs_als_explicit", "ease_vs_popularity", "ease_vs_als"),
    }


def test_metrics_that_differ_from_sparks_are_an_error(spark):
    with pytest.raises(AssertionError, match=r"als precision: .* by user, .* by RankingMetrics"):
        evaluate(spark, metrics_of={models.ALS: models.RANDOM})
