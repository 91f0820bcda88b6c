"""Twins compared with strangers who rated the same movies: a matched control.

Random pairs have smaller sets, fewer common movies and different movies than twins. Here each twin
pair keeps its common movies, but one of the two users is replaced by strangers, a different one
for each movie. The remaining correlation is that of any users on these movies, because some
movies are better than others.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from movierec.data.arrays import Floats, Ints, collect_arrays
from movierec.data.columns import MOVIE_ID, N_RATINGS, RATING, USER_ID
from movierec.data.counts import count_ratings_by
from movierec.data.rounding import DIGITS, rounded
from movierec.twins.correlation import CommonRatings, grouped_pearson

RATERS_PER_MOVIE = 50
BINS = 20
_COMPARED = (
    *("twins_mean", "strangers_mean", "strangers_mean_range95"),
    *("p_value", "glass_delta", "histogram"),
)
_MEAN, _CENTRED = "mean", "centred"


@dataclass(frozen=True)
class Strangers:
    """Ratings of each movie by some of its raters, each minus the mean of its rater."""

    movies: Ints
    """[n]: movie ids, rising."""
    centred: Floats
    """[n]"""


def collect_strangers(
    ratings: DataFrame,
    *,
    movies: Sequence[int],
    excluded: Sequence[int],
    min_movies: int,
    seed: int,
) -> Strangers:
    """Return some ratings of each movie, by users who can be strangers.

    These have at least `min_movies` ratings and are not `excluded`. About RATERS_PER_MOVIE of all
    raters of a movie are drawn by a hash of seed, user and movie, or all if there are fewer; then
    users who cannot be strangers are dropped. So a popular movie may have fewer ratings here than
    strangers who rated it, and a movie that few strangers rated may have none.
    """
    spark = ratings.sparkSession
    wanted = spark.createDataFrame([(movie,) for movie in movies], f"{MOVIE_ID} int")
    excluded_users = spark.createDataFrame([(user,) for user in excluded], f"{USER_ID} int")
    of_movies = ratings.join(F.broadcast(wanted), on=MOVIE_ID, how="left_semi")
    counts = count_ratings_by(of_movies, key=MOVIE_ID)
    # 53 bits, the precision of a double.
    drawn = F.shiftrightunsigned(F.xxhash64(F.lit(seed), USER_ID, MOVIE_ID), 11) / 2**53
    means = ratings.groupBy(USER_ID).agg(
        F.avg(F.col(RATING).cast("double")).alias(_MEAN), F.count(F.lit(1)).alias(N_RATINGS)
    )
    pool = (
        of_movies.join(F.broadcast(counts), on=MOVIE_ID, how="inner")
        .where(drawn < F.lit(float(RATERS_PER_MOVIE)) / F.col(N_RATINGS))
        .select(USER_ID, MOVIE_ID, RATING)
        .join(F.broadcast(excluded_users), on=USER_ID, how="left_anti")
        .join(means.where(F.col(N_RATINGS) >= min_movies), on=USER_ID, how="inner")
        .select(MOVIE_ID, (F.col(RATING) - F.col(_MEAN)).alias(_CENTRED))
    )
    arrays = collect_arrays(pool)
    order = np.lexsort((arrays[_CENTRED], arrays[MOVIE_ID]))
    return Strangers(arrays[MOVIE_ID][order].astype(np.int64), arrays[_CENTRED][order])


def compare_with_strangers(
    twins: CommonRatings, strangers: Strangers, *, min_common: int, resamples: int, seed: int
) -> dict[str, Any]:
    """Return the mean Pearson correlation of the twins, and those with strangers, rounded.

    In each resample, a coin decides for each pair which of the two users stays. Movies that no
    stranger rated are left out, also for the twins, and counted; so are undefined correlations.
    The p-value is two-sided, at least 2 / (resamples + 1). The effect size is Glass's delta: the
    difference of the means in standard deviations of the correlations of single pairs with
    strangers; `histogram` has the shares of these in BINS equal bins from -1 to 1. Values are None
    if no pair has a defined correlation.
    """
    starts = np.searchsorted(strangers.movies, twins.movies, side="left")
    sizes = np.searchsorted(strangers.movies, twins.movies, side="right") - starts
    known = sizes > 0
    pairs, starts, sizes = twins.pairs[known], starts[known], sizes[known]
    a, b = twins.ratings_a[known], twins.ratings_b[known]
    shape = {"n_groups": twins.n_pairs, "min_entries": min_common}
    observed = grouped_pearson(pairs, a, b, **shape)
    rng = np.random.default_rng(seed)
    means, n, total, squares = [], 0, 0.0, 0.0
    histogram = np.zeros(BINS, np.int64)
    for _ in range(resamples):
        stays_a = rng.random(twins.n_pairs) < 0.5
        drawn = strangers.centred[starts + (rng.random(len(sizes)) * sizes).astype(np.int64)]
        found = grouped_pearson(pairs, np.where(stays_a[pairs], a, b), drawn, **shape)
        found = found[~np.isnan(found)]
        if len(found):
            means.append(found.mean())
            # the correlations themselves, one per pair and resample, are not kept
            n += len(found)
            total += float(found.sum())
            squares += float((found**2).sum())
            histogram += np.histogram(found, bins=BINS, range=(-1.0, 1.0))[0]
    undefined = np.isnan(observed)
    counts = {
        "undefined": int(undefined.sum()),
        "movies_without_stranger": len(np.unique(twins.movies[~known])),
    }
    if undefined.all() or not means:
        return dict.fromkeys(_COMPARED) | counts
    mean = observed[~undefined].mean()
    with_strangers = np.array(means)
    deviation = standard_deviation(n, total, squares)
    difference = float(mean - with_strangers.mean())
    tail = min((with_strangers >= mean).sum(), (with_strangers <= mean).sum())
    return {
        "twins_mean": round(float(mean), DIGITS),
        "strangers_mean": round(float(with_strangers.mean()), DIGITS),
        "strangers_mean_range95": rounded(np.quantile(with_strangers, (0.025, 0.975))),
        "p_value": round(min(1.0, 2 * (int(tail) + 1) / (len(means) + 1)), DIGITS),
        "glass_delta": None if deviation is None else round(difference / deviation, DIGITS),
        "histogram": rounded(histogram / n),
        **counts,
    }


def standard_deviation(n: int, total: float, squares: float) -> float | None:
    """Return the deviation of n numbers from their sum and sum of squares; None without spread."""
    spread = squares - total**2 / max(1, n)
    # Equal numbers leave a rounding error.
    return None if n < 2 or spread <= 1e-12 * n else math.sqrt(spread / (n - 1))
