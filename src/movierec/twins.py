"""Movie twins: the user pairs with the most alike movie sets, in one order at any scale.

Pairs are ordered by Jaccard similarity, then by larger overlap, then by smaller user ids. Users
with identical sets are searched as one set; every count here is of user pairs.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from pyspark import StorageLevel
from pyspark.sql import Column, DataFrame, Row
from pyspark.sql import functions as F

from movierec.columns import (
    COMMON,
    JACCARD,
    MOVIES,
    N_PAIRS,
    N_USERS,
    SET_A,
    SET_B,
    SET_ID,
    SIZE,
    UNION,
    USERS,
)
from movierec.movie_sets import n_identical_pairs

_SMALLER_SIZE = "smaller_size"
_FIRST_A, _FIRST_B = "first_a", "first_b"


class TwinPair(NamedTuple):
    """Two users, the smaller id first, and the overlap of their movie sets."""

    user_a: int
    user_b: int
    jaccard: float
    common: int
    union: int

    def order(self) -> tuple[float, int, int, int]:
        """Return what twins are ordered by."""
        return (-self.jaccard, -self.common, self.user_a, self.user_b)


@dataclass(frozen=True)
class Top:
    """The most alike pairs of the users above one floor."""

    pairs: tuple[TwinPair, ...]
    """In order; as many as asked for, or all that reach the threshold."""
    threshold: float
    """The similarity down to which the search went."""
    reaching: int
    """Pairs that reach the threshold, as far as the search found them."""
    tied_at_cut: int
    """Pairs as similar as the last one listed, listed or not."""
    tied_and_listed: int


class Search(Protocol):
    """Finds candidates among sets of at least some size for pairs that reach a threshold."""

    def __call__(self, *, min_size: int, threshold: float) -> DataFrame:
        """Return `set_a` and `set_b` of the candidates, each pair once."""


def collect_tops(
    sets: DataFrame,
    *,
    search: Search,
    floors: Sequence[int],
    n_pairs: int,
    thresholds: Sequence[float],
) -> dict[int, Top]:
    """Return the `n_pairs` most alike pairs of the users with at least each floor of movies.

    The search goes down the falling thresholds. A floor is done at the first one that enough of
    its pairs reach, or at the last. `sets` are `movie_sets` that keep more than `n_pairs` users.
    """
    tops: dict[int, Top] = {}
    for threshold in thresholds:
        open_floors = sorted(set(floors) - set(tops))
        if not open_floors:
            break
        candidates = search(min_size=open_floors[0], threshold=threshold)
        similar = similar_pairs(candidates, sets=sets, threshold=threshold)
        found = similar.unionByName(identical_sets(sets)).persist(StorageLevel.MEMORY_AND_DISK)
        reaching = _collect_reaching(found, open_floors)
        for floor in open_floors:
            if reaching[floor] >= n_pairs or threshold == thresholds[-1]:
                above = found.where(F.col(_SMALLER_SIZE) >= floor)
                tops[floor] = _collect_top(above, n_pairs, threshold, reaching[floor])
        found.unpersist()
    return tops


def similar_pairs(candidates: DataFrame, *, sets: DataFrame, threshold: float) -> DataFrame:
    """Return the candidates that reach the threshold, their overlap counted on the sets.

    One row a pair of sets with `jaccard`, `common`, `union`, both sets' users and `n_pairs`, the
    number of user pairs that it stands for.
    """
    a, b = (
        sets.select(
            F.col(SET_ID).alias(f"set_{side}"),
            *(F.col(name).alias(f"{name}_{side}") for name in (MOVIES, SIZE, USERS, N_USERS)),
        )
        for side in "ab"
    )
    joined = candidates.join(a, on=SET_A, how="inner").join(b, on=SET_B, how="inner")
    common = F.size(F.array_intersect(f"{MOVIES}_a", f"{MOVIES}_b"))
    return (
        joined.withColumn(COMMON, common)
        .withColumn(UNION, F.col(f"{SIZE}_a") + F.col(f"{SIZE}_b") - F.col(COMMON))
        .withColumn(JACCARD, F.col(COMMON) / F.col(UNION))
        .where(F.col(JACCARD) >= threshold)
        .withColumn(_SMALLER_SIZE, F.least(f"{SIZE}_a", f"{SIZE}_b"))
        .withColumn(N_PAIRS, F.col(f"{N_USERS}_a") * F.col(f"{N_USERS}_b").cast("long"))
        .withColumn(_FIRST_A, F.least(SET_A, SET_B))
        .withColumn(_FIRST_B, F.greatest(SET_A, SET_B))
        .select(*_FOUND)
    )


_FOUND = (
    SET_A,
    SET_B,
    JACCARD,
    COMMON,
    UNION,
    _SMALLER_SIZE,
    N_PAIRS,
    _FIRST_A,
    _FIRST_B,
    f"{USERS}_a",
    f"{USERS}_b",
)


def identical_sets(sets: DataFrame) -> DataFrame:
    """Return the sets that several users share as pairs with themselves, like `similar_pairs`."""
    shared = sets.where(F.col(N_USERS) > 1)
    values: dict[str, Column] = {
        SET_A: F.col(SET_ID),
        SET_B: F.col(SET_ID),
        JACCARD: F.lit(1.0),
        COMMON: F.col(SIZE),
        UNION: F.col(SIZE),
        _SMALLER_SIZE: F.col(SIZE),
        N_PAIRS: n_identical_pairs(),
        _FIRST_A: F.col(USERS)[0],
        _FIRST_B: F.col(USERS)[1],
        f"{USERS}_a": F.col(USERS),
        f"{USERS}_b": F.col(USERS),
    }
    return shared.select(*(values[name].alias(name) for name in _FOUND))


def _collect_reaching(found: DataFrame, floors: Sequence[int]) -> dict[int, int]:
    """Return how many user pairs each floor has."""
    sums = (
        F.sum(F.when(F.col(_SMALLER_SIZE) >= floor, F.col(N_PAIRS))).alias(str(floor))
        for floor in floors
    )
    row = found.agg(*sums).first()
    assert row is not None  # an aggregate without groups has one row
    return {floor: row[str(floor)] or 0 for floor in floors}


def _collect_top(found: DataFrame, n_pairs: int, threshold: float, reaching: int) -> Top:
    """Return the first `n_pairs` user pairs.

    They come from the first `n_pairs` pairs of sets: each of those has a user pair, its first,
    that stands before every user pair of the later ones.
    """
    rows = (
        found.orderBy(F.desc(JACCARD), F.desc(COMMON), _FIRST_A, _FIRST_B).limit(n_pairs).collect()
    )
    pairs = heapq.nsmallest(
        n_pairs, itertools.chain.from_iterable(map(_user_pairs, rows)), key=TwinPair.order
    )
    if not pairs:
        return Top((), threshold, reaching, 0, 0)
    cut = pairs[-1].jaccard
    tied = found.where(F.col(JACCARD) == cut).agg(F.sum(N_PAIRS)).first()
    assert tied is not None  # an aggregate without groups has one row
    return Top(
        pairs=tuple(pairs),
        threshold=threshold,
        reaching=reaching,
        tied_at_cut=tied[0],
        tied_and_listed=sum(pair.jaccard == cut for pair in pairs),
    )


def _user_pairs(row: Row) -> Iterator[TwinPair]:
    """Return the user pairs of a pair of sets, or within one set."""
    users: Iterable[Any]
    if row[SET_A] == row[SET_B]:
        users = itertools.combinations(row[f"{USERS}_a"], 2)
    else:
        users = itertools.product(row[f"{USERS}_a"], row[f"{USERS}_b"])
    for pair in users:
        user_a, user_b = sorted(pair)
        yield TwinPair(user_a, user_b, row[JACCARD], row[COMMON], row[UNION])
