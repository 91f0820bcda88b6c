"""The searches for twins: MinHash LSH, and the exact one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from pyspark import StorageLevel
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from movierec.config.banding import Banding, derive_banding
from movierec.config.twins import LshConfig, TwinsConfig
from movierec.data.columns import SIZE
from movierec.twins.minhash import buckets, fit_signatures
from movierec.twins.prefix_filter import prefixes
from movierec.twins.top_pairs import MakeBlocks, TopPairs, collect_top_pairs


def exact_blocks(sets: DataFrame) -> MakeBlocks:
    """Return the maker of the blocks of prefix filtering, in which every similar pair meets."""
    return lambda min_size, threshold: (prefixes(_above(sets, min_size), threshold=threshold), {})


def lsh_blocks(signatures: DataFrame, config: LshConfig) -> MakeBlocks:
    """Return the maker of the buckets of MinHash LSH, from `fit_signatures`.

    If the config gives no rows and bands, they are derived from each threshold, and a pair that
    reaches it is missed with a probability of at most `miss_probability`. If the config gives
    them, any share of the pairs may be missed.
    """

    def blocks(min_size: int, threshold: float) -> tuple[DataFrame, dict[str, Any]]:
        if config.rows is not None and config.bands is not None:
            banding = Banding(config.rows, config.bands)
        else:
            miss, hashes = config.miss_probability, config.hashes
            banding = derive_banding(threshold, miss=miss, hashes=hashes)
        facts = {**asdict(banding), "miss_probability": banding.miss_probability(threshold)}
        return buckets(_above(signatures, min_size), banding=banding), facts

    return blocks


def find_twins(sets: DataFrame, config: TwinsConfig) -> tuple[TopPairs, list[dict[str, Any]]]:
    """Return the twins by the configured method, and the facts of each round of the search."""
    if config.method == "exact":
        return _collect_pairs(sets, exact_blocks(sets), config, config.thresholds)
    signatures = fit_signatures(sets, hashes=config.lsh.hashes, seed=config.lsh.seed)
    signatures = signatures.persist(StorageLevel.MEMORY_AND_DISK)
    found = _collect_pairs(sets, lsh_blocks(signatures, config.lsh), config, config.thresholds)
    signatures.unpersist()
    return found


def find_exact_twins(sets: DataFrame, config: TwinsConfig, *, known: TopPairs) -> TopPairs:
    """Return the true twins by the exact search, given `known` pairs of the same sets.

    If there are `config.pairs` known pairs, no true twins can be less similar than the last of
    them, so the search stops there.
    """
    complete = len(known.pairs) == config.pairs
    thresholds = [known.pairs[-1].jaccard] if complete else config.thresholds
    return _collect_pairs(sets, exact_blocks(sets), config, thresholds)[0]


def _collect_pairs(
    sets: DataFrame, blocks: MakeBlocks, config: TwinsConfig, thresholds: Sequence[float]
) -> tuple[TopPairs, list[dict[str, Any]]]:
    floor, n_pairs = config.min_movies, config.pairs
    tops, rounds = collect_top_pairs(
        sets, blocks=blocks, floors=[floor], n_pairs=n_pairs, thresholds=thresholds
    )
    return tops[floor], rounds


def _above(sets: DataFrame, min_size: int) -> DataFrame:
    return sets.where(F.col(SIZE) >= min_size)
