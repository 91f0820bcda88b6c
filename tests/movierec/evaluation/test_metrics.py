"""Metrics against the plain-Python oracle, and against Spark's own.

Covers `movierec.data.rounding`.
"""

import random

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from movierec.evaluation.metrics import (
    collect_means,
    collect_ranking_metrics,
    ranked_hits,
    ranking_input,
    relevant_movies,
    user_metrics,
)
from tests.support import reference

NAMES = ["precision", "map", "ndcg", "recall"]


def frames(spark, lists, truths):
    ranked = [(user, *one) for user, movies in lists.items() for one in enumerate(movies, 1)]
    liked = [(user, movie) for user, movies in truths.items() for movie in movies]
    recommendations = spark.createDataFrame(ranked, "user_id int, rank int, movie_id int")
    relevant = spark.createDataFrame(liked, "user_id int, movie_id int")
    return recommendations.repartition(3), relevant.repartition(2)


def by_user(spark, lists, truths, k):
    recommendations, relevant = frames(spark, lists, truths)
    rows = user_metrics(recommendations, relevant=relevant, k=k).collect()
    return {row.user_id: row for row in rows}


def test_a_perfect_list_scores_one_and_users_without_a_list_or_a_hit_score_zero(spark):
    """User 4 has no relevant movie, and so no row."""
    rows = by_user(spark, {1: [5, 6], 3: [7, 8], 4: [5]}, {1: {5, 6, 7}, 2: {5}, 3: {9}}, k=2)
    assert {user: [row[name] for name in NAMES] for user, row in rows.items()} == {
        1: [1, 1, 1, 2 / 3],
        2: [0, 0, 0, 0],
        3: [0, 0, 0, 0],
    }


def random_lists(seed, users=60):
    rng = random.Random(seed)
    lists, truths = {}, {}
    for user in range(1, users + 1):
        if rng.random() < 0.9:
            lists[user] = rng.sample(range(1, 40), rng.randint(1, 20))
        truths[user] = set(rng.sample(range(1, 40), rng.randint(1, 15)))
    return lists, truths


@example(seed=1, k=10)
@settings(max_examples=2, deadline=None)
@given(seed=st.integers(0, 2**16), k=st.sampled_from([1, 5, 10, 30]))
def test_user_metrics_equal_the_oracle_and_their_means_equal_sparks(spark, seed, k):
    lists, truths = random_lists(seed)
    recommendations, relevant = frames(spark, lists, truths)
    metrics = user_metrics(recommendations, relevant=relevant, k=k).persist()
    for row in metrics.collect():
        expected = reference.metrics(lists.get(row.user_id, []), truths[row.user_id], k)
        for name in NAMES:
            assert getattr(row, name) == pytest.approx(expected[name], abs=1e-12), name
        assert row.n_relevant == len(truths[row.user_id])
        assert row.n_hits == round(k * expected["precision"])
    ours = collect_means(metrics)
    spark_input = ranking_input(recommendations, relevant=relevant)
    assert ours == pytest.approx(collect_ranking_metrics(spark_input, k=k), abs=1e-9)
    hits = ranked_hits(spark_input)
    assert {(row.user_id, row.movie_id, row.rank) for row in hits.collect()} == {
        (user, movie, rank)
        for user, movies in lists.items()
        for rank, movie in enumerate(movies, start=1)
        if movie in truths.get(user, ())
    }
    from_hits = user_metrics(hits, relevant=relevant, k=k)
    assert sorted(from_hits.collect()) == sorted(metrics.collect())
    metrics.unpersist()


def test_relevant_ratings_are_at_least_the_threshold(spark):
    heldout = spark.createDataFrame(
        [(1, 1, 4.0), (1, 2, 3.5), (1, 3, 5.0)], "user_id int, movie_id int, rating float"
    )
    rows = relevant_movies(heldout, relevant_rating=4.0).collect()
    assert {(row.user_id, row.movie_id) for row in rows} == {(1, 1), (1, 3)}


def test_the_mean_of_no_users_is_zero(spark):
    recommendations, relevant = frames(spark, {1: [5]}, {1: {5}})
    none = user_metrics(recommendations, relevant=relevant.where("false"), k=2)
    assert collect_means(none) == {"precision": 0.0, "map": 0.0, "ndcg": 0.0, "recall": 0.0}
