"""Random pairs: fair, and the same at any partitioning."""

import itertools
from collections import Counter

import pytest

from movierec.twins import random_pairs
from movierec.twins.random_pairs import collect_random_pairs, draw_pairs
from tests.support.movie_lists import rated


@pytest.mark.parametrize(("n_users", "n_pairs"), [(4, 5), (20, 189), (300, 1), (3000, 2000)])
def test_drawn_pairs_differ_and_start_with_the_smaller_id(n_users, n_pairs):
    users = [3 * n + 5 for n in range(n_users)]
    pairs = draw_pairs(users, n_pairs=n_pairs, seed=1)
    assert len(set(pairs)) == len(pairs) == n_pairs
    assert all(a < b for a, b in pairs)
    assert {user for pair in pairs for user in pair} <= set(users)


def test_every_pair_is_drawn_equally_often():
    users = [2, 3, 5, 7, 11, 13]
    counts = Counter(
        pair for seed in range(3000) for pair in draw_pairs(users, n_pairs=4, seed=seed)
    )
    assert set(counts) == set(itertools.combinations(users, 2))
    # Binomial(3000, 4/15): standard deviation 24.
    assert all(700 < count < 900 for count in counts.values())


@pytest.mark.parametrize("n_pairs", [6, 7, 100])
def test_all_pairs_are_returned_if_there_are_no_more(n_pairs):
    wanted = [(1, 4), (1, 6), (1, 9), (4, 6), (4, 9), (6, 9)]
    assert draw_pairs([1, 4, 6, 9], n_pairs=n_pairs, seed=1) == wanted


def test_random_pairs_have_users_above_each_floor_at_any_partitioning(
    spark, set_property, monkeypatch
):
    monkeypatch.setattr(random_pairs, "_USERS_PER_PAIR", 2)
    sizes = {user: 1 + user * 37 % 100 for user in range(1, 401)}
    ratings = rated(spark, {user: set(range(size)) for user, size in sizes.items()}).persist()

    def drawn(partitions, seed):
        set_property("spark.sql.shuffle.partitions", partitions)
        parts = ratings.repartition(partitions)
        return collect_random_pairs(parts, floors=[1, 61, 100], n_pairs=30, seed=seed)

    pairs = drawn(1, seed=1)
    assert drawn(3, seed=1) == pairs
    assert list(pairs) == [1, 61, 100]
    assert [len(set(own)) for own in pairs.values()] == [30, 30, 6]
    for floor, own in pairs.items():
        assert all(a < b for a, b in own)
        assert all(sizes[user] >= floor for pair in own for user in pair)
    assert any(sizes[user] < 61 for pair in pairs[1] for user in pair)
    # All four users with 100 movies, for any seed.
    assert pairs[100] == list(itertools.combinations([27, 127, 227, 327], 2))
    other = drawn(1, seed=2)
    assert other[100] == pairs[100]
    users = [{user for pair in found[1] for user in pair} for found in (pairs, other)]
    assert len(users[0] & users[1]) < 0.6 * len(users[0])
    assert not set(pairs[1]) & set(other[1])
