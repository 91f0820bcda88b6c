"""MinHash LSH: buckets that alike sets are likely to share."""

from __future__ import annotations

from typing import Final

from pyspark.ml.feature import HashingTF, MinHashLSH
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from movierec.config.banding import Banding
from movierec.data.columns import BLOCK, LEADS, MOVIES, SET_ID, SIZE, SKETCH
from movierec.twins.candidates import BLOCK_COLUMNS

_FEATURES, _HASHES = "features", "hashes"
SIGNATURE: Final = "signature"
# HashingTF makes the vectors that MinHashLSH wants. It may give two movies one place; among 83,000
# movies some three pairs of them, which only signatures feel: overlaps are counted on the sets.
_PLACES = 1 << 30


def fit_signatures(sets: DataFrame, *, hashes: int, seed: int) -> DataFrame:
    """Return the sets with their MinHash signatures by Spark's MinHashLSH, without the movies.

    `signature` is an array of so many whole numbers, equal where Spark's hashes are: a fraction
    of the room of the one-element vectors that Spark makes. Runs Spark to read one row.
    """
    vectors = HashingTF(
        inputCol=MOVIES, outputCol=_FEATURES, numFeatures=_PLACES, binary=True
    ).transform(sets.select(SET_ID, SIZE, SKETCH, MOVIES))
    lsh = MinHashLSH(inputCol=_FEATURES, outputCol=_HASHES, numHashTables=hashes, seed=seed)
    signature = F.transform(_HASHES, lambda vector: F.xxhash64(vector)).alias(SIGNATURE)
    return lsh.fit(vectors).transform(vectors).select(SET_ID, SIZE, SKETCH, signature)


def buckets(signatures: DataFrame, *, banding: Banding) -> DataFrame:
    """Return one row a set and band; sets whose band has equal hashes share the block.

    Different bands share no block; a hash collision (2^-64) would only add a false candidate.
    """
    # One expression for all bands: written out for each, they outgrow what Java compiles.
    keys = F.transform(
        F.sequence(F.lit(0), F.lit(banding.bands - 1)),
        lambda band: F.xxhash64(
            band, F.slice(SIGNATURE, band * banding.rows + 1, F.lit(banding.rows))
        ),
    )
    return (
        signatures.withColumn(BLOCK, F.explode(keys))
        .withColumn(LEADS, F.lit(True))
        .select(*BLOCK_COLUMNS)
    )
