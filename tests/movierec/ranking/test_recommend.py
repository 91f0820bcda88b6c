"""Recommendation lists for frames of users."""

import functools

from movierec.ranking.catalogue import collect_catalogue
from movierec.ranking.recommend import movie_lists, recommend
from movierec.ranking.topk import candidates_top_k, unseen_top_k

FACTORS = "array<float>"


def lists_of(spark, users, movies, pairs, kernel, keep_only=None):
    user_factors = spark.createDataFrame(users, f"user_id int, factors {FACTORS}")
    movie_factors = spark.createDataFrame(movies, f"movie_id int, factors {FACTORS}")
    own = movie_lists(spark.createDataFrame(pairs, "user_id int, movie_id int"))
    catalogue = spark.sparkContext.broadcast(collect_catalogue(movie_factors, user_factors))
    if keep_only is not None:
        keep_only = movie_lists(spark.createDataFrame(keep_only, "user_id int, movie_id int"))
    lists = recommend(
        user_factors, catalogue=catalogue, movies=own, kernel=kernel, keep_only=keep_only
    )
    return sorted((r.user_id, r.rank, r.movie_id, r.score) for r in lists.collect())


USERS = [(1, [1.0, 0.0]), (2, [0.0, 1.0]), (3, [0.0, 0.0])]
MOVIES = [(10, [1.0, 5.0]), (20, [2.0, 4.0]), (30, [3.0, 3.0])]


def test_seen_movies_are_left_out_and_unknown_ones_ignored(spark):
    kernel = functools.partial(unseen_top_k, k=2)
    assert lists_of(spark, USERS, MOVIES, [(1, 30), (1, 99), (9, 10)], kernel) == [
        (1, 1, 20, 2.0),
        (1, 2, 10, 1.0),
        (2, 1, 10, 5.0),
        (2, 2, 20, 4.0),
        (3, 1, 10, 0.0),
        (3, 2, 20, 0.0),
    ]


def test_only_candidates_are_ranked(spark):
    kernel = functools.partial(candidates_top_k, k=2)
    pairs = [(1, 10), (1, 20), (1, 30), (2, 30), (2, 99)]
    assert lists_of(spark, USERS, MOVIES, pairs, kernel) == [
        (1, 1, 30, 3.0),
        (1, 2, 20, 2.0),
        (2, 1, 30, 3.0),
    ]


def test_kept_movies_have_their_ranks_in_the_whole_list(spark):
    kernel = functools.partial(unseen_top_k, k=2)
    whole = lists_of(spark, USERS, MOVIES, [(1, 30)], kernel)
    kept = [(1, 10), (1, 30), (2, 20), (2, 99), (4, 10)]
    assert lists_of(spark, USERS, MOVIES, [(1, 30)], kernel, kept) == [
        row for row in whole if (row[0], row[2]) in kept
    ]
