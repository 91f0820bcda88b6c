"""The config of movie twins."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Literal

from movierec.config.banding import bands_needed
from movierec.config.fields import Fraction, ListOf, Range, Seed


@dataclass(frozen=True, kw_only=True)
class LshConfig:
    """MinHash LSH: a signature is cut into bands of rows; candidates share at least one band."""

    hashes: Annotated[int, Range(1, 4096)] = 128
    """The most MinHash functions in a signature: rows × bands is never more."""
    rows: Annotated[int, Range(1, 64)] | None = None
    """Hashes in a band; null, with `bands`: both follow from threshold and `miss_probability`."""
    bands: Annotated[int, Range(1, 4096)] | None = None
    """Bands in a signature."""
    miss_probability: Annotated[float, Range(0.0, 1.0, open_ends=True)] = 0.001
    """The highest probability that a pair at the threshold shares no band; ignored if rows and
    bands are given."""
    seed: Seed = 1
    """Draws the hash functions."""

    def problems(self) -> list[str]:
        """Return what is wrong between keys that are each right by themselves."""
        if (self.rows is None) != (self.bands is None):
            return ["rows and bands must both be given or both be null"]
        if self.rows is None or self.bands is None or self.rows * self.bands <= self.hashes:
            return []
        return [f"rows × bands = {self.rows * self.bands} is more than the {self.hashes} hashes"]


@dataclass(frozen=True, kw_only=True)
class CurveConfig:
    """The curve: how well twins agree if only users with many ratings are compared."""

    floors: Annotated[tuple[int, ...], ListOf(Range(1, 1_000_000))] = (5, 10, 20, 50, 100, 200)
    """Numbers of rated movies below which users are left out; one point of the curve for each."""
    users: Annotated[int, Range(2, 10_000_000)] | None = None
    """Users, drawn at random, that the curve is computed on; null: all."""


@dataclass(frozen=True, kw_only=True)
class DuplicatesConfig:
    """Thresholds above which a pair counts as two accounts of one person; all three must hold."""

    common: Annotated[int, Range(1, 1_000_000)] = 20
    """Common movies."""
    jaccard: Fraction = 0.9
    """The Jaccard similarity of their movie sets."""
    equal_ratings: Fraction = 0.9
    """The share of the common movies that both users gave the same rating."""


@dataclass(frozen=True, kw_only=True)
class TwinsConfig:
    """The search for the user pairs with the most similar movie sets, and its validation."""

    min_movies: Annotated[int, Range(1, 1_000_000)] = 20
    """Users with fewer rated movies are left out."""
    pairs: Annotated[int, Range(1, 100_000)] = 100
    """The most similar pairs that are kept."""
    method: Literal["minhash_lsh", "exact"] = "minhash_lsh"
    """How candidate pairs are found."""
    thresholds: Annotated[tuple[float, ...], ListOf(Range(0.01, 1.0))] = (0.6, 0.4, 0.25, 0.15)
    """Jaccard similarities, falling. The search stops at the first that yields `pairs` pairs;
    pairs below the last are no twins."""
    lsh: LshConfig = field(default_factory=LshConfig)
    proof_users: Annotated[int, Range(2, 10_000_000)] | None = None
    """Users, drawn at random, on whom LSH is compared with the exact search; null: all."""
    min_common: Annotated[int, Range(2, 1_000_000)] = 5
    """With fewer common movies a pair's correlation is undefined."""
    random_pairs: Annotated[int, Range(2, 100_000)] = 100
    """Random pairs that twins are compared with."""
    seed: Seed = 1
    """Draws random pairs and users."""
    curve: CurveConfig = field(default_factory=CurveConfig)
    duplicates: DuplicatesConfig = field(default_factory=DuplicatesConfig)

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
