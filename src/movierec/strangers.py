"""The matched null: twins against strangers who rated the same movies.

Random pairs have smaller sets, fewer common movies and other movies than twins have. Here each
twin pair keeps its two sets and their overlap, movie by movie; but one of the two is replaced by
strangers, another one for each movie. What then remains of the correlation is what anybody's
ratings of these movies would show: some movies are better than others.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from movierec.agreement import CommonRatings, grouped_pearson
from movierec.columns import MOVIE_ID, RATING, USER_ID
from movierec.config_twins import TwinsConfig
from movierec.metrics import DIGITS
from movierec.packing import collect_arrays
from movierec.pair_statistics import cohens_d, rounded

Floats = npt.NDArray[np.float64]
RATERS_A_MOVIE = 50
BINS = 20
_MEAN, _N_RATINGS, _CENTRED = "mean", "n_ratings", "centred"


@dataclass(frozen=True)
class Strangers:
    """Some raters of each movie: their ratings, each less that rater's mean."""

    movies: npt.NDArray[np.int64]
    """[n]: movie ids, rising."""
    centred: Floats
    """[n]"""


def against_strangers(
    twins: CommonRatings,
    *,
    users: Sequence[int],
    ratings: DataFrame,
    config: TwinsConfig,
) -> dict[str, Any]:
    """Return the twins' mean Pearson correlation beside those with strangers in place of twins.

    `users` are those in `twins`, none of whom can be a stranger. Rounded; undefined correlations
    are left out and counted, like movies that no stranger rated.
    """
    strangers = collect_strangers(
        ratings,
        movies=np.unique(twins.movies).tolist(),
        excluded=users,
        min_movies=config.min_movies,
        seed=config.seed,
    )
    return compare_with_strangers(
        twins,
        strangers,
        min_common=config.min_common,
        resamples=config.resamples,
        seed=config.seed,
    )


def collect_strangers(
    ratings: DataFrame,
    *,
    movies: Sequence[int],
    excluded: Sequence[int],
    min_movies: int,
    seed: int,
) -> Strangers:
    """Return about RATERS_A_MOVIE ratings of each movie, all where there are fewer.

    By users with at least `min_movies` ratings who are not `excluded`, drawn by a hash of seed,
    user and movie.
    """
    spark = ratings.sparkSession
    wanted = spark.createDataFrame([(movie,) for movie in movies], f"{MOVIE_ID} int")
    others = spark.createDataFrame([(user,) for user in excluded], f"{USER_ID} int")
    theirs = ratings.join(F.broadcast(wanted), on=MOVIE_ID, how="left_semi")
    counts = theirs.groupBy(MOVIE_ID).agg(F.count(F.lit(1)).alias(_N_RATINGS))
    # 53 bits, as many as a double holds.
    drawn = F.shiftrightunsigned(F.xxhash64(F.lit(seed), USER_ID, MOVIE_ID), 11) / 2**53
    means = ratings.groupBy(USER_ID).agg(
        F.avg(F.col(RATING).cast("double")).alias(_MEAN), F.count(F.lit(1)).alias(_N_RATINGS)
    )
    pool = (
        theirs.join(F.broadcast(counts), on=MOVIE_ID, how="inner")
        .where(drawn < F.lit(float(RATERS_A_MOVIE)) / F.col(_N_RATINGS))
        .select(USER_ID, MOVIE_ID, RATING)
        .join(F.broadcast(others), on=USER_ID, how="left_anti")
        .join(means.where(F.col(_N_RATINGS) >= min_movies), on=USER_ID, how="inner")
        .select(MOVIE_ID, (F.col(RATING) - F.col(_MEAN)).alias(_CENTRED))
    )
    arrays = collect_arrays(pool)
    order = np.lexsort((arrays[_CENTRED], arrays[MOVIE_ID]))
    return Strangers(arrays[MOVIE_ID][order].astype(np.int64), arrays[_CENTRED][order])


def compare_with_strangers(
    twins: CommonRatings, strangers: Strangers, *, min_common: int, resamples: int, seed: int
) -> dict[str, Any]:
    """Return the twins' mean Pearson correlation beside those with strangers in place of twins.

    In each of the resamples a coin says for each pair which of the two stays. Movies that no
    stranger rated are left out, for the twins as well, and counted; so are undefined
    correlations. The p-value is two-sided, at least 2 / (resamples + 1). None for what no pair
    defines.
    """
    starts = np.searchsorted(strangers.movies, twins.movies, side="left")
    sizes = np.searchsorted(strangers.movies, twins.movies, side="right") - starts
    known = sizes > 0
    pairs, starts, sizes = twins.pairs[known], starts[known], sizes[known]
    a, b = twins.ratings_a[known], twins.ratings_b[known]
    shape = {"n_groups": twins.n_pairs, "least": min_common}
    observed = grouped_pearson(pairs, a, b, **shape)
    rng = np.random.default_rng(seed)
    means, singles = [], []
    for _ in range(resamples):
        stays_a = rng.random(twins.n_pairs) < 0.5
        drawn = strangers.centred[starts + (rng.random(len(sizes)) * sizes).astype(np.int64)]
        found = grouped_pearson(pairs, np.where(stays_a[pairs], a, b), drawn, **shape)
        found = found[~np.isnan(found)]
        if len(found):
            means.append(found.mean())
            singles.append(found)
    return {
        **_compared(observed[~np.isnan(observed)], np.array(means), singles),
        "undefined": int(np.isnan(observed).sum()),
        "movies_without_stranger": len(np.unique(twins.movies[~known])),
    }


def _compared(observed: Floats, means: Floats, singles: list[Floats]) -> dict[str, Any]:
    if not len(observed) or not len(means):
        return dict.fromkeys(
            (
                "twins_mean",
                "strangers_mean",
                "strangers_mean_range95",
                "p_value",
                "cohens_d",
                "histogram",
            )
        )
    tail = min((means >= observed.mean()).sum(), (means <= observed.mean()).sum())
    return {
        "twins_mean": round(float(observed.mean()), DIGITS),
        "strangers_mean": round(float(means.mean()), DIGITS),
        "strangers_mean_range95": rounded(np.quantile(means, (0.025, 0.975))),
        "p_value": round(min(1.0, 2 * (int(tail) + 1) / (len(means) + 1)), DIGITS),
        "cohens_d": cohens_d(observed, np.concatenate(singles)),
        "histogram": _shares(np.concatenate(singles)),
    }


def _shares(correlations: Floats) -> list[float]:
    """Return the share of the correlations in each of BINS equal bins from -1 to 1."""
    counts, _ = np.histogram(correlations, bins=BINS, range=(-1.0, 1.0))
    return rounded(counts / len(correlations))
