"""Counts of ratings."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from movierec.data.columns import N_RATINGS


def count_ratings_by(ratings: DataFrame, *, key: str) -> DataFrame:
    """Return how many ratings each user or movie has."""
    return ratings.groupBy(key).agg(F.count(F.lit(1)).alias(N_RATINGS))
