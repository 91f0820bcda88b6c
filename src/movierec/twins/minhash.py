"""MinHash LSH: buckets that similar sets are likely to share."""

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
# HashingTF makes the vectors that MinHashLSH needs. Two movies may get the same index: about three
# pairs among 83,000 movies. This affects only signatures: overlaps are counted on the sets.
_N_FEATURES = 1 << 30


def fit_signatures(sets: DataFrame, *, hashes: int, seed: int) -> DataFrame:
    """Return the sets with their MinHash signatures by Spark's MinHashLSH, without the movies.

    `signature` is an array of `hashes` integers, equal where Spark's hashes are equal. It takes a
    fraction of the space of Spark's one-element vectors. Runs Spark to read one row.
    """
    vectors = HashingTF(
        inputCol=MOVIES, outputCol=_FEATURES, numFeatures=_N_FEATURES, binary=True
    ).transform(sets.select(SET_ID, SIZE, SKETCH, MOVIES))
    lsh = MinHashLSH(inputCol=_FEATURES, outputCol=_HASHES, numHashTables=hashes, seed=seed)
    signature = F.transform(_HASHES, lambda vector: F.xxhash64(vector)).alias(SIGNATURE)
    return lsh.fit(vectors).transform(vectors).select(SET_ID, SIZE, SKETCH, signature)


def buckets(signatures: DataFrame, *, banding: Banding) -> DataFrame:
    """Return one row per set and band; sets with equal hashes in a band share the block.

    Different bands share no block; a hash collision (2^-64) would only add a false candidate.
    """
    # One expression for all bands: an expression per band would exceed Java's code size limit.
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
