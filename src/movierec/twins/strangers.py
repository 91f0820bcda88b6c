"""Twins compared with strangers who rated the same movies: a matched control.

Random pairs have smaller sets, fewer common movies and different movies than twins. Here each twin
pair keeps its common movies, but one of the two users is replaced by strangers, a different one
for each movie. The remaining correlation is that of any users on these movies, because some
movies are better than others.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from movierec.data.arrays import Floats, Ints, collect_arrays
from movierec.data.columns import MOVIE_ID, N_RATINGS, RATING, USER_ID
from movierec.data.rounding import DIGITS
from movierec.twins.correlation import CommonRatings, grouped_pearson
from movierec.twins.pair_statistics import PairValues

UNIT = 100_000
"""Stars are summed as whole numbers of this fraction, so that sums are equal in any order."""
_NONE = dict.fromkeys(("twins_mean", "strangers_mean", "lead", "lead_ci95", "p_value"))


@dataclass(frozen=True)
class Strangers:
    """The strangers' ratings of each of n movies, relative to how these strangers rate."""

    movies: Ints
    """[n]: movie ids, rising."""
    mean: Floats
    """[n], in stars."""
    variance: Floats
    """[n]: the mean squared deviation from `mean`, in squared stars."""


def collect_strangers(
    ratings: DataFrame, *, movies: Sequence[int], excluded: Sequence[int], min_movies: int
) -> Strangers:
    """Return what strangers think of each of these movies, without those that none has rated.

    A stranger is a user with at least `min_movies` ratings who is not `excluded`. The stranger's
    leniency is subtracted from the rating: the mean over all movies that the stranger rated of the
    rating less the movie's mean rating. So it does not matter who rates only good movies. Movies'
    means, leniencies and ratings are whole numbers of 1/UNIT stars: the result is identical at
    any partitioning.
    """
    spark = ratings.sparkSession
    wanted = spark.createDataFrame([(movie,) for movie in movies], f"{MOVIE_ID} int")
    users = spark.createDataFrame([(user,) for user in excluded], f"{USER_ID} int")
    stars = ratings.select(USER_ID, MOVIE_ID, (F.col(RATING) * UNIT).cast("long").alias(RATING))
    of_movies = stars.groupBy(MOVIE_ID).agg(_whole_mean(RATING).alias("of_movie"))
    leniency = (
        stars.join(F.broadcast(of_movies), on=MOVIE_ID, how="inner")
        .groupBy(USER_ID)
        .agg(
            _whole_mean(F.col(RATING) - F.col("of_movie")).alias("leniency"),
            F.count(F.lit(1)).alias(N_RATINGS),
        )
        .where(F.col(N_RATINGS) >= min_movies)
        .join(F.broadcast(users), on=USER_ID, how="left_anti")
    )
    value = F.col(RATING) - F.col("leniency")
    opinions = (
        stars.join(F.broadcast(wanted), on=MOVIE_ID, how="left_semi")
        .join(leniency, on=USER_ID, how="inner")
        .groupBy(MOVIE_ID)
        .agg(
            F.count(F.lit(1)).alias(N_RATINGS),
            F.sum(value).alias("sum"),
            F.sum(value * value).alias("squares"),
        )
    )
    found = collect_arrays(opinions)
    order = np.argsort(found[MOVIE_ID])
    movie_ids, n, total, squares = (
        found[name][order] for name in (MOVIE_ID, N_RATINGS, "sum", "squares")
    )
    mean = total / n / UNIT
    variance = np.maximum(squares / n / UNIT**2 - mean**2, 0.0)
    return Strangers(movie_ids.astype(np.int64), mean, variance)


def compare_with_strangers(
    twins: CommonRatings, strangers: Strangers, *, users: Ints, min_common: int
) -> dict[str, Any]:
    """Return the mean Pearson correlation of the twins, and that with strangers, rounded.

    `users` are those of each pair, [n_pairs, 2]. The correlation with strangers is what is
    expected if each movie's rating is that of another stranger, drawn at random: from the means
    and variances of the strangers' ratings, and the mean of both users. `lead` is the mean of the
    pairs' differences, with interval and p-value of `PairValues.estimate`. Movies that no stranger
    rated are left out, also for the twins, and counted. So are pairs where either correlation is
    undefined: they are in neither mean. Values are None if no pair is left.
    """
    places = np.searchsorted(strangers.movies, twins.movies)
    places[places == len(strangers.movies)] = 0
    known = np.isin(twins.movies, strangers.movies)
    pairs, places = twins.pairs[known], places[known]
    a, b = twins.ratings_a[known], twins.ratings_b[known]
    observed = grouped_pearson(pairs, a, b, n_groups=twins.n_pairs, min_entries=min_common)
    mean, variance = strangers.mean[places], strangers.variance[places]
    expected = [
        expected_pearson(pairs, own, mean, variance, n_groups=twins.n_pairs) for own in (a, b)
    ]
    matched = (expected[0] + expected[1]) / 2
    leads = PairValues.defined(users, observed - matched)
    defined = ~np.isnan(observed - matched)
    counts = {
        "undefined": int((~defined).sum()),
        "movies_without_stranger": len(np.unique(twins.movies[~known])),
    }
    if not defined.any():
        return _NONE | counts
    lead = leads.estimate()
    return {
        "twins_mean": round(float(observed[defined].mean()), DIGITS),
        "strangers_mean": round(float(matched[defined].mean()), DIGITS),
        "lead": round(lead.value, DIGITS),
        "lead_ci95": lead.interval(),
        "p_value": lead.p_value(),
        **counts,
    }


def expected_pearson(
    groups: Ints, x: Floats, mean: Floats, variance: Floats, *, n_groups: int
) -> Floats:
    """Return the expected correlation of x with random y in each group, NaN without spread.

    The y of an entry has this mean and variance, and is independent of the others. To first order
    in 1/n the sample correlation of n entries is smaller than the true one by the factor
    1 - (1 - r²) / (2 · (n - 1)) (Olkin and Pratt, "Unbiased estimation of certain correlation
    coefficients", 1958).
    """

    def means(values: Any) -> Floats:
        return np.bincount(groups, weights=values, minlength=n_groups) / n

    n = np.bincount(groups, minlength=n_groups).astype(np.float64)
    with np.errstate(invalid="ignore", divide="ignore"):
        spread_x = means(x * x) - means(x) ** 2
        between = means(mean * mean) - means(mean) ** 2
        spread_y = between + means(variance) * (n - 1) / n
        flat = (spread_x <= 1e-9 * means(x * x)) | (spread_y <= 1e-9)
        found = (means(x * mean) - means(x) * means(mean)) / np.sqrt(spread_x * spread_y)
        found *= 1 - (1 - found**2) / (2 * (n - 1))
    return np.where(flat, np.nan, found)


def _whole_mean(column: Any) -> Any:
    """Return the mean of whole numbers as a whole number."""
    total = F.sum(column)
    return F.round(total / F.count(F.lit(1))).cast("long")
