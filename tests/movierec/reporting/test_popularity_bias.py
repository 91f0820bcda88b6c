"""Where lists stand in popularity."""

from __future__ import annotations

import pytest

from movierec.reporting.popularity_bias import collect_list_bias

KNOWN = (
    [(user, 1) for user in range(8)]
    + [(user, 2) for user in range(4)]
    + [(0, 3), (1, 4), (2, 5), (3, 6)]
)


@pytest.fixture
def known(spark):
    return spark.createDataFrame(KNOWN, "user_id int, movie_id int")


def lists(spark, *movies):
    rows = list(enumerate(movies))
    return spark.createDataFrame(rows, "user_id int, movie_id int")


def test_shares_and_means_are_those_by_hand(spark, known):
    found = collect_list_bias(
        {"crowd": lists(spark, 1, 1, 2, 1), "tail": lists(spark, 3, 4, 5, 1)}, known=known, groups=2
    )
    # of 16 ratings half are those of movie 1
    assert found == {
        "crowd": {"shares": [0.25, 0.75], "mean_ratings": 7.0},
        "tail": {"shares": [0.75, 0.25], "mean_ratings": 2.75},
    }


def test_a_movie_that_nobody_rated_is_the_least_popular(spark, known):
    found = collect_list_bias({"new": lists(spark, 99, 1)}, known=known, groups=2)
    assert found["new"] == {"shares": [0.5, 0.5], "mean_ratings": 4.0}


def test_lists_without_a_row(spark, known):
    found = collect_list_bias({"none": lists(spark).limit(0)}, known=known, groups=2)
    assert found["none"] == {"shares": [0.0, 0.0], "mean_ratings": 0.0}
