"""How well two users agree: their ratings of common movies, and the correlations of these."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from movierec.data import columns as c
from movierec.data.arrays import Floats, Ints, collect_arrays


@dataclass(frozen=True)
class CommonRatings:
    """The common movies of n pairs, one entry per (pair, movie), by pair and then movie."""

    n_pairs: int
    pairs: Ints
    """The position of the pair in the requested list."""
    movies: Ints
    """Movie ids."""
    ratings_a: Floats
    ratings_b: Floats

    def slice(self, first: int, last: int) -> CommonRatings:
        """Return the entries of the pairs from `first` to before `last`, renumbered from 0."""
        part = slice(*np.searchsorted(self.pairs, (first, last)))
        return CommonRatings(
            last - first,
            self.pairs[part] - first,
            self.movies[part],
            self.ratings_a[part],
            self.ratings_b[part],
        )


@dataclass(frozen=True)
class Agreement:
    """How well each of n pairs agrees; undefined values are NaN."""

    common: Ints
    """The number of common movies."""
    pearson: Floats
    spearman: Floats
    equal: Floats
    """The share of the common movies with equal ratings; undefined without common movies."""


def collect_common_ratings(
    ratings: DataFrame, *, pairs: Sequence[tuple[int, int]]
) -> CommonRatings:
    """Return both users' ratings of the movies that both have rated, for each pair of user ids.

    The pairs are broadcast, and the ratings are read twice. The data on the driver grows with the
    number of pairs only.
    """
    spark = ratings.sparkSession
    numbered = [(place, a, b) for place, (a, b) in enumerate(pairs)]
    frame = spark.createDataFrame(numbered, f"{c.PAIR} int, {c.USER_A} int, {c.USER_B} int")
    a, b = (
        F.broadcast(frame)
        .join(
            ratings.select(F.col(c.USER_ID).alias(user), c.MOVIE_ID, F.col(c.RATING).alias(rating)),
            on=user,
            how="inner",
        )
        .select(c.PAIR, c.MOVIE_ID, rating)
        for user, rating in ((c.USER_A, c.RATING_A), (c.USER_B, c.RATING_B))
    )
    arrays = collect_arrays(a.join(b, on=[c.PAIR, c.MOVIE_ID], how="inner"))
    order = np.lexsort((arrays[c.MOVIE_ID], arrays[c.PAIR]))
    places, movies = (arrays[name][order].astype(np.int64) for name in (c.PAIR, c.MOVIE_ID))
    of_a, of_b = (arrays[name][order].astype(np.float64) for name in (c.RATING_A, c.RATING_B))
    return CommonRatings(len(pairs), places, movies, of_a, of_b)


def agreement(common: CommonRatings, *, min_common: int) -> Agreement:
    """Return how well each pair agrees.

    A correlation is undefined if there are fewer than `min_common` common movies, or if one of
    the two users gave all of them the same rating.
    """
    pairs, a, b = common.pairs, common.ratings_a, common.ratings_b
    counts = np.bincount(pairs, minlength=common.n_pairs)
    equal = np.bincount(pairs, weights=a == b, minlength=common.n_pairs)
    with np.errstate(invalid="ignore"):
        share = equal / counts
    return Agreement(
        common=counts,
        pearson=grouped_pearson(pairs, a, b, n_groups=common.n_pairs, min_entries=min_common),
        spearman=grouped_spearman(pairs, a, b, n_groups=common.n_pairs, min_entries=min_common),
        equal=share,
    )


def grouped_pearson(
    groups: Ints, x: Floats, y: Floats, *, n_groups: int, min_entries: int
) -> Floats:
    """Return Pearson's correlation of x and y in each group, NaN where it is undefined.

    It is undefined with fewer than `min_entries` entries or without spread. Ratings are multiples
    of a half, so their sums and the sums of their products are exact in any order.
    """

    def sums(values: Any) -> Floats:
        return np.bincount(groups, weights=values, minlength=n_groups).astype(np.float64)

    n = sums(np.ones(len(groups)))
    sum_x, sum_y = sums(x), sums(y)
    spread_x = n * sums(x * x) - sum_x**2
    spread_y = n * sums(y * y) - sum_y**2
    # Centred ratings, unlike ratings, have inexact sums, with relative errors of about 1e-15.
    flat = (spread_x <= 1e-9 * n * sums(x * x)) | (spread_y <= 1e-9 * n * sums(y * y))
    with np.errstate(invalid="ignore", divide="ignore"):
        found = (n * sums(x * y) - sum_x * sum_y) / np.sqrt(spread_x * spread_y)
    return np.where(flat | (n < min_entries), np.nan, np.clip(found, -1.0, 1.0))


def grouped_spearman(
    groups: Ints, x: Floats, y: Floats, *, n_groups: int, min_entries: int
) -> Floats:
    """Return Spearman's rank correlation in each group: Pearson's of the average ranks."""
    x_ranks, y_ranks = average_ranks(groups, x), average_ranks(groups, y)
    return grouped_pearson(groups, x_ranks, y_ranks, n_groups=n_groups, min_entries=min_entries)


def average_ranks(groups: Ints, values: Floats) -> Floats:
    """Return the rank of each value in its group, from 1; equal values get their mean rank.

    >>> average_ranks(np.array([0, 0, 0, 1]), np.array([2.0, 5.0, 2.0, 9.0])).tolist()
    [1.5, 3.0, 1.5, 1.0]
    """
    order = np.lexsort((values, groups))
    sorted_groups, sorted_values = groups[order], values[order]
    places = np.arange(len(order))
    new_group = np.ones(len(order), bool)
    new_group[1:] = sorted_groups[1:] != sorted_groups[:-1]
    new_run = new_group.copy()
    new_run[1:] |= sorted_values[1:] != sorted_values[:-1]
    runs = np.cumsum(new_run) - 1
    run_starts = places[new_run]
    run_ends = np.append(run_starts[1:], len(order))
    group_starts = places[new_group][np.cumsum(new_group) - 1]
    ranks = np.empty(len(order))
    ranks[order] = (run_starts + run_ends - 1)[runs] / 2 - group_starts + 1
    return ranks
