"""A random sample of users that is the same at any partitioning."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from movierec.data.columns import USER_ID

_SAMPLE_STEPS = 1_000_000


def sample_users(ratings: DataFrame, *, fraction: float, seed: int) -> DataFrame:
    """Keep all ratings of about this fraction of the users, chosen by a hash of seed and user.

    The sample of a larger fraction includes every user of a smaller one.
    """
    if fraction >= 1.0:
        return ratings
    bucket = F.pmod(F.xxhash64(F.lit(seed), F.col(USER_ID)), F.lit(_SAMPLE_STEPS))
    return ratings.where(bucket < round(fraction * _SAMPLE_STEPS))
