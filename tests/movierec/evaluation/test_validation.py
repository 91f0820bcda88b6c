"""The metrics of factors equal those of their lists."""

import pytest

from movierec.evaluation.validation import evaluate_factors
from movierec.ranking.recommend import movie_lists


def test_metrics_are_means_over_all_users_with_a_relevant_movie(spark):
    factors, pairs = "factors array<float>", "user_id int, movie_id int"
    users = spark.createDataFrame([(1, [1.0]), (2, [1.0]), (4, [1.0])], f"user_id int, {factors}")
    movies = [(10, [4.0]), (11, [3.0]), (12, [2.0]), (13, [1.0])]
    found = evaluate_factors(
        users,
        movie_factors=spark.createDataFrame(movies, f"movie_id int, {factors}"),
        seen=movie_lists(spark.createDataFrame([(1, 10), (2, 11)], pairs)),
        relevant=movie_lists(spark.createDataFrame([(1, 12), (2, 10), (2, 13), (3, 10)], pairs)),
        k=2,
    )
    # User 1 gets 11, 12; user 2 gets 10, 12; user 3 has no factors; user 4 no relevant movie.
    assert found["precision"] == pytest.approx((1 / 2 + 1 / 2 + 0) / 3, abs=1e-9)
    assert found["recall"] == pytest.approx((1 + 1 / 2 + 0) / 3, abs=1e-9)
    assert found["map"] == pytest.approx((1 / 2 + 1 / 2 + 0) / 3, abs=1e-9)
