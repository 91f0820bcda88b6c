"""The metrics of models by the activity of users and by the popularity of movies."""

from __future__ import annotations

from functools import reduce
from typing import Any

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from movierec.data.columns import METRICS, MODEL, MOVIE_ID, N_RATINGS, USER_ID
from movierec.data.rounding import DIGITS

_STRATUM = "stratum"


def collect_bounds(counts: DataFrame, *, groups: int, by_ratings: bool) -> list[int]:
    """Return the largest number of ratings of each group, rising; ties make fewer groups.

    The groups have about equal numbers of users or movies, or with `by_ratings` of ratings: then
    the last group has only a few, popular movies. Collects one row per distinct count.
    """
    rows = counts.groupBy(N_RATINGS).count().orderBy(N_RATINGS).collect()
    weights = [row["count"] * (row[N_RATINGS] if by_ratings else 1) for row in rows]
    total = sum(weights)
    before, bounds = 0, {}
    for row, weight in zip(rows, weights, strict=True):
        # the group in which the middle of this weight falls
        bounds[(2 * before + weight) * groups // (2 * total)] = row[N_RATINGS]
        before += weight
    return list(bounds.values())


def stratum(bounds: list[int]) -> Column:
    """Return the index, from 0, of the group that a number of ratings falls in."""
    n_ratings = F.col(N_RATINGS)
    return sum(((n_ratings > bound).cast("int") for bound in bounds[:-1]), F.lit(0))


def collect_user_strata(
    user_metrics: dict[str, DataFrame], *, activity: DataFrame, groups: int
) -> list[dict[str, Any]]:
    """Return the mean metrics of each model for each group of users by activity.

    `activity` is `count_ratings_by` user. Groups are made of all its users; means are over the
    users with a relevant movie, whose number is `users`, and None if there are none. Cold users
    are in no group.
    """
    bounds = collect_bounds(activity, groups=groups, by_ratings=False)
    undefined = {model: dict.fromkeys(METRICS) for model in sorted(user_metrics)}
    strata = [limits | {"users": 0} | undefined for limits in _ranges(bounds)]
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
    hits: dict[str, DataFrame], *, relevant: DataFrame, popularity: DataFrame, groups: int
) -> list[dict[str, Any]]:
    """Return the share of relevant movies that each model found, for each group of movies.

    `hits` holds the relevant recommendations of each model. `popularity` is `count_ratings_by`
    movie. The share is None for a group without a relevant movie. Relevant movies without a
    training rating are in no group: no model could recommend them.
    """
    bounds = collect_bounds(popularity, groups=groups, by_ratings=True)
    strata = _ranges(bounds)
    grouped = popularity.select(MOVIE_ID, stratum(bounds).alias(_STRATUM)).persist()

    def counts(movies: DataFrame) -> list[int]:
        """Return the number of rows in each group."""
        rows = movies.join(grouped, on=MOVIE_ID, how="inner").groupBy(_STRATUM).count().collect()
        found = {row[_STRATUM]: row["count"] for row in rows}
        return [found.get(index, 0) for index in range(len(strata))]

    n_relevant, n_movies = counts(relevant), counts(grouped.select(MOVIE_ID))
    for group, movies, n in zip(strata, n_movies, n_relevant, strict=True):
        group |= {"movies": movies, "relevant": n}
    for model in sorted(hits):
        for group, found in zip(strata, counts(hits[model]), strict=True):
            n = group["relevant"]
            group[model] = {"recall": round(found / n, DIGITS) if n else None}
    grouped.unpersist()
    return strata


def _ranges(bounds: list[int]) -> list[dict[str, Any]]:
    lows = [1] + [bound + 1 for bound in bounds[:-1]]
    return [
        {"from_ratings": low, "to_ratings": high} for low, high in zip(lows, bounds, strict=True)
    ]
