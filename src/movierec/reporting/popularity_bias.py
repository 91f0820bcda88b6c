"""How popular the movies are that a model recommends."""

from __future__ import annotations

from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from movierec.data.columns import MOVIE_ID, N_RATINGS
from movierec.data.counts import count_ratings_by
from movierec.data.rounding import DIGITS
from movierec.evaluation.strata import collect_bounds, stratum

_STRATUM, _LISTED, _RATINGS = "stratum", "listed", "ratings"


def collect_list_bias(
    lists: dict[str, DataFrame], *, known: DataFrame, groups: int
) -> dict[str, dict[str, Any]]:
    """Return, for each model, where the movies of its lists stand in popularity.

    `shares`: the part of all recommendations that falls in each group of movies, the least popular
    first; the groups hold about equally many of the known ratings. `mean_ratings`: how many known
    ratings a recommended movie has on average. A movie without any is in the first group.
    """
    popularity = count_ratings_by(known, key=MOVIE_ID).persist()
    bounds = collect_bounds(popularity, groups=groups, by_ratings=True)
    n_ratings = F.coalesce(F.col(N_RATINGS), F.lit(0)).alias(N_RATINGS)
    found = {}
    for model, recommendations in lists.items():
        # movies are thousands where recommendations are millions
        listed = recommendations.groupBy(MOVIE_ID).agg(F.count(F.lit(1)).alias(_LISTED))
        rows = (
            listed.join(popularity, on=MOVIE_ID, how="left")
            .select(_LISTED, n_ratings)
            .groupBy(stratum(bounds).alias(_STRATUM))
            .agg(
                F.sum(_LISTED).alias(_LISTED),
                F.sum(F.col(_LISTED) * F.col(N_RATINGS)).alias(_RATINGS),
            )
            .collect()
        )
        total = sum(row[_LISTED] for row in rows)
        by_group = {row[_STRATUM]: row[_LISTED] for row in rows}
        found[model] = {
            "shares": [
                round(by_group.get(group, 0) / max(1, total), DIGITS)
                for group in range(len(bounds))
            ],
            "mean_ratings": round(sum(row[_RATINGS] for row in rows) / max(1, total), 3),
        }
    popularity.unpersist()
    return found
