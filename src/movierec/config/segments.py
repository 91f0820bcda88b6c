"""The config section `segments`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from movierec.config.fields import Fraction, ListOf, Range, Seed

Space = Literal["factors", "scores", "likeness"]


@dataclass(frozen=True, kw_only=True)
class SegmentsConfig:
    """Segments of all users: clusters of the factors of tuned ALS on train."""

    sizes: Annotated[tuple[int, ...], ListOf(Range(2, 100))] = (2, 3, 4, 5, 6, 8, 10, 15, 20)
    """Numbers of segments to try. The most useful of the stable ones is taken."""
    space: Space = "likeness"
    """What of a user is clustered: the `factors` themselves, the `scores` that they give to all
    movies, or the `likeness` of these scores to those of every other user."""
    min_ratings: Annotated[int, Range(1, 1_000_000)] = 10
    """Users with fewer training ratings are assigned to a segment, but shape none."""
    starts: Annotated[int, Range(1, 1000)] = 10
    """Starts of the clustering; the cheapest is kept."""
    bootstraps: Annotated[int, Range(2, 1000)] = 100
    """Resamples of the users, by which the stability is measured."""
    refits: Annotated[int, Range(0, 20)] = 2
    """Fits of ALS with other seeds; the bootstraps take turns with them and the tuned one."""
    bootstrap_users: Annotated[int, Range(10, 100_000)] = 2000
    """Users, drawn at random, whom the bootstraps resample."""
    sample_users: Annotated[int, Range(10, 1_000_000)] = 5000
    """Users, drawn at random, on whom refits, random segmentations and traits are computed."""
    min_ari: Fraction = 0.8
    """A number of segments is stable if the median adjusted Rand index is at least this, and each
    segment is."""
    pseudo_likes: Annotated[float, Range(0.0, 1e9)] = 500.0
    """Likes of all users that are mixed into those of a segment, for its list."""
    shuffles: Annotated[int, Range(1, 10_000)] = 200
    """Random segmentations of the same sizes, which a useful one surpasses."""
    false_discoveries: Fraction = 0.01
    """The share of the traits that may be due to chance."""
    min_lift: Annotated[float, Range(1.0, 100.0)] = 1.2
    """The least ratio, up or down, of a trait's shares of the likes of segment and others."""
    seed: Seed = 1
    """Draws starts, resamples, samples and random segments; refits count up from `als.seed`."""
