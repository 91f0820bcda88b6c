"""Counts by stars, month, user and movie, compared with counts by hand."""

from datetime import datetime, timezone

import pytest

from movierec.reporting.distributions import (
    _bounds,
    collect_count_distribution,
    collect_month_counts,
    collect_star_counts,
)

SCHEMA = "user_id int, movie_id int, rating float, rated_at timestamp"


def rating(user, movie, stars=4.0, at=(2000, 1, 31)):
    return user, movie, stars, datetime(*at, 23, 59, tzinfo=timezone.utc)


def test_ratings_are_counted_by_stars_in_order(spark):
    rows = [rating(1, 1, 4.0), rating(1, 2, 0.5), rating(2, 1, 4.0)]
    assert collect_star_counts(spark.createDataFrame(rows, SCHEMA)) == [
        {"stars": 0.5, "ratings": 1},
        {"stars": 4.0, "ratings": 2},
    ]


def test_ratings_are_counted_by_month_in_utc_for_every_split(spark):
    train = spark.createDataFrame([rating(1, 1), rating(1, 2, at=(2000, 2, 1))], SCHEMA)
    test = spark.createDataFrame([rating(1, 3)], SCHEMA)
    assert collect_month_counts({"train": train, "test": test}) == [
        {"month": "2000-01", "train": 1, "test": 1},
        {"month": "2000-02", "train": 1, "test": 0},
    ]


def test_every_user_is_in_one_bin_of_the_histogram(spark):
    sizes = [1, 1, 2, 3, 4, 5, 6, 8, 15, 16, 1024]
    rows = [rating(user, movie) for user, n in enumerate(sizes) for movie in range(n)]
    found = collect_count_distribution(spark.createDataFrame(rows, SCHEMA), key="user_id")
    assert found["quantiles"] == {"min": 1, "q1": 2.5, "median": 5, "q3": 11.5, "max": 1024}
    for one in found["histogram"]:
        assert one["count"] == sum(one["from"] <= size <= one["to"] for size in sizes)
    assert sum(one["count"] for one in found["histogram"]) == len(sizes)
    assert {"from": 1024, "to": 1448, "count": 1} in found["histogram"]


@pytest.mark.parametrize("power", range(31))
def test_every_power_of_two_begins_a_bin(spark, power):
    assert _bounds(2 * power)["from"] == 2**power
    assert _bounds(2 * power - 1)["to"] == 2**power - 1
