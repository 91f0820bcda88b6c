"""Distributions of the ratings: by stars, by month, by user and by movie."""

from __future__ import annotations

import math
from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from movierec.data.columns import N_RATINGS, RATED_AT, RATING
from movierec.data.counts import count_ratings_by

_BIN, _COUNT, _MONTH, _SPLIT = "bin", "count", "month", "split"
_BINS_PER_DOUBLING = 2
_QUANTILES = (0.0, 0.25, 0.5, 0.75, 1.0)


def collect_star_counts(ratings: DataFrame) -> list[dict[str, Any]]:
    """Return the number of ratings with each number of stars, in ascending order."""
    rows = ratings.groupBy(RATING).count().orderBy(RATING).collect()
    return [{"stars": float(row[RATING]), "ratings": row[_COUNT]} for row in rows]


def collect_month_counts(splits: dict[str, DataFrame]) -> list[dict[str, Any]]:
    """Return the ratings of each split by month (UTC), in order; empty months are left out."""
    months: dict[str, dict[str, Any]] = {}
    for name, ratings in splits.items():
        month = F.date_format(RATED_AT, "yyyy-MM").alias(_MONTH)
        for row in ratings.groupBy(month).count().collect():
            months.setdefault(row[_MONTH], dict.fromkeys(splits, 0))[name] = row[_COUNT]
    return [{"month": month, **months[month]} for month in sorted(months)]


def collect_count_distribution(ratings: DataFrame, *, key: str) -> dict[str, Any]:
    """Return the quantiles and the histogram of the number of ratings per user or movie.

    A bin begins at each power of √2, rounded up to a whole number; empty bins are left out. Users
    and movies without a rating do not count.
    """
    counts = count_ratings_by(ratings, key=key).persist()
    points = ", ".join(map(str, _QUANTILES))
    (row,) = counts.selectExpr(f"percentile({N_RATINGS}, array({points})) AS quantiles").collect()
    # log2 may be slightly too small, which would put a power of 2 into the bin below
    index = F.floor(F.log2(N_RATINGS) * _BINS_PER_DOUBLING + 1e-9).cast("int").alias(_BIN)
    bins = counts.groupBy(index).count().orderBy(_BIN).collect()
    counts.unpersist()
    quantiles = [float(value) for value in row["quantiles"] or []]
    return {
        "quantiles": dict(zip(("min", "q1", "median", "q3", "max"), quantiles, strict=False)),
        "histogram": [{**_bounds(one[_BIN]), "count": one[_COUNT]} for one in bins],
    }


def _bounds(index: int) -> dict[str, int]:
    """Return the lowest and the highest number of ratings in a bin.

    >>> _bounds(0), _bounds(2), _bounds(6)
    ({'from': 1, 'to': 1}, {'from': 2, 'to': 2}, {'from': 8, 'to': 11})
    """
    low, high = (math.ceil(2 ** (one / _BINS_PER_DOUBLING) - 1e-9) for one in (index, index + 1))
    return {"from": low, "to": high - 1}
