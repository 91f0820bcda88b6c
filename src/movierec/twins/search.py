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
from movierec.twins.candidates import candidate_pairs
from movierec.twins.minhash import buckets, fit_signatures
from movierec.twins.prefix_filter import prefixes
from movierec.twins.top_pairs import TopPairs, collect_top_pairs


class _BlockSearch:
    """A search whose candidates are the sets that share a block; subclasses make the blocks."""

    def __init__(self, sets: DataFrame) -> None:
        self.sets = sets
        self.rounds: list[dict[str, Any]] = []
        """The facts of each call, for the summary."""

    def __call__(self, *, min_size: int, threshold: float) -> DataFrame:
        """Return the pairs of sets of at least `min_size` that may reach the threshold."""
        blocks, facts = self._blocks(min_size=min_size, threshold=threshold)
        candidates, sizes = candidate_pairs(blocks, threshold=threshold)
        self.rounds.append({"threshold": threshold, **facts, **asdict(sizes)})
        return candidates

    def _blocks(self, *, min_size: int, threshold: float) -> tuple[DataFrame, dict[str, Any]]:
        """Return the blocks, and facts about them for the summary."""
        raise NotImplementedError


class ExactSearch(_BlockSearch):
    """Finds every pair that reaches a threshold, by prefix filtering."""

    def _blocks(self, *, min_size: int, threshold: float) -> tuple[DataFrame, dict[str, Any]]:
        return prefixes(_above(self.sets, min_size), threshold=threshold), {}


class LshSearch(_BlockSearch):
    """Finds the pairs that share a bucket of MinHash LSH. Close it to free its memory.

    If the config gives no rows and bands, they are derived from each threshold, and a pair that
    reaches it is missed with a probability of at most `miss_probability`. If the config gives
    them, any share of the pairs may be missed.
    """

    def __init__(self, sets: DataFrame, config: LshConfig) -> None:
        super().__init__(sets)
        self._config = config
        signatures = fit_signatures(sets, hashes=config.hashes, seed=config.seed)
        self._signatures = signatures.persist(StorageLevel.MEMORY_AND_DISK)

    def _blocks(self, *, min_size: int, threshold: float) -> tuple[DataFrame, dict[str, Any]]:
        banding = self._banding(threshold)
        facts = {**asdict(banding), "miss_probability": banding.miss_probability(threshold)}
        return buckets(_above(self._signatures, min_size), banding=banding), facts

    def _banding(self, threshold: float) -> Banding:
        config = self._config
        if config.rows is not None and config.bands is not None:
            return Banding(config.rows, config.bands)
        return derive_banding(threshold, miss=config.miss_probability, hashes=config.hashes)

    def close(self) -> None:
        """Free the signatures."""
        self._signatures.unpersist()


def find_twins(sets: DataFrame, config: TwinsConfig) -> tuple[TopPairs, list[dict[str, Any]]]:
    """Return the twins by the configured method, and the facts of each round of the search."""
    if config.method == "exact":
        exact = ExactSearch(sets)
        return _collect_pairs(exact, config, config.thresholds), exact.rounds
    lsh = LshSearch(sets, config.lsh)
    top = _collect_pairs(lsh, config, config.thresholds)
    lsh.close()
    return top, lsh.rounds


def find_exact_twins(sets: DataFrame, config: TwinsConfig, *, known: TopPairs) -> TopPairs:
    """Return the true twins by the exact search, given `known` pairs of the same sets.

    If there are `config.pairs` known pairs, no true twins can be less similar than the last of
    them, so the search stops there.
    """
    complete = len(known.pairs) == config.pairs
    thresholds = [known.pairs[-1].jaccard] if complete else config.thresholds
    return _collect_pairs(ExactSearch(sets), config, thresholds)


def _collect_pairs(
    search: _BlockSearch, config: TwinsConfig, thresholds: Sequence[float]
) -> TopPairs:
    tops = collect_top_pairs(
        search.sets,
        search=search,
        floors=[config.min_movies],
        n_pairs=config.pairs,
        thresholds=thresholds,
    )
    return tops[config.min_movies]


def _above(sets: DataFrame, min_size: int) -> DataFrame:
    return sets.where(F.col(SIZE) >= min_size)
