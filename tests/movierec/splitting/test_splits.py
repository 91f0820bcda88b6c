"""Splits: complete, disjoint, of the right sizes, in order, and the same at any partitioning."""

import random
from collections import defaultdict
from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from movierec.config.schema import PartitionConfig
from movierec.splitting.splits import collect_time_cutoffs, keep_active_users, split_ratings
from tests.support.reference import split_sizes

CONFIG = PartitionConfig(strategy="per_user_chronological", train=0.6, validation=0.2, test=0.2)
STRATEGIES = ["per_user_chronological", "per_user_random", "global_time"]
NAMES = ["train", "validation", "test"]


def frame(spark, rows):
    """Rows are (user, movie, second)."""
    text = ", ".join(f"({u}, {m}, 4.0f, timestamp_seconds({s}))" for u, m, s in rows)
    return spark.sql(f"SELECT * FROM VALUES {text} AS t(user_id, movie_id, rating, rated_at)")


def assigned(ratings, config):
    rows = ratings.transform(split_ratings, config=config).collect()
    return {(row.user_id, row.movie_id): row.split for row in rows}


def drawn_rows(seed, users=60):
    rng = random.Random(seed)
    return [
        (user, movie, 1_000_000_000 + rng.randrange(40) * 3_600)
        for user in range(1, users + 1)
        for movie in rng.sample(range(1, 100), rng.randint(1, 30))
    ]


@settings(max_examples=4, deadline=None)
@given(seed=st.integers(0, 2**16), config=st.sampled_from([(0.6, 0.2), (0.5, 0.25), (0.7, 0.1)]))
def test_each_user_is_split_in_order_with_rounded_proportions(spark, seed, config):
    train, validation = config
    rows = drawn_rows(seed)
    made = assigned(
        frame(spark, rows),
        replace(CONFIG, train=train, validation=validation, test=1 - train - validation),
    )
    assert len(made) == len(rows)
    by_user = defaultdict(list)
    for user, movie, second in rows:
        by_user[user].append((second, movie))
    for user, ratings in by_user.items():
        in_order = [made[user, movie] for _, movie in sorted(ratings)]
        sizes = split_sizes(len(ratings), str(train), str(validation))
        assert in_order == [name for name, n in zip(NAMES, sizes, strict=True) for _ in range(n)]


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_split_does_not_depend_on_partitions_or_the_order_of_rows(spark, strategy):
    rows = drawn_rows(3)
    config = replace(CONFIG, strategy=strategy)
    ratings = frame(spark, rows)
    first = assigned(ratings, config)
    shuffled = frame(spark, random.Random(1).sample(rows, len(rows))).repartition(7, "movie_id")
    assert assigned(shuffled, config) == first
    assert set(first.values()) == set(NAMES)


def test_ties_in_time_are_broken_by_movie_id(spark):
    made = assigned(frame(spark, [(1, m, 1_000_000_000) for m in (5, 3, 1, 4, 2)]), CONFIG)
    assert [made[1, m] for m in (1, 2, 3, 4, 5)] == ["train"] * 3 + ["validation", "test"]


@pytest.mark.parametrize("train", [0.6, 0.3])
def test_the_only_rating_of_a_user_is_in_train(spark, train):
    config = replace(CONFIG, train=train, test=0.8 - train)
    assert assigned(frame(spark, [(1, 1, 1_000_000_000)]), config) == {(1, 1): "train"}


def test_global_time_cuts_at_the_exact_second_and_never_within_one(spark):
    seconds = [10, 20, 30, 30, 30, 40, 50, 60, 70, 200_000]
    rows = [(user, user, second) for user, second in enumerate(seconds, start=1)]
    made = assigned(frame(spark, rows), replace(CONFIG, strategy="global_time"))
    assert [made[user, user] for user, _, _ in rows] == (
        ["train"] * 6 + ["validation"] * 2 + ["test"] * 2
    )
    shares = (Fraction(1, 100), Fraction(3, 10), Fraction(9, 10), Fraction(1))
    cutoffs = collect_time_cutoffs(frame(spark, rows), shares=shares)
    assert cutoffs == [10, 30, 70, 200_000]


def test_all_cutoffs_take_two_passes_over_the_ratings(spark):
    ratings = frame(spark, drawn_rows(5, users=4))
    seen = spark.sparkContext.accumulator(0)

    def counted(batches):
        seen.add(1)
        yield from batches

    once = ratings.coalesce(1).mapInArrow(counted, ratings.schema)
    collect_time_cutoffs(once, shares=(Fraction(1, 4), Fraction(1, 2), Fraction(3, 4)))
    assert seen.value == 2


def test_users_with_too_few_ratings_lose_all_of_them(spark):
    ratings = frame(spark, [(1, 1, 10), (1, 2, 20), (2, 1, 30)])
    kept = ratings.transform(keep_active_users, min_ratings=2)
    assert kept.columns == ["user_id", "movie_id", "rating", "rated_at"]
    assert {(row.user_id, row.movie_id) for row in kept.collect()} == {(1, 1), (1, 2)}
