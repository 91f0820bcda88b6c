"""Where a model wins: its metrics by the activity of users and by the popularity of movies."""

from __future__ import annotations

from functools import reduce
from typing import Any

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from movierec.data.columns import METRICS, MODEL, MOVIE_ID, N_RATINGS, USER_ID
from movierec.data.rounding import DIGITS

_STRATUM = "stratum"


def collect_bounds(counts: DataFrame, *, groups: int, by_ratings: bool) -> list[int]:
    """Return the largest number of ratings of each group, rising; fewer groups where they tie.

    Groups hold about equally many users or movies, or with `by_ratings` equally many ratings: a
    few movies at the head, most in the tail. Collects one row a distinct count.
    """
    rows = counts.groupBy(N_RATINGS).count().orderBy(N_RATINGS).collect()
    weights = [row["count"] * (row[N_RATINGS] if by_ratings else 1) for row in rows]
    total = sum(weights)
    reached, bounds = 0, []
    for row, weight in zip(rows, weights, strict=True):
        before, reached = reached, reached + weight
        # The group ends here if a multiple of total / groups is crossed.
        if before * groups // total < reached * groups // total:
            bounds.append(row[N_RATINGS])
    return bounds


def stratum(bounds: list[int]) -> Column:
    """Return the index of the group that a number of ratings falls in, from 0."""
    n_ratings = F.col(N_RATINGS)
    return sum(((n_ratings > bound).cast("int") for bound in bounds[:-1]), F.lit(0))


def collect_user_strata(
    user_metrics: dict[str, DataFrame], *, activity: DataFrame, groups: int
) -> list[dict[str, Any]]:
    """Return the mean metrics of each model for each group of users by activity.

    `activity` is `ratings_per` user; the groups are made over all its users, the means over those
    with a relevant movie, `users` of them: None where there is none. Cold users are in no group.
    """
    bounds = collect_bounds(activity, groups=groups, by_ratings=False)
    undefined = {model: dict.fromkeys(METRICS) for model in sorted(user_metrics)}
    strata = [one | {"users": 0} | undefined for one in _ranges(bounds)]
    labelled = [frame.withColumn(MODEL, F.lit(model)) for model, frame in user_metrics.items()]
    rows = (
        reduce(DataFrame.unionByName, labelled)
        .join(activity, on=USER_ID, how="inner")
        .groupBy(stratum(bounds).alias(_STRATUM), MODEL)
        .agg(F.count(F.lit(1)).alias("users"), *(F.avg(name).alias(name) for name in METRICS))
        .collect()
    )
    for row in rows:
        strata[row[_STRATUM]]["users"] = row["users"]
        strata[row[_STRATUM]][row[MODEL]] = {name: round(row[name], DIGITS) for name in METRICS}
    return strata


def collect_movie_strata(
    hits: dict[str, DataFrame],
    *,
    relevant: DataFrame,
    popularity: DataFrame,
    groups: int,
) -> list[dict[str, Any]]:
    """Return each model's share of the relevant movies found, for each group of movies.

    `hits` holds each model's relevant recommendations. `popularity` is `ratings_per` movie. None
    for a group without a relevant movie. Relevant movies that nobody rated before are in no group:
    nobody could have recommended them.
    """
    bounds = collect_bounds(popularity, groups=groups, by_ratings=True)
    strata = _ranges(bounds)
    grouped = popularity.select(MOVIE_ID, stratum(bounds).alias(_STRATUM)).persist()

    def counts(movies: DataFrame) -> list[int]:
        """Return how many of the rows fall in each group."""
        rows = movies.join(grouped, on=MOVIE_ID, how="inner").groupBy(_STRATUM).count().collect()
        found = {row[_STRATUM]: row["count"] for row in rows}
        return [found.get(index, 0) for index in range(len(strata))]

    n_relevant = counts(relevant)
    for one, movies, wanted in zip(
        strata, counts(grouped.select(MOVIE_ID)), n_relevant, strict=True
    ):
        one |= {"movies": movies, "relevant": wanted}
    for model in sorted(hits):
        for one, found, wanted in zip(strata, counts(hits[model]), n_relevant, strict=True):
            one[model] = {"recall": round(found / wanted, DIGITS) if wanted else None}
    grouped.unpersist()
    return strata


def _ranges(bounds: list[int]) -> list[dict[str, Any]]:
    lows = [1] + [bound + 1 for bound in bounds[:-1]]
    return [
        {"from_ratings": low, "to_ratings": high} for low, high in zip(lows, bounds, strict=True)
    ]
