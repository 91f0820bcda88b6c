"""How popular the recommended movies of each model are."""

from __future__ import annotations

from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from movierec.data.columns import MOVIE_ID, N_RATINGS
from movierec.data.counts import count_ratings_by
from movierec.data.rounding import DIGITS
from movierec.evaluation.strata import collect_bounds, stratum

_STRATUM, _RECOMMENDED, _RATINGS = "stratum", "recommended", "ratings"


def collect_popularity_bias(
    recommendations: dict[str, DataFrame], *, train: DataFrame, groups: int
) -> dict[str, dict[str, Any]]:
    """Return how popular the recommended movies are, by model.

    `recommendations` holds a model's lists by its name. `shares`: the share of all recommendations
    that falls in each group of movies, the least popular group first; the groups hold about equally
    many of the `train` ratings. `mean_ratings`: the mean number of these ratings per recommended
    movie. A movie without any is in the first group.
    """
    popularity = count_ratings_by(train, key=MOVIE_ID).persist()
    bounds = collect_bounds(popularity, groups=groups, by_ratings=True)
    n_ratings = F.coalesce(F.col(N_RATINGS), F.lit(0)).alias(N_RATINGS)
    bias = {}
    for model, lists in recommendations.items():
        # grouped before the join: there are thousands of movies, but millions of recommendations
        by_movie = lists.groupBy(MOVIE_ID).agg(F.count(F.lit(1)).alias(_RECOMMENDED))
        rows = (
            by_movie.join(popularity, on=MOVIE_ID, how="left")
            .select(_RECOMMENDED, n_ratings)
            .groupBy(stratum(bounds).alias(_STRATUM))
            .agg(
                F.sum(_RECOMMENDED).alias(_RECOMMENDED),
                F.sum(F.col(_RECOMMENDED) * F.col(N_RATINGS)).alias(_RATINGS),
            )
            .collect()
        )
        total = sum(row[_RECOMMENDED] for row in rows)
        by_group = {row[_STRATUM]: row[_RECOMMENDED] for row in rows}
        bias[model] = {
            "shares": [
                round(by_group.get(group, 0) / max(1, total), DIGITS)
                for group in range(len(bounds))
            ],
            "mean_ratings": round(sum(row[_RATINGS] for row in rows) / max(1, total), 3),
        }
    popularity.unpersist()
    return bias
