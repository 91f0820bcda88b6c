"""How popular recommended movies are, compared with counts by hand."""

import pytest

from movierec.reporting.popularity_bias import collect_popularity_bias

TRAIN = (
    [(user, 1) for user in range(8)]
    + [(user, 2) for user in range(4)]
    + [(0, 3), (1, 4), (2, 5), (3, 6)]
)


@pytest.fixture
def train(spark):
    return spark.createDataFrame(TRAIN, "user_id int, movie_id int")


def lists(spark, *movies):
    rows = list(enumerate(movies))
    return spark.createDataFrame(rows, "user_id int, movie_id int")


def test_shares_and_means_equal_those_by_hand(spark, train):
    found = collect_popularity_bias(
        {"crowd": lists(spark, 1, 1, 2, 1), "tail": lists(spark, 3, 4, 5, 1)}, train=train, groups=2
    )
    # 8 of the 16 ratings are those of movie 1
    assert found == {
        "crowd": {"shares": [0.25, 0.75], "mean_ratings": 7.0},
        "tail": {"shares": [0.75, 0.25], "mean_ratings": 2.75},
    }


def test_a_movie_without_ratings_is_in_the_least_popular_group(spark, train):
    found = collect_popularity_bias({"new": lists(spark, 99, 1)}, train=train, groups=2)
    assert found["new"] == {"shares": [0.5, 0.5], "mean_ratings": 4.0}
