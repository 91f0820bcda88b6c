"""The evaluation of one split, on lists small enough to check by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from movierec.config.schema import EvaluationConfig
from movierec.data.schemas import conform
from movierec.errors import InputError
from movierec.evaluation.compare import collect_evaluation, collect_judged, keep_relevant
from movierec.evaluation.metrics import relevant_movies
from movierec.models import names as models

CONFIG = EvaluationConfig(
    k=2, relevant_rating=4.0, candidates="unseen", bootstrap=200, seed=1, strata=1
)
# Known: users 1 to 4; user 5 is cold. User 3 has no held-out rating, user 4 no relevant one.
KNOWN = [(1, 10), (1, 11), (2, 10), (3, 12), (4, 10)]
HELDOUT = [(1, 12, 5.0), (1, 99, 5.0), (2, 11, 4.0), (4, 11, 1.0), (5, 10, 4.0)]
LISTS = {
    models.POPULARITY: [(1, 12, 1), (2, 12, 1)],
    models.ALS: [(1, 12, 1), (2, 11, 1)],
    models.ALS_EXPLICIT: [(1, 13, 1), (1, 12, 2)],
    models.RANDOM: [(4, 11, 1)],
    models.ORACLE: [(1, 12, 1), (2, 11, 1), (5, 10, 1)],
}


def evaluate(spark, metrics_of=None):
    pairs = "user_id int, movie_id int"
    known = spark.createDataFrame(KNOWN, pairs)
    heldout = spark.createDataFrame(HELDOUT, f"{pairs}, rating float")
    lists = {
        model: spark.createDataFrame(rows, f"{pairs}, rank int") for model, rows in LISTS.items()
    }
    relevant = relevant_movies(heldout, relevant_rating=4.0)
    judged = {
        model: collect_judged(one, relevant=relevant, k=2, write=unwritten)
        for model, one in lists.items()
    }
    for model, other in (metrics_of or {}).items():
        judged[model] = replace(judged[model], user_metrics=judged[other].user_metrics)
    return collect_evaluation(
        judged, known=known, heldout=heldout, relevant=relevant, config=CONFIG
    )


def unwritten(frame, name, schema):
    return conform(frame, schema)


def test_a_split_without_a_relevant_rating_is_an_error_that_says_so(spark):
    heldout = spark.createDataFrame(HELDOUT, "user_id int, movie_id int, rating float")
    assert keep_relevant(heldout, relevant_rating=5.0, split="test").count() == 2
    message = r"^evaluation.relevant_rating: no rating in test is at least 5.5, .*: lower it$"
    with pytest.raises(InputError, match=message):
        keep_relevant(heldout, relevant_rating=5.5, split="test")


@pytest.fixture(scope="module")
def evaluation(spark):
    return evaluate(spark)


def test_headline_numbers_are_means_over_every_user_with_a_relevant_movie(evaluation):
    als = evaluation.models["als"]
    # User 1: one of two found at the top; user 2: found; user 5: cold, hence 0.
    assert als["users"] == 3
    assert als["users_without_recommendations"] == 1
    assert als["precision_at_2"] == pytest.approx((1 / 2 + 1 / 2 + 0) / 3, abs=1e-9)
    assert als["recall_at_2"] == pytest.approx((1 / 2 + 1 + 0) / 3, abs=1e-9)
    assert als["map_at_2"] == pytest.approx((1 / 2 + 1 + 0) / 3, abs=1e-9)
    low, high = als["ci95"]["recall_at_2"]
    assert 0 <= low < als["recall_at_2"] < high <= 1


def test_who_is_left_out_and_why_is_counted(evaluation):
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


def test_coverage_is_the_share_of_the_candidates_that_are_recommended(evaluation):
    assert evaluation.models["als"]["coverage"] == pytest.approx(2 / 3, abs=1e-9)


def test_differences_are_of_als_against_the_others(evaluation):
    versus = evaluation.comparison["als_vs_popularity"]["recall_at_2"]
    assert versus["difference"] == pytest.approx(1 / 3, abs=1e-8)
    assert set(evaluation.comparison) == {"als_vs_popularity", "als_vs_als_explicit"}


def test_metrics_that_disagree_with_sparks_own_are_not_published(spark):
    with pytest.raises(AssertionError, match=r"als precision: .* by user, .* by RankingMetrics"):
        evaluate(spark, metrics_of={models.ALS: models.RANDOM})
