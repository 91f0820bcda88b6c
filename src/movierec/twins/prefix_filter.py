"""Prefix filtering: the blocks of the exact search, which misses no similar pair.

If all sets list their movies in the same order, two sets with a similarity of at least t share a
movie among their first few. With the rarest movies first, few sets share these. Sources: Bayardo,
Ma and Srikant, "Scaling up all pairs similarity search", 2007; Xiao, Wang, Lin and Yu, "Efficient
similarity joins for near duplicate detection", 2008.
"""

from __future__ import annotations

from typing import Final

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from movierec.data.columns import BLOCK, LEADS, MOVIES, SIZE
from movierec.twins.candidates import BLOCK_COLUMNS

# Prevents rounding up a product such as 0.7 * 10, which is 7.000000000000001 in doubles.
_SLACK: Final = 1e-9
_POSITION = "position"


def prefixes(sets: DataFrame, *, threshold: float) -> DataFrame:
    """Return one row per set and movie of its prefix; a movie is a block.

    A pair (a, b) with |a| <= |b| and similarity t has |a ∩ b| >= t·|b|, and by the union's size
    |a ∩ b| >= t / (1 + t) · (|a| + |b|) >= 2t / (1 + t) · |a|. If at least m of a set's n movies
    are common, one of its first n - m + 1 is: the others are fewer than m. So the smaller set of
    a pair needs a shorter prefix, and only the rows of that prefix lead.
    """
    prefix = F.slice(F.col(MOVIES), F.lit(1), _prefix_length(share=threshold))
    exploded = sets.select("*", F.posexplode(prefix).alias(_POSITION, "movie"))
    leads = F.col(_POSITION) < _prefix_length(share=2 * threshold / (1 + threshold))
    return (
        exploded.withColumn(BLOCK, F.col("movie").cast("long"))
        .withColumn(LEADS, leads)
        .select(*BLOCK_COLUMNS)
    )


def _prefix_length(*, share: float) -> Column:
    least_common = F.ceil(F.col(SIZE) * share - _SLACK).cast("int")
    return F.col(SIZE) - least_common + 1
