"""Every key that can be configured, with its type, its range, its default and its meaning."""

from __future__ import annotations

import fractions
from dataclasses import dataclass, field
from typing import Annotated, Literal

from movierec.config.fields import Fraction, ListOf, Range, Seed
from movierec.config.segments import SegmentsConfig
from movierec.config.twins import TwinsConfig

Feedback = Literal["rating", "liked", "signed"]
EaseFeedback = Literal["soft", "liked", "rating"]
Ranks = Annotated[tuple[int, ...], ListOf(Range(1, 1024))]
Engine = Literal["spark", "blocks"]
RegParams = Annotated[tuple[float, ...], ListOf(Range(0.0, 1000.0))]
# Shares are computed exactly, in 64-bit integers, from their decimal digits.
_SHARE_DIGITS = 10


@dataclass(frozen=True, kw_only=True)
class GenerateConfig:
    """The size of an archive that the suite generates itself."""

    users: Annotated[int, Range(1, 10_000_000)]
    """Users, each with at least one rating."""
    movies: Annotated[int, Range(1, 1_000_000)]
    """Movies, of which some have no rating."""
    ratings: Annotated[int, Range(1, 2_000_000_000)]
    """Ratings of all users together."""
    seed: Seed = 1
    """Draws the archive: equal sizes and seed give equal bytes."""


@dataclass(frozen=True, kw_only=True)
class SourceConfig:
    """Where the MovieLens archive is and how much of it may be bad."""

    archive: str
    """The zip: a path, or a URI under file:, hdfs: or gs:."""
    url: str | None = None
    """The address that `make data` downloads it from."""
    generate: GenerateConfig | None = None
    """The size of the archive that is generated if there is none; null: none is generated."""
    sha256: str | None = None
    """The archive's checksum, checked at ingest; null: any archive is taken."""
    layout: Literal["auto", "latest", "kaggle", "ml-1m", "ml-10m", "ml-100k"] = "auto"
    """How the archive names and writes its files; `auto` recognises it."""
    max_rejected_fraction: Annotated[float, Range(0.0, 1.0)] = 0.001
    """Ingest fails if a larger share of the rows of a file is bad."""
    expected_ratings: Annotated[int, Range(1, 2**40)] | None = None
    """The published number of ratings, checked at ingest; null: any number is taken."""


@dataclass(frozen=True, kw_only=True)
class PartitionConfig:
    """How ratings are split into train, validation and test."""

    strategy: Literal["per_user_chronological", "per_user_random", "global_time"] = (
        "per_user_chronological"
    )
    """Split each user's ratings by time or at random, or all users' at the same moments."""
    train: Fraction = 0.6
    """The share of the ratings in train; the three shares add up to 1."""
    validation: Fraction = 0.2
    """The share of the ratings in validation."""
    test: Fraction = 0.2
    """The share of the ratings in test."""
    seed: Seed = 1
    """Draws the split of `per_user_random`; the other strategies draw nothing."""
    min_ratings_per_user: Annotated[int, Range(1, 1_000_000)] = 1
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
    """The recommendation lists and how they are measured."""

    k: Annotated[int, Range(1, 10_000)] = 100
    """The length of the recommendation lists, and the k of every metric."""
    relevant_rating: Annotated[float, Range(0.5, 5.0)] = 4.0
    """A held-out rating of at least this many stars makes a movie relevant."""
    candidates: Literal["unseen", "heldout_only"] = "unseen"
    """`unseen` ranks every movie that the user has not seen. `heldout_only` ranks only the user's
    held-out movies, which inflates every metric; it is for comparison."""
    bootstrap: Annotated[int, Range(100, 100_000)] = 1000
    """Resamples of the users, for intervals and p-values."""
    seed: Seed = 1
    """Draws the resamples and the random lists."""
    strata: Annotated[int, Range(1, 20)] = 4
    """Groups of users by activity and of movies by popularity."""


@dataclass(frozen=True, kw_only=True)
class PopularityConfig:
    """The variants of the baseline; the best on validation is the baseline."""

    dampings: Annotated[tuple[float, ...], ListOf(Range(0.0, 1e9))] = (5.0, 20.0, 100.0)
    """Weights, in ratings, of the global mean in the damped mean; one variant for each."""
    min_ratings: Annotated[int, Range(1, 1_000_000_000)] = 5
    """A movie with fewer training ratings has no damped mean."""
    half_lives: Annotated[tuple[float, ...], ListOf(Range(0.001, 1e6))] = (90.0, 365.0)
    """Days after which a like counts half; one variant for each."""


@dataclass(frozen=True, kw_only=True)
class HalvingConfig:
    """Successive halving: all trials on a sample of users, the best ones on larger samples."""

    initial_fraction: Annotated[float, Range(0.0, 1.0, open_ends=True)] = 0.25
    """The share of the users in the first sample."""
    min_users: Annotated[int, Range(1, 100_000_000)] = 100
    """The fewest users in the first sample, whatever `initial_fraction` says."""
    eta: Annotated[int, Range(2, 10)] = 2
    """Each round keeps one trial in `eta`, and takes `eta` times as many users."""
    finalists: Annotated[int, Range(1, 1000)] = 4
    """Trials fitted to all users."""


@dataclass(frozen=True, kw_only=True)
class ImplicitConfig:
    """The grid of ALS with implicit feedback, in Spark's parameters."""

    rank: Ranks = (16, 32, 64)
    """Numbers of factors."""
    reg_param: RegParams = (0.05, 0.1, 0.2)
    """Weights of the regularisation."""
    alpha: Annotated[tuple[float, ...], ListOf(Range(0.0, 10_000.0))] = (1.0, 2.0, 4.0)
    """Weights of a rating's size in the confidence."""
    feedback: Annotated[tuple[Feedback, ...], ListOf(None)] = ("signed",)
    """The value that ALS sees of a rating: its stars, 1 if liked, or its distance from `pivot`."""


@dataclass(frozen=True, kw_only=True)
class ExplicitConfig:
    """The grid of explicit ALS, which predicts stars; it is shown for contrast."""

    rank: Ranks = (16, 64)
    """Numbers of factors."""
    reg_param: RegParams = (0.01, 0.02, 0.05)
    """Weights of the regularisation."""


@dataclass(frozen=True, kw_only=True)
class EaseConfig:
    """The grid of EASE; every point of it is tried, on all users."""

    feedback: Annotated[tuple[EaseFeedback, ...], ListOf(None)] = ("soft", "liked")
    """The value of a rating: (stars − 2) / 3, from 0.05 to 1; 1 if liked, else 0; its stars."""
    reg_param: Annotated[tuple[float, ...], ListOf(Range(0.0, 1e6))] = (100.0, 200.0, 400.0)
    """Weights of the regularisation, λ."""
    movies: Annotated[tuple[int, ...], ListOf(Range(1, 50_000))] = (3000,)
    """Numbers of movies that it knows, the most rated ones. The time of a fit grows with the third
    power, its memory with the second: docs/evaluation.md says how much."""


@dataclass(frozen=True, kw_only=True)
class TuningConfig:
    """The search for the parameters of ALS and EASE, judged on validation."""

    strategy: Literal["grid", "random", "successive_halving"] = "grid"
    """Try all points of the grid, some at random, or all on few users and the best on all users."""
    metric: Literal["ndcg", "map", "precision", "recall"] = "ndcg"
    """The metric, at `evaluation.k`, whose highest value wins."""
    seed: Seed = 1
    """Draws the users of a sample, and the trials of `random`."""
    engine: Engine = "blocks"
    """What fits the trials of ALS: see `als.engine`, which fits the only point of a grid, too."""
    draws: Annotated[int, Range(1, 100_000)] = 20
    """Trials that `random` draws from the grid, without replacement."""
    halving: HalvingConfig = field(default_factory=HalvingConfig)
    pivot: Annotated[float, Range(0.0, 5.0)] = 3.0
    """The stars that `signed` feedback takes for neutral."""
    implicit: ImplicitConfig = field(default_factory=ImplicitConfig)
    explicit: ExplicitConfig = field(default_factory=ExplicitConfig)
    ease: EaseConfig = field(default_factory=EaseConfig)


@dataclass(frozen=True, kw_only=True)
class AlsConfig:
    """Parameters of every fit of ALS. Other block counts give other factors."""

    engine: Engine = "spark"
    """What fits the models that are reported and delivered: Spark's ALS, or `blocks`, which makes
    the same factors but for rounding, some three times faster."""
    max_iter: Annotated[int, Range(1, 1000)] = 15
    """Iterations."""
    num_user_blocks: Annotated[int, Range(1, 10_000)] | None = None
    """Blocks of users. null: one for every 4.25 million ratings, at least two."""
    num_item_blocks: Annotated[int, Range(1, 10_000)] | None = None
    """Blocks of movies, likewise."""
    checkpoint_interval: Annotated[int, Range(1, 1000)] = 10
    """Iterations between checkpoints, which cut the lineage."""
    seed: Seed = 1
    """Draws the initial factors."""


@dataclass(frozen=True, kw_only=True)
class DeliverConfig:
    """The lists for everybody, by a tuned model fitted to all ratings."""

    model: Literal["best", "als", "ease"] = "best"
    """The model. `best`: the one with the highest `tuning.metric` on validation; if popularity is
    at least as good, everybody gets the popularity list."""
    min_ratings: Annotated[int, Range(1, 1_000_000)] = 5
    """Users with fewer ratings get the popularity list."""


@dataclass(frozen=True, kw_only=True)
class Config:
    """A conf file of the pipeline."""

    workspace: str = "file:workspace"
    """The directory of all results: a path, or a URI under file:, hdfs: or gs:."""
    source: SourceConfig
    partition: PartitionConfig = field(default_factory=PartitionConfig)
    evaluation: EvaluationConfig = field(default_factory=EvaluationConfig)
    popularity: PopularityConfig = field(default_factory=PopularityConfig)
    tuning: TuningConfig = field(default_factory=TuningConfig)
    als: AlsConfig = field(default_factory=AlsConfig)
    deliver: DeliverConfig = field(default_factory=DeliverConfig)
    segments: SegmentsConfig = field(default_factory=SegmentsConfig)
    twins: TwinsConfig = field(default_factory=TwinsConfig)
