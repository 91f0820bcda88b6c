"""What can be configured about movie twins."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from movierec.config.banding import bands_needed
from movierec.config.fields import Each, Fraction, Range, Seed


@dataclass(frozen=True, kw_only=True)
class LshConfig:
    """MinHash LSH. A band of some rows is a bucket key; twins must share one key."""

    hashes: Annotated[int, Range(1, 4096)]
    """MinHash functions of a signature, an upper bound on rows × bands."""
    rows: Annotated[int, Range(1, 64)] | None
    """Hashes of a band. Null, with `bands`: both follow from threshold and `miss_probability`."""
    bands: Annotated[int, Range(1, 4096)] | None
    miss_probability: Annotated[float, Range(0.0, 1.0, open_ends=True)]
    """The chance, at most, that a pair as alike as the threshold shares no bucket.

    Without effect where rows and bands are given.
    """
    seed: Seed

    def problems(self) -> list[str]:
        """Return what is wrong between keys that are each right by themselves."""
        if (self.rows is None) != (self.bands is None):
            return ["rows and bands must both be given or both be null"]
        if self.rows is None or self.bands is None or self.rows * self.bands <= self.hashes:
            return []
        return [f"rows × bands = {self.rows * self.bands} is more than the {self.hashes} hashes"]


@dataclass(frozen=True, kw_only=True)
class CurveConfig:
    """How the twins' agreement depends on the floor on movies rated."""

    floors: Annotated[tuple[int, ...], Each(Range(1, 1_000_000))]
    users: Annotated[int, Range(2, 10_000_000)] | None
    """Users, drawn at random, on whom the curve is made; null: all."""


@dataclass(frozen=True, kw_only=True)
class DuplicatesConfig:
    """From where on a pair is taken for two accounts of one person; all three must hold."""

    common: Annotated[int, Range(1, 1_000_000)]
    """Common movies."""
    jaccard: Fraction
    equal_ratings: Fraction
    """The share of the common movies that both gave the same rating."""


@dataclass(frozen=True, kw_only=True)
class TwinsConfig:
    """The search for the user pairs with the most alike movie sets, and its proof."""

    min_movies: Annotated[int, Range(1, 1_000_000)]
    """Users with fewer rated movies take no part."""
    pairs: Annotated[int, Range(1, 100_000)]
    method: Literal["minhash_lsh", "exact"]
    thresholds: Annotated[tuple[float, ...], Each(Range(0.01, 1.0))]
    """Jaccard similarities, falling. The search takes the first at which it finds `pairs` pairs;
    less alike than the last are no twins."""
    lsh: LshConfig
    proof_users: Annotated[int, Range(2, 10_000_000)] | None
    """Users, drawn at random, on whom LSH is held against the exact search; null: all."""
    min_common: Annotated[int, Range(2, 1_000_000)]
    """With fewer common movies a pair's correlation is undefined."""
    random_pairs: Annotated[int, Range(2, 100_000)]
    resamples: Annotated[int, Range(100, 100_000)]
    """Resamples behind intervals and p-values."""
    seed: Seed
    """Draws random pairs, users and resamples."""
    curve: CurveConfig
    duplicates: DuplicatesConfig

    def problems(self) -> list[str]:
        """Return what is wrong between keys that are each right by themselves."""
        faults = []
        if list(self.thresholds) != sorted(self.thresholds, reverse=True):
            faults.append("thresholds must fall")
        if self.lsh.rows is None and self.method == "minhash_lsh":
            least = bands_needed(self.thresholds[-1], 1, miss=self.lsh.miss_probability)
            if least > self.lsh.hashes:
                faults.append(
                    f"lsh.hashes must be at least {least} to miss a pair at the last threshold, "
                    f"{self.thresholds[-1]:g}, with probability {self.lsh.miss_probability:g}, "
                    f"not {self.lsh.hashes}"
                )
        return faults
