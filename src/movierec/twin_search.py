"""The searches for twins: MinHash LSH, and the exact one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from pyspark import StorageLevel
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from movierec.banding import Banding, derive_banding
from movierec.candidates import candidate_pairs
from movierec.columns import SIZE
from movierec.config_twins import LshConfig, TwinsConfig
from movierec.minhash import buckets, fit_signatures
from movierec.prefixes import prefixes
from movierec.twins import Top, collect_tops


@dataclass
class ExactSearch:
    """Finds every pair that reaches a threshold, by the rarest movies of each set."""

    sets: DataFrame
    rounds: list[dict[str, Any]] = field(default_factory=list)
    """What each call did, for the summary."""

    def __call__(self, *, min_size: int, threshold: float) -> DataFrame:
        """Return candidates that hold every pair of the threshold."""
        return self._pairs(prefixes(_above(self.sets, min_size), threshold=threshold), threshold)

    def _pairs(self, blocks: DataFrame, threshold: float, **facts: Any) -> DataFrame:
        candidates, sizes = candidate_pairs(blocks, threshold=threshold)
        self.rounds.append({"threshold": threshold, **facts, **asdict(sizes)})
        return candidates


class LshSearch(ExactSearch):
    """Finds a pair of the threshold or above with the probability that the config asks for."""

    def __init__(self, sets: DataFrame, config: LshConfig) -> None:
        super().__init__(sets)
        self._config = config
        signatures = fit_signatures(sets, hashes=config.hashes, seed=config.seed)
        self._signatures = signatures.persist(StorageLevel.MEMORY_AND_DISK)

    def __call__(self, *, min_size: int, threshold: float) -> DataFrame:
        """Return the pairs that share a bucket and may reach the threshold."""
        banding = self._banding(threshold)
        return self._pairs(
            buckets(_above(self._signatures, min_size), banding=banding),
            threshold,
            **asdict(banding),
            miss_probability=banding.miss_probability(threshold),
        )

    def _banding(self, threshold: float) -> Banding:
        config = self._config
        if config.rows is not None and config.bands is not None:
            return Banding(config.rows, config.bands)
        return derive_banding(threshold, miss=config.miss_probability, hashes=config.hashes)

    def close(self) -> None:
        """Free the signatures."""
        self._signatures.unpersist()


def find_twins(sets: DataFrame, config: TwinsConfig) -> tuple[Top, list[dict[str, Any]]]:
    """Return the twins by the configured method, and what each round of the search did."""
    if config.method == "exact":
        exact = ExactSearch(sets)
        return _only_top(exact, config, config.thresholds), exact.rounds
    lsh = LshSearch(sets, config.lsh)
    top = _only_top(lsh, config, config.thresholds)
    lsh.close()
    return top, lsh.rounds


def find_exactly(sets: DataFrame, config: TwinsConfig, *, known: Top) -> Top:
    """Return the true twins by the exact search, given pairs of the same sets that are known.

    Where these are as many as asked for, none less similar than the last of them can be among the
    true ones, so that the search goes just that far.
    """
    complete = len(known.pairs) == config.pairs
    thresholds = [known.pairs[-1].jaccard] if complete else config.thresholds
    return _only_top(ExactSearch(sets), config, thresholds)


def _only_top(search: ExactSearch, config: TwinsConfig, thresholds: Sequence[float]) -> Top:
    tops = collect_tops(
        search.sets,
        search=search,
        floors=[config.min_movies],
        n_pairs=config.pairs,
        thresholds=thresholds,
    )
    return tops[config.min_movies]


def _above(sets: DataFrame, min_size: int) -> DataFrame:
    return sets.where(F.col(SIZE) >= min_size)
