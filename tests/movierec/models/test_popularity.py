"""Popularity scores."""

from __future__ import annotations

import pytest

from movierec.config.schema import PopularityConfig
from movierec.models.popularity import Variant, item_factors, movie_scores, user_factors
from movierec.ranking.recommend import movie_lists
from movierec.tuning.popularity import collect_variant_metrics, variants
from tests.support.confs import tiny_conf

# Movie 1: two high ratings; movie 2: one perfect; movie 3: four middling. Mean of all: 26 / 7.
RATINGS = [(1, 4.0), (1, 5.0), (2, 5.0), (3, 3.0), (3, 3.0), (3, 3.0), (3, 3.0)]


def scores(spark, kind, damping=None, min_ratings=1):
    ratings = spark.createDataFrame(RATINGS, "movie_id int, rating float")
    variant = Variant(kind=kind, damping=damping)
    made = movie_scores(ratings, variant=variant, relevant_rating=4.0, min_ratings=min_ratings)
    return {row.movie_id: row.score for row in made.collect()}


def test_count_counts_ratings(spark):
    assert scores(spark, "count") == {1: 2.0, 2: 1.0, 3: 4.0}


def test_liked_counts_relevant_ratings_and_keeps_movies_without_any(spark):
    assert scores(spark, "liked") == {1: 2.0, 2: 1.0, 3: 0.0}


def test_damped_mean_pulls_few_ratings_to_the_global_mean(spark):
    mean = 26 / 7
    assert scores(spark, "damped_mean", damping=2.0) == pytest.approx(
        {1: (9 + 2 * mean) / 4, 2: (5 + 2 * mean) / 3, 3: (12 + 2 * mean) / 6}
    )


def test_damped_mean_scores_movies_below_the_floor_zero(spark):
    found = scores(spark, "damped_mean", damping=0.0, min_ratings=2)
    assert found == {1: 4.5, 2: 0.0, 3: 3.0}


def test_variants_are_named_and_in_order():
    found = list(variants(PopularityConfig(dampings=(5.0, 20.0), min_ratings=1)))
    names = ["count", "liked", "damped_mean damping=5", "damped_mean damping=20"]
    assert [str(variant) for variant in found] == names


def test_popularity_as_factors(spark):
    movies = spark.createDataFrame([(7, 3.5)], "movie_id int, score double")
    users = spark.createDataFrame([(1,)], "user_id int")
    assert item_factors(movies).collect() == [(7, [3.5])]
    assert user_factors(users).collect() == [(1, [1.0])]


def test_a_variant_is_judged_by_cold_users_too(spark):
    train = spark.createDataFrame(
        [(1, 10, 5.0), (1, 11, 4.0), (2, 10, 4.0)], "user_id int, movie_id int, rating float"
    )
    relevant = spark.createDataFrame([(2, 11), (3, 10), (4, 99)], "user_id int, movie_id int")
    found = collect_variant_metrics(
        train,
        variant=Variant(kind="count", damping=None),
        seen=movie_lists(train),
        relevant=movie_lists(relevant),
        config=tiny_conf("w", "a", evaluation__k=1),
    )
    # user 2 has seen the most popular movie, user 3 nothing, and user 4 likes what nobody knows
    assert found["recall"] == pytest.approx(2 / 3, abs=1e-9)
