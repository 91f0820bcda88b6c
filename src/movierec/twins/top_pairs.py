"""Movie twins: the user pairs with the most similar movie sets, in the same order at any scale.

Pairs are ordered by Jaccard similarity, then by larger overlap, then by smaller user ids. Users
with identical sets are searched as one set, but all counts here are counts of user pairs.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from pyspark import StorageLevel
from pyspark.sql import DataFrame, Row
from pyspark.sql import functions as F

from movierec.data import columns as c
from movierec.twins.candidates import candidate_pairs
from movierec.twins.jaccard import similar_pairs
from movierec.twins.movie_sets import n_identical_pairs

_FIRST_A, _FIRST_B = "first_a", "first_b"


class TwinPair(NamedTuple):
    """Two users, the smaller id first, and the overlap of their movie sets."""

    user_a: int
    user_b: int
    jaccard: float
    common: int
    union: int

    def sort_key(self) -> tuple[float, int, int, int]:
        """Return the key that twins are sorted by."""
        return (-self.jaccard, -self.common, self.user_a, self.user_b)


@dataclass(frozen=True)
class TopPairs:
    """The most similar pairs of the users above one floor."""

    pairs: tuple[TwinPair, ...]
    """In order; as many as requested, or all that reach the threshold."""
    threshold: float
    """The lowest similarity that the search covered."""
    n_above_threshold: int
    """Pairs found that reach the threshold."""
    tied_at_cut: int
    """Pairs as similar as the last listed one, listed or not."""
    tied_and_listed: int


MakeBlocks = Callable[[int, float], tuple[DataFrame, dict[str, Any]]]
"""Takes a minimum size and a threshold. Returns blocks of the sets of at least that size, in which
pairs that reach the threshold meet, and facts about the blocks for the summary."""


def collect_top_pairs(
    sets: DataFrame,
    *,
    blocks: MakeBlocks,
    floors: Sequence[int],
    n_pairs: int,
    thresholds: Sequence[float],
) -> tuple[dict[int, TopPairs], list[dict[str, Any]]]:
    """Return, for each floor, the `n_pairs` most similar pairs of users with that many movies.

    The search goes through the falling `thresholds`. A floor is done at the first threshold that
    `n_pairs` of its pairs reach, or at the last one. `sets` are `movie_sets` with `keep_users`
    above `n_pairs`. Also returns the facts of each threshold's search, for the summary.
    """
    tops: dict[int, TopPairs] = {}
    rounds = []
    n_sets = sets.count()
    for threshold in thresholds:
        open_floors = sorted(set(floors) - set(tops))
        if not open_floors:
            break
        made, facts = blocks(open_floors[0], threshold)
        candidates, sizes = candidate_pairs(made, threshold=threshold)
        rounds.append({"threshold": threshold, **facts, **sizes})
        candidates = candidates.persist(StorageLevel.MEMORY_AND_DISK)
        similar = similar_pairs(candidates, sets=sets, n_sets=n_sets, threshold=threshold)
        found = (
            similar.withColumn(_FIRST_A, F.least(c.SET_A, c.SET_B))
            .withColumn(_FIRST_B, F.greatest(c.SET_A, c.SET_B))
            .unionByName(identical_sets(sets))
            .persist(StorageLevel.MEMORY_AND_DISK)
        )
        counts = collect_sums(found, c.N_PAIRS, floors=open_floors, size=c.SMALLER_SIZE)
        for floor in open_floors:
            if counts[floor] >= n_pairs or threshold == thresholds[-1]:
                above = found.where(F.col(c.SMALLER_SIZE) >= floor)
                tops[floor] = _collect_top(above, sets, n_pairs, threshold, counts[floor])
        found.unpersist()
        candidates.unpersist()
    return tops, rounds


def identical_sets(sets: DataFrame) -> DataFrame:
    """Return each set of several users as a pair with itself, in columns of `similar_pairs`."""
    return sets.where(F.col(c.N_USERS) > 1).select(
        F.col(c.SET_ID).alias(c.SET_A),
        F.col(c.SET_ID).alias(c.SET_B),
        F.col(c.SIZE).alias(c.COMMON),
        F.col(c.SIZE).alias(c.UNION),
        F.lit(1.0).alias(c.JACCARD),
        F.col(c.SIZE).alias(c.SMALLER_SIZE),
        n_identical_pairs().alias(c.N_PAIRS),
        F.col(c.USERS)[0].alias(_FIRST_A),
        F.col(c.USERS)[1].alias(_FIRST_B),
    )


def collect_sums(
    frame: DataFrame, counted: str, *, floors: Sequence[int], size: str
) -> dict[int, int]:
    """Return, for each floor, the sum of a column over the rows of at least that size, or 0."""
    sums = (
        F.sum(F.when(F.col(size) >= floor, F.col(counted))).alias(str(floor)) for floor in floors
    )
    (row,) = frame.agg(*sums).collect()
    return {floor: row[str(floor)] or 0 for floor in floors}


def _collect_top(
    found: DataFrame, sets: DataFrame, n_pairs: int, threshold: float, n_above_threshold: int
) -> TopPairs:
    """Return the first `n_pairs` user pairs.

    They come from the first `n_pairs` pairs of sets: the first user pair of each of these comes
    before every user pair of later pairs of sets.
    """
    in_order = found.orderBy(F.desc(c.JACCARD), F.desc(c.COMMON), _FIRST_A, _FIRST_B)
    rows = in_order.limit(n_pairs).collect()
    users = _collect_users(sets, rows)
    user_pairs = itertools.chain.from_iterable(_user_pairs(row, users) for row in rows)
    pairs = heapq.nsmallest(n_pairs, user_pairs, key=TwinPair.sort_key)
    if not pairs:
        return TopPairs((), threshold, n_above_threshold, 0, 0)
    cut = pairs[-1].jaccard
    ((tied,),) = found.where(F.col(c.JACCARD) == cut).agg(F.sum(c.N_PAIRS)).collect()
    listed = sum(pair.jaccard == cut for pair in pairs)
    return TopPairs(tuple(pairs), threshold, n_above_threshold, tied, listed)


def _collect_users(sets: DataFrame, rows: Sequence[Row]) -> dict[int, list[int]]:
    """Return the kept users of each set that is in a pair standing for several user pairs."""
    shared = {row[side] for row in rows if row[c.N_PAIRS] > 1 for side in (c.SET_A, c.SET_B)}
    shared |= {row[c.SET_A] for row in rows if row[c.SET_A] == row[c.SET_B]}
    if not shared:
        return {}
    wanted = sets.sparkSession.createDataFrame([(one,) for one in shared], f"{c.SET_ID} int")
    found = sets.join(F.broadcast(wanted), on=c.SET_ID, how="left_semi").select(c.SET_ID, c.USERS)
    return {row[c.SET_ID]: row[c.USERS] for row in found.collect()}


def _user_pairs(row: Row, users: Mapping[int, list[int]]) -> Iterator[TwinPair]:
    """Return the user pairs of a pair of sets, or within one set.

    A set without an entry in `users` has one user, with the id of the set.
    """
    a, b = (users.get(row[side], [row[side]]) for side in (c.SET_A, c.SET_B))
    within = row[c.SET_A] == row[c.SET_B]
    for pair in itertools.combinations(a, 2) if within else itertools.product(a, b):
        user_a, user_b = sorted(pair)
        yield TwinPair(user_a, user_b, row[c.JACCARD], row[c.COMMON], row[c.UNION])
