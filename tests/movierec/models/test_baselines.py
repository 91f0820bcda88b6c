"""The lists of the baselines: random and oracle."""

from collections import Counter

import numpy as np

from movierec.models.baselines import oracle_lists, random_unseen
from movierec.ranking.catalogue import Catalogue
from movierec.ranking.topk import Block


def block(user_ids, pairs):
    rows = np.array([row for row, _ in pairs], np.int64)
    positions = np.array([position for _, position in pairs], np.int64)
    ids = np.array(user_ids, np.int32)
    return Block(ids, np.ones((len(ids), 1)), rows, positions)


def catalogue(n):
    return Catalogue.of(np.arange(100, 100 + n), np.ones((n, 1)))


def lists_by_row(lists, n):
    return [lists.movie_ids[lists.rows == row].tolist() for row in range(n)]


def test_random_lists_hold_distinct_unseen_movies_and_never_too_few():
    movies = catalogue(10)
    seen = [(0, 0), (0, 1), (1, 5), *((2, position) for position in range(10))]
    lists = random_unseen(block([7, 8, 9], seen), movies, k=9, seed=1)
    first, second, third = lists_by_row(lists, 3)
    assert sorted(first) == list(range(102, 110))
    assert len(set(second)) == len(second) == 9
    assert 105 not in second
    assert third == []
    assert lists.ranks.tolist() == [*range(1, 9), *range(1, 10)]


def test_every_unseen_movie_comes_first_equally_often():
    users = np.arange(6000)
    lists = random_unseen(
        block(users, [(row, 3) for row in range(6000)]), catalogue(7), k=1, seed=2
    )
    counts = Counter(lists.movie_ids.tolist())
    assert set(counts) == {100, 101, 102, 104, 105, 106}
    # Binomial(6000, 1/6): standard deviation 29.
    assert all(850 < count < 1150 for count in counts.values())


def test_a_random_list_depends_on_seed_and_user_only():
    movies = catalogue(50)
    both = random_unseen(block([1, 2], [(1, 4)]), movies, k=5, seed=3)
    alone = random_unseen(block([2], [(0, 4)]), movies, k=5, seed=3)
    other = random_unseen(block([2], [(0, 4)]), movies, k=5, seed=4)
    assert lists_by_row(both, 2)[1] == lists_by_row(alone, 1)[0]
    assert lists_by_row(other, 1)[0] != lists_by_row(alone, 1)[0]


def test_the_oracle_lists_relevant_candidates_best_first(spark):
    heldout = spark.createDataFrame(
        [(1, 10, 4.0), (1, 11, 5.0), (1, 12, 5.0), (1, 13, 3.5), (1, 14, 5.0), (2, 10, 2.0)],
        "user_id int, movie_id int, rating float",
    )
    movies = spark.createDataFrame([(10,), (11,), (12,), (12,), (13,)], "movie_id int")
    lists = oracle_lists(heldout, movies=movies, relevant_rating=4.0, k=2).orderBy("rank")
    rows = [(r.user_id, r.movie_id, r.score, r.rank) for r in lists.collect()]
    assert rows == [(1, 11, 5.0, 1), (1, 12, 5.0, 2)]
