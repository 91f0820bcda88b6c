"""How much a segmentation depends on the users, on the start, and on the seed of ALS.

A bootstrap resamples the users, clusters them, and assigns all users to its centres. Two bootstraps
agree by the adjusted Rand index (Hubert and Arthur, Comparing Partitions, 1985): 1 for equal
partitions, about 0 for independent ones. Steinley (Properties of the Hubert-Arthur Adjusted Rand
Index, 2004) calls .80 good and .90 excellent. Factors of fits with different seeds are rotated
against each other, so partitions are compared and never centres.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import Final

import numpy as np
import numpy.typing as npt

from movierec.data.arrays import Floats
from movierec.segments.clustering import Labels, Singles, cluster_best, nearest_centres

STABLE_JACCARD: Final = 0.75
"""From this on a single segment is stable, by Hennig (see `best_jaccards`)."""
_CELLS_PER_BATCH = 1 << 24
"""Of bootstraps times points: bounds the memory of a batch to some hundred megabytes."""


def bootstrap_labels(
    fits: Sequence[Singles], k: int, *, bootstraps: int, starts: int, rng: np.random.Generator
) -> Labels:
    """Return the labels [bootstraps, n] of all users in each bootstrap.

    `fits` hold the points [n, rank] of the same users by fits with different seeds; the bootstraps
    take turns with them. Each is the cheapest of its starts.
    """
    n = len(fits[0])
    labels = np.empty((bootstraps, n), np.int16)
    for number, points in enumerate(fits):
        own = np.arange(number, bootstraps, len(fits))
        for some in np.array_split(own, max(1, -(-len(own) * starts * n // _CELLS_PER_BATCH))):
            drawn = [np.bincount(rng.integers(n, size=n), minlength=n) for _ in some]
            weights = np.array(drawn, np.float32)
            centres = cluster_best(points, weights, k, starts=starts, rng=rng)
            for one, own_centres in zip(some, centres, strict=True):
                labels[one], _ = nearest_centres(points, own_centres)
    return labels


def pairwise_rand(labels: Labels) -> Floats:
    """Return the adjusted Rand index of each pair of the rows of labels [m, n], in order.

    1 for two partitions that both put all users into one segment.
    """
    k = int(labels.max()) + 1
    members = _members(labels, k)
    m, n = labels.shape
    common = (members @ members.T).astype(np.float64).reshape(m, k, m, k)
    together = _pairs(common).sum(axis=(1, 3))
    own = _pairs(members.sum(axis=1, dtype=np.float64).reshape(m, k)).sum(axis=1)
    expected = own[:, None] * own[None, :] / max(1.0, n * (n - 1) / 2)
    most = (own[:, None] + own[None, :]) / 2
    room = most - expected
    indices = np.where(room > 0, (together - expected) / np.where(room > 0, room, 1), 1.0)
    return np.array([indices[pair] for pair in combinations(range(m), 2)])


def best_jaccards(segments: Labels, bootstraps: Labels, *, k: int) -> Floats:
    """Return each segment's mean over bootstraps of the best Jaccard similarity with a cluster.

    `segments` [n] are labels from 0 to k − 1, or −1 for users who do not count; a segment without
    a user has 0. Source: Hennig, Cluster-wise Assessment of Cluster Stability, 2007.
    """
    inside = segments >= 0
    segments, bootstraps = segments[inside], bootstraps[:, inside]
    if not len(segments):
        return np.zeros(k)
    own = _members(segments[None, :], k)
    width = int(bootstraps.max()) + 1
    theirs = _members(bootstraps, width)
    common = (own @ theirs.T).astype(np.float64)
    union = own.sum(axis=1)[:, None] + theirs.sum(axis=1)[None, :] - common
    jaccards = common / np.where(union > 0, union, 1)
    return np.asarray(jaccards.reshape(k, len(bootstraps), width).max(axis=2).mean(axis=1))


def _members(labels: Labels, k: int) -> npt.NDArray[np.float32]:
    """Return who is in which cluster as [m · k, n]; counts below 2^24 are exact in singles."""
    m, n = labels.shape
    members = np.zeros((m, k, n), np.float32)
    np.put_along_axis(members, labels.astype(np.int64)[:, None, :], 1, axis=1)
    return members.reshape(m * k, n)


def _pairs(counts: Floats) -> Floats:
    return counts * (counts - 1) / 2
