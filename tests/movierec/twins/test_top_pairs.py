"""The twins against brute force: order, ties, identical sets, floors, thresholds."""

import itertools
import math

from movierec.twins.movie_sets import movie_sets
from movierec.twins.search import exact_blocks
from movierec.twins.top_pairs import TopPairs, collect_top_pairs
from tests.support import reference
from tests.support.movie_lists import overlapping_users, rated

DOWN = (0.6, 0.3, 0.05)


def tops_of(spark, users, *, n_pairs, floors=(1,), thresholds=(0.05,)):
    sets = movie_sets(rated(spark, users), min_movies=min(floors), keep_users=n_pairs + 1)
    sets = sets.persist()
    found, _ = collect_top_pairs(
        sets, blocks=exact_blocks(sets), floors=floors, n_pairs=n_pairs, thresholds=thresholds
    )
    sets.unpersist()
    return found


def above(users, floor):
    return {user: own for user, own in users.items() if len(own) >= floor}


def test_every_floor_has_its_own_twins(spark):
    users = overlapping_users(90, seed=2)
    tops = tops_of(spark, users, n_pairs=25, floors=(5, 15, 30), thresholds=DOWN)
    for floor, top in tops.items():
        expected = reference.twins(above(users, floor), 25)
        assert [tuple(pair) for pair in top.pairs] == expected
        assert len(expected) == 25
    # a higher floor leaves fewer pairs, so the search goes to a lower threshold
    thresholds = [top.threshold for top in tops.values()]
    assert thresholds == sorted(thresholds, reverse=True)


def test_users_with_equal_sets_are_pairs(spark):
    users = {n: {1, 2, 3, 4} for n in (30, 10, 20, 40)}
    users |= {n: {1, 2, 3, 4, 5} for n in (5, 25)}
    users |= {50: {7, 8, 9}}
    top = tops_of(spark, users, n_pairs=12)[1]
    assert [tuple(pair) for pair in top.pairs] == reference.twins(users, 12)
    # of equal similarities, the larger overlap comes first
    assert tuple(top.pairs[0]) == (5, 25, 1.0, 5, 5)
    pairs = itertools.combinations((10, 20, 30, 40), 2)
    assert [pair[:2] for pair in top.pairs[1:7]] == list(pairs)
    assert top.n_above_threshold == 1 + 6 + 2 * 4


def test_many_users_with_one_set_are_cut_by_user_ids_and_counted(spark):
    users = {100 - n: {1, 2, 3} for n in range(60)} | {200: {1, 2, 3, 4}, 7: {8, 9}}
    top = tops_of(spark, users, n_pairs=3)[1]
    assert [tuple(pair) for pair in top.pairs] == reference.twins(users, 3)
    assert top.tied_at_cut == math.comb(60, 2)
    assert top.tied_and_listed == 3


def test_ties_at_the_cut_are_counted_and_broken_by_overlap_then_ids(spark):
    # three pairs have a similarity of 1/2, and one of them has the larger overlap
    users = {1: {1, 2}, 2: {2}, 3: {11, 12}, 4: {12}, 5: {21, 22, 23, 24}, 6: {23, 24}}
    top = tops_of(spark, users, n_pairs=2)[1]
    assert [pair[:2] for pair in top.pairs] == [(5, 6), (1, 2)]
    assert (top.tied_at_cut, top.tied_and_listed) == (3, 2)


def test_the_search_stops_at_the_highest_sufficient_threshold(spark):
    users = {1: {1, 2, 3, 4}, 2: {1, 2, 3, 4, 5}, 3: {1, 2, 9, 10}}
    assert tops_of(spark, users, n_pairs=1, thresholds=DOWN)[1].threshold == 0.6
    assert tops_of(spark, users, n_pairs=2, thresholds=DOWN)[1].threshold == 0.3


def test_pairs_below_the_last_threshold_are_not_twins(spark):
    users = {1: {1, 2}, 2: {3, 4}, 3: {1, 5, 6}}
    found = tops_of(spark, users, n_pairs=3, floors=(1, 3), thresholds=(0.5,))
    assert found == dict.fromkeys((1, 3), TopPairs((), 0.5, 0, 0, 0))
