"""Groups of users and movies, and the metrics of each model in them.

Covers `movierec.data.counts`.
"""

import pytest

from movierec.data.counts import count_ratings_by
from movierec.evaluation.strata import collect_bounds, collect_movie_strata, collect_user_strata


def counts(spark, numbers):
    return spark.createDataFrame(list(enumerate(numbers)), "user_id int, n_ratings long")


@pytest.mark.parametrize(
    ("numbers", "groups", "by_ratings", "bounds"),
    [
        ([1, 2, 3, 4, 5, 6, 7, 8], 4, False, [2, 4, 6, 8]),
        ([1, 1, 1, 1, 1, 1, 7, 8], 4, False, [1, 8]),
        ([5, 5, 5], 4, False, [5]),
        ([1, 1, 1, 1, 4, 8], 2, True, [4, 8]),
        ([1, 2, 3], 1, False, [3]),
        # a count that lies mostly in a group belongs to it, though it reaches into the next
        ([1] * 24 + [2] * 24 + [3] * 24 + [4] * 28, 4, False, [1, 2, 3, 4]),
        ([1, 1] + [2] * 20, 4, False, [1, 2]),
    ],
)
def test_groups_hold_equal_shares_and_ties_stay_together(
    spark, numbers, groups, by_ratings, bounds
):
    found = collect_bounds(counts(spark, numbers), groups=groups, by_ratings=by_ratings)
    assert found == bounds


def test_user_strata_average_each_model_over_its_evaluated_users(spark):
    activity = counts(spark, [1, 2, 5, 6, 9, 9])
    columns = "user_id int, precision double, map double, ndcg double, recall double"
    metrics = spark.createDataFrame(
        [(0, 0.1, 0.2, 0.3, 0.4), (1, 0.3, 0.4, 0.5, 0.6), (3, 1.0, 1.0, 1.0, 1.0)], columns
    )
    found = collect_user_strata({"als": metrics, "oracle": metrics}, activity=activity, groups=3)
    assert [one.pop("oracle") for one in found] == [one["als"] for one in found]
    assert [one.pop("als") for one in found] == [
        {"precision": 0.2, "map": 0.3, "ndcg": 0.4, "recall": 0.5},
        {"precision": 1.0, "map": 1.0, "ndcg": 1.0, "recall": 1.0},
        {"precision": None, "map": None, "ndcg": None, "recall": None},
    ]
    assert found == [
        {"from_ratings": 1, "to_ratings": 2, "users": 2},
        {"from_ratings": 3, "to_ratings": 6, "users": 1},
        {"from_ratings": 7, "to_ratings": 9, "users": 0},
    ]


def test_movie_strata_have_the_share_of_relevant_movies_found_or_none(spark):
    # Movie 1 has six ratings, movies 2 to 4 have two each: half of the ratings are in each group.
    train = spark.createDataFrame(
        [(u, 1) for u in range(6)] + [(u, m) for u in range(2) for m in (2, 3, 4)],
        "user_id int, movie_id int",
    )
    relevant = spark.createDataFrame(
        [(7, 1), (8, 1), (7, 2), (8, 3), (7, 99)], "user_id int, movie_id int"
    )
    hits = spark.createDataFrame([(7, 1, 1), (7, 2, 2)], "user_id int, movie_id int, rank int")
    popularity = count_ratings_by(train, key="movie_id")
    found = collect_movie_strata({"als": hits}, relevant=relevant, popularity=popularity, groups=2)
    assert found == [
        {"from_ratings": 1, "to_ratings": 2, "movies": 3, "relevant": 2, "als": {"recall": 1 / 2}},
        {"from_ratings": 3, "to_ratings": 6, "movies": 1, "relevant": 2, "als": {"recall": 1 / 2}},
    ]
    none = relevant.where("false")
    found = collect_movie_strata({"als": hits}, relevant=none, popularity=popularity, groups=2)
    assert [(one["relevant"], one["als"]) for one in found] == 2 * [(0, {"recall": None})]
