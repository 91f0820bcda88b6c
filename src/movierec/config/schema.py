"""What can be configured. Every key stands in every conf file; nothing here has a default."""

from __future__ import annotations

import fractions
from dataclasses import dataclass
from typing import Annotated, Literal

from movierec.config.fields import Each, Fraction, Range, Seed
from movierec.config.twins import TwinsConfig

Feedback = Literal["rating", "liked", "signed"]
Ranks = Annotated[tuple[int, ...], Each(Range(1, 1024))]
RegParams = Annotated[tuple[float, ...], Each(Range(0.0, 1000.0))]
# Shares of counts are taken exactly, in whole numbers of 64 bits, of their decimal digits.
_SHARE_DIGITS = 10


@dataclass(frozen=True, kw_only=True)
class GenerateConfig:
    """The size of an archive that the suite generates itself."""

    users: Annotated[int, Range(1, 10_000_000)]
    movies: Annotated[int, Range(1, 1_000_000)]
    ratings: Annotated[int, Range(1, 2_000_000_000)]
    seed: Seed


@dataclass(frozen=True, kw_only=True)
class SourceConfig:
    """Where the MovieLens archive is and how much of it may be bad."""

    archive: str
    """The zip: a path, or a URI under file:, hdfs: or gs:."""
    url: str | None
    """Where `make data` downloads it from."""
    generate: GenerateConfig | None
    """The archive is generated at this size where it does not exist."""
    sha256: str | None
    """The archive's checksum. Given, it is checked at ingest and is the archive's identity."""
    layout: Literal["auto", "latest", "ml-1m", "ml-10m", "ml-100k"]
    max_rejected_fraction: Annotated[float, Range(0.0, 1.0)]
    """More rejected rows than this share of a member fail the job."""
    expected_ratings: Annotated[int, Range(1, 2**40)] | None
    """The published number of ratings, checked when given."""


@dataclass(frozen=True, kw_only=True)
class PartitionConfig:
    """How ratings are split into train, validation and test."""

    strategy: Literal["per_user_chronological", "per_user_random", "global_time"]
    train: Fraction
    validation: Fraction
    test: Fraction
    seed: Seed
    """Draws the split of `per_user_random`; the other strategies have no chance in them."""
    min_ratings_per_user: Annotated[int, Range(1, 1_000_000)]
    """Users with fewer ratings are left out of every split, and counted."""

    def problems(self) -> list[str]:
        """Return what is wrong between keys that are each right by themselves."""
        faults = [
            f"{name} must have at most ten digits after the point, not {share!r}"
            for name, share in (("train", self.train), ("validation", self.validation))
            if 10**_SHARE_DIGITS % fractions.Fraction(repr(share)).denominator
        ]
        parts = (self.train, self.validation, self.test)
        if abs(sum(parts) - 1.0) > 1e-9:
            terms = " + ".join(f"{part:g}" for part in parts)
            faults.append(f"train + validation + test must be 1, not {terms} = {sum(parts):g}")
        return faults


@dataclass(frozen=True, kw_only=True)
class EvaluationConfig:
    """What counts as a good list."""

    k: Annotated[int, Range(1, 10_000)]
    relevant_rating: Annotated[float, Range(0.5, 5.0)]
    """A held-out rating of at least this many stars makes a movie relevant."""
    candidates: Literal["unseen", "heldout_only"]
    """`unseen` ranks the whole catalogue less what the user has seen. `heldout_only` ranks only
    a user's held-out movies: the inflated protocol, for showing by how much it inflates."""
    bootstrap: Annotated[int, Range(100, 100_000)]
    """Resamples of the users behind intervals and p-values."""
    seed: Seed
    strata: Annotated[int, Range(1, 20)]
    """Groups of users by activity and of movies by popularity."""


@dataclass(frozen=True, kw_only=True)
class PopularityConfig:
    """The variants of the baseline; the best on validation is the baseline."""

    dampings: Annotated[tuple[float, ...], Each(Range(0.0, 1e9))]
    """Weights, in ratings, of the global mean in the damped mean."""
    min_ratings: Annotated[int, Range(1, 1_000_000_000)]
    """A movie with fewer training ratings has no damped mean."""


@dataclass(frozen=True, kw_only=True)
class HalvingConfig:
    """Successive halving: all trials on a sample of users, the best on ever more of them."""

    initial_fraction: Annotated[float, Range(0.0, 1.0, open_ends=True)]
    min_users: Annotated[int, Range(1, 100_000_000)]
    """The first sample is larger than `initial_fraction` if that has fewer users than this."""
    eta: Annotated[int, Range(2, 10)]
    """A rung keeps one trial in `eta` and has `eta` times the users."""
    finalists: Annotated[int, Range(1, 1000)]
    """Trials fitted on every user."""


@dataclass(frozen=True, kw_only=True)
class ImplicitConfig:
    """The grid of ALS with implicit feedback, in Spark's parameters."""

    rank: Ranks
    reg_param: RegParams
    alpha: Annotated[tuple[float, ...], Each(Range(0.0, 10_000.0))]
    feedback: Annotated[tuple[Feedback, ...], Each(None)]
    """What ALS sees of a rating: its stars, 1 for a liked movie, or its distance from `pivot`."""


@dataclass(frozen=True, kw_only=True)
class ExplicitConfig:
    """The grid of ALS on the stars themselves, for contrast."""

    rank: Ranks
    reg_param: RegParams


@dataclass(frozen=True, kw_only=True)
class TuningConfig:
    """The search for the parameters of ALS, judged on validation."""

    strategy: Literal["grid", "random", "successive_halving"]
    metric: str
    """The metric that picks the winner, such as ndcg_at_100; its number is evaluation.k."""
    seed: Seed
    draws: Annotated[int, Range(1, 100_000)]
    """Trials that `random` draws from the grid, without replacement."""
    halving: HalvingConfig
    pivot: Annotated[float, Range(0.0, 5.0)]
    """The rating that `signed` feedback takes for indifference."""
    implicit: ImplicitConfig
    explicit: ExplicitConfig


@dataclass(frozen=True, kw_only=True)
class AlsConfig:
    """What every fit of ALS shares. With other block counts it fits other factors."""

    max_iter: Annotated[int, Range(1, 1000)]
    num_user_blocks: Annotated[int, Range(1, 10_000)]
    num_item_blocks: Annotated[int, Range(1, 10_000)]
    checkpoint_interval: Annotated[int, Range(1, 1000)]
    """Iterations between checkpoints, which cut the lineage."""
    seed: Seed


@dataclass(frozen=True, kw_only=True)
class Config:
    """A whole conf file."""

    workspace: str
    """Where results live: a path, or a URI under file:, hdfs: or gs:."""
    source: SourceConfig
    partition: PartitionConfig
    evaluation: EvaluationConfig
    popularity: PopularityConfig
    tuning: TuningConfig
    als: AlsConfig
    twins: TwinsConfig

    def problems(self) -> list[str]:
        """Return what is wrong between keys that are each right by themselves."""
        k = self.evaluation.k
        metrics = [f"{name}_at_{k}" for name in ("precision", "map", "ndcg", "recall")]
        if self.tuning.metric in metrics:
            return []
        return [
            f"tuning.metric: one of {', '.join(metrics)} was expected (the number is "
            f"evaluation.k), not {self.tuning.metric!r}"
        ]
