"""How many segments: the most useful number of those that are stable."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from movierec.config.segments import SegmentsConfig
from movierec.segments.clustering import Clustering, Labels, Singles, cluster, nearest_centres
from movierec.segments.stability import (
    STABLE_JACCARD,
    best_jaccards,
    bootstrap_labels,
    pairwise_rand,
)
from movierec.segments.usefulness import UNASSIGNED, Heldout

_STARTS_PER_BOOTSTRAP = 5
"""With fewer, resamples of ml-latest-small differ in how well they are clustered (decision 20)."""
_FEWEST_PER_SEGMENT = 2


@dataclass(frozen=True)
class Size:
    """One number of segments."""

    k: int
    median_ari: float
    least_jaccard: float
    """The lowest of the segments' `best_jaccards`."""
    ndcg: float
    """The mean over the sample, on validation, with the lists of the segments."""
    bootstraps: Labels
    """[bootstraps, resampled users]"""
    centres: Singles
    """[k, rank]: of the segments of the sample."""


def generator(seed: int, *purpose: int) -> np.random.Generator:
    """Return random numbers that depend on seed and purpose, not on what was drawn before."""
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, *purpose])))


def feasible_sizes(sizes: Sequence[int], *, n_users: int) -> list[int]:
    """Return the sizes that so few users leave, rising; one segment if they leave none.

    >>> feasible_sizes((8, 2, 4), n_users=9), feasible_sizes((2, 4), n_users=3)
    ([2, 4], [1])
    """
    return sorted(k for k in sizes if k * _FEWEST_PER_SEGMENT <= n_users) or [1]


def clustering_of(points: Singles, k: int, config: SegmentsConfig) -> Clustering:
    """Return k segments of these points; equal points have equal segments."""
    return cluster(points, k, starts=config.starts, rng=generator(config.seed, 1, k))


def measure_size(
    k: int,
    fits: Sequence[Singles],
    *,
    points: Singles,
    clustered: npt.NDArray[np.bool_],
    heldout: Heldout,
    config: SegmentsConfig,
) -> Size:
    """Return the stability and the usefulness of k segments.

    `fits` are the points of the resampled users by each fit of ALS. `points` are those of the
    sample that is evaluated on validation, of which `clustered` shape the segments.
    """
    bootstraps = bootstrap_labels(
        fits,
        k,
        bootstraps=config.bootstraps,
        starts=_STARTS_PER_BOOTSTRAP,
        rng=generator(config.seed, 2, k),
    )
    centres = clustering_of(points[clustered], k, config).centres
    nearest = (points @ centres.T).argmax(axis=1).astype(np.int16)
    labels = np.where((points != 0).any(axis=1), nearest, np.int16(UNASSIGNED))
    ndcg = heldout.mean_ndcg(labels, n_segments=len(centres), pseudo_likes=config.pseudo_likes)
    own, _ = nearest_centres(fits[0], centres)
    jaccards = best_jaccards(own, bootstraps, k=len(centres))
    rand = float(np.median(pairwise_rand(bootstraps)))
    return Size(k, rand, float(jaccards.min()), ndcg, bootstraps, centres)


def choose(sizes: Sequence[Size], *, min_ari: float) -> tuple[Size, bool]:
    """Return the size to take, and whether it is stable.

    The most useful of the sizes with a median index of at least `min_ari`, none of whose segments
    is less than stable; without any, the size with the highest index. Of equals, the smaller. One
    segment for all is never called stable.
    """
    able = [one for one in sizes if one.k > 1 and one.least_jaccard >= STABLE_JACCARD]
    stable = [one for one in able if one.median_ari >= min_ari]
    if stable:
        return max(stable, key=lambda one: (one.ndcg, -one.k)), True
    return max(sizes, key=lambda one: (one.median_ari, -one.k)), False
