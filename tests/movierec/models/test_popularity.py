"""Popularity scores."""

import pytest

from movierec.models.popularity import Variant, movie_scores

# Movie 1: two high ratings; movie 2: one perfect; movie 3: four middling. Mean of all: 26 / 7.
RATINGS = [(1, 4.0), (1, 5.0), (2, 5.0), (3, 3.0), (3, 3.0), (3, 3.0), (3, 3.0)]


def scores(spark, kind, damping=None, min_ratings=1):
    ratings = spark.createDataFrame(RATINGS, "movie_id int, rating float")
    variant = Variant(kind=kind, damping=damping)
    made = movie_scores(ratings, variant=variant, relevant_rating=4.0, min_ratings=min_ratings)
    return {row.movie_id: row.score for row in made.collect()}


def test_counts_are_of_all_ratings_or_of_relevant_ones_and_keep_every_movie(spark):
    assert scores(spark, "count") == {1: 2.0, 2: 1.0, 3: 4.0}
    assert scores(spark, "liked") == {1: 2.0, 2: 1.0, 3: 0.0}


def test_damped_mean_pulls_few_ratings_to_the_global_mean_and_scores_fewer_than_the_floor_0(spark):
    mean = 26 / 7
    assert scores(spark, "damped_mean", damping=2.0) == pytest.approx(
        {1: (9 + 2 * mean) / 4, 2: (5 + 2 * mean) / 3, 3: (12 + 2 * mean) / 6}
    )
    found = scores(spark, "damped_mean", damping=0.0, min_ratings=2)
    assert found == {1: 4.5, 2: 0.0, 3: 3.0}


def test_recent_likes_count_more(spark):
    """Half of a like's weight is gone every ten days; movie 3 has none, movie 4 one of long ago."""
    ratings = spark.createDataFrame(
        [(1, 5.0, 0), (1, 4.0, 20), (2, 4.0, 5), (2, 2.0, 0), (3, 1.0, 0), (4, 5.0, 9_000)],
        "movie_id int, rating float, days int",
    ).selectExpr("movie_id", "rating", "timestamp_seconds(1600000000 - 86400 * days) AS rated_at")
    variant = Variant(kind="recent", half_life=10.0)
    made = movie_scores(ratings, variant=variant, relevant_rating=4.0, min_ratings=1)
    found = {row.movie_id: row.score for row in made.collect()}
    assert found == pytest.approx({1: 1.25, 2: 0.5**0.5, 3: 0.0, 4: 0.0}, abs=1e-10)
