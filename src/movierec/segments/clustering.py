"""Spherical k-means: clusters of directions, by the cosine to a centre.

Several clusterings of the same points run side by side, as one batch: the starts of one clustering,
or the bootstraps of a stability test, which differ in the weights of the points. Everything is
numpy with one seeded generator, so the result depends on the points and their order alone, not on
partitions. Sources: Dhillon and Modha, Concept Decompositions for Large Sparse Text Data, 2001;
Arthur and Vassilvitskii, k-means++, 2007.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Singles = npt.NDArray[np.float32]
Labels = npt.NDArray[np.int16]
_MOST_ROUNDS = 100
_ROUNDS_PER_START = 10
_CELLS_PER_BLOCK = 1 << 22
"""Of points times centres: a block holds some 16 MB of cosines."""
_SETTLED = 1e-4
"""A clustering ends if no larger share of the points changes its centre."""
_SAME_POINT = 1e-6
"""Cosines of single precision that differ by less are of one direction."""


@dataclass(frozen=True)
class Clustering:
    """One clustering of n points; centres are numbered by falling size, ties in order of rising."""

    centres: Singles
    """[k, rank]: of length 1."""
    labels: Labels
    """[n]"""
    cost: float
    """The sum of 1 − cosine of each point to its centre."""


def unit_rows(factors: npt.ArrayLike) -> tuple[Singles, npt.NDArray[np.bool_]]:
    """Return the rows [n, rank] scaled to length 1, and which have a length: others stay 0."""
    rows = np.asarray(factors, dtype=np.float32)
    lengths = np.sqrt(np.einsum("ij,ij->i", rows, rows, dtype=np.float64))
    known = np.isfinite(lengths) & (lengths > 0)
    scale = np.where(known, 1 / np.where(known, lengths, 1), 0).astype(np.float32)
    return np.where(known[:, None], rows, 0) * scale[:, None], known


def nearest_centres(points: Singles, centres: Singles) -> tuple[Labels, Singles]:
    """Return the centre with the highest cosine for each point, the first of equals, and it."""
    labels = np.empty(len(points), np.int16)
    cosines = np.empty(len(points), np.float32)
    for rows in _blocks(len(points), len(centres)):
        found = points[rows] @ centres.T
        labels[rows] = found.argmax(axis=1)
        cosines[rows] = found.max(axis=1)
    return labels, cosines


def cluster(points: Singles, k: int, *, starts: int, rng: np.random.Generator) -> Clustering:
    """Return the cheapest of several starts on points of length 1.

    There are fewer than k centres only if there are fewer directions than k.
    """
    weights = np.ones((starts, len(points)), np.float32)
    centres, costs = cluster_batch(points, weights, k, rng=rng)
    return _numbered(points, centres[int(costs.argmin())], float(costs.min()))


def refine(points: Singles, centres: Singles) -> Clustering:
    """Return the clustering of points that these centres lead to, such as those of a sample."""
    once = np.ones((1, len(points)), np.float32)
    found, costs = _improve(points, once, centres[None], rounds=_MOST_ROUNDS)
    return _numbered(points, found[0], float(costs[0]))


def _numbered(points: Singles, chosen: Singles, cost: float) -> Clustering:
    """Return the clustering of centres, by falling number of points, without those of none."""
    k = len(chosen)
    labels, _ = nearest_centres(points, chosen)
    sizes = np.bincount(labels, minlength=k)
    order = np.lexsort((np.arange(k), -sizes))[: np.count_nonzero(sizes)]
    chosen = chosen[order]
    labels, _ = nearest_centres(points, chosen)
    return Clustering(chosen, labels, cost)


def cluster_batch(
    points: Singles, weights: Singles, k: int, *, rng: np.random.Generator
) -> tuple[Singles, npt.NDArray[np.float64]]:
    """Return the centres [batch, k, rank] and the costs [batch] of a clustering per row of weights.

    `weights` [batch, n] say how often each point counts. An empty cluster gets the point that is
    farthest from its centre, unless all directions have a centre already.
    """
    return _improve(points, weights, _spread_starts(points, weights, k, rng), rounds=_MOST_ROUNDS)


def cluster_best(
    points: Singles, weights: Singles, k: int, *, starts: int, rng: np.random.Generator
) -> Singles:
    """Return the centres [batch, k, rank] of `cluster_batch` from the best of several starts each.

    The starts are compared after a few rounds, and only the cheapest is carried on: it is seldom
    overtaken, and most rounds are saved.
    """
    batch = len(weights)
    repeated = np.repeat(weights, starts, axis=0)
    begun = _spread_starts(points, repeated, k, rng)
    begun, costs = _improve(points, repeated, begun, rounds=_ROUNDS_PER_START)
    best = costs.reshape(batch, starts).argmin(axis=1) + np.arange(batch) * starts
    return _improve(points, weights, begun[best], rounds=_MOST_ROUNDS)[0]


def _improve(
    points: Singles, weights: Singles, centres: Singles, *, rounds: int
) -> tuple[Singles, npt.NDArray[np.float64]]:
    """Return centres and costs after so many rounds, or when hardly a point changes its centre."""
    centres = centres.copy()
    costs = np.full(len(weights), np.inf)
    before = np.full((len(weights), len(points)), -1, np.int16)
    running = np.arange(len(weights))
    for _ in range(rounds):
        labels, found, sums = _assign_and_sum(points, weights[running], centres[running])
        costs[running] = found
        moved = np.count_nonzero(labels != before[running], axis=1)
        changed = moved > _SETTLED * len(points)
        before[running] = labels
        # who did not change keeps the centres that its cost is of
        running = running[changed]
        if not len(running):
            break
        centres[running] = _means(points, weights[running], labels[changed], sums[changed])
    return centres, costs


def _blocks(n: int, width: int) -> list[slice]:
    rows = max(1, _CELLS_PER_BLOCK // max(1, width))
    return [slice(start, min(start + rows, n)) for start in range(0, n, rows)]


def _spread_starts(points: Singles, weights: Singles, k: int, rng: np.random.Generator) -> Singles:
    """Return k-means++ starts [batch, k, rank].

    Each next centre is a point, drawn with a probability in proportion to its weight times
    1 − cosine to the nearest centre so far: half the squared distance of points of length 1.
    """
    batch = len(weights)
    centres = np.empty((batch, k, points.shape[1]), np.float32)
    nearest = np.full((batch, len(points)), -1.0, np.float32)
    for number in range(k):
        if number:
            cosines = centres[:, number - 1] @ points.T
            np.maximum(nearest, cosines, out=nearest)
        chances = weights * np.where(nearest < 1 - _SAME_POINT, 1 - nearest, 0)
        for one, draw in enumerate(rng.random(batch)):
            ladder = np.cumsum(chances[one], dtype=np.float64)
            if ladder[-1] <= 0:
                # every direction is a centre already
                ladder = np.cumsum(weights[one], dtype=np.float64)
            at = int(np.searchsorted(ladder, draw * ladder[-1], side="right"))
            centres[one, number] = points[min(at, len(points) - 1)]
    return centres


def _assign_and_sum(
    points: Singles, weights: Singles, centres: Singles
) -> tuple[Labels, npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return labels [batch, n], costs [batch], and the weighted sums [batch, k, rank]."""
    batch, k, rank = centres.shape
    flat = centres.reshape(batch * k, rank)
    labels = np.empty((batch, len(points)), np.int16)
    costs = np.zeros(batch)
    sums = np.zeros((batch * k, rank))
    first = np.arange(batch) * k
    for rows in _blocks(len(points), batch * k):
        some = points[rows]
        cosines = (some @ flat.T).reshape(len(some), batch, k)
        chosen = cosines.argmax(axis=2)
        labels[:, rows] = chosen.T
        best = np.take_along_axis(cosines, chosen[:, :, None], axis=2)[:, :, 0]
        counted = weights[:, rows].T
        costs += (counted * (1 - best)).sum(axis=0, dtype=np.float64)
        members = np.zeros((len(some), batch * k), np.float32)
        np.put_along_axis(members, chosen + first, counted, axis=1)
        sums += members.T @ some
    return labels, costs, sums.reshape(batch, k, rank)


def _means(
    points: Singles, weights: Singles, labels: Labels, sums: npt.NDArray[np.float64]
) -> Singles:
    """Return the directions of the sums; of an empty cluster, of the point farthest from a centre.

    A centre without a direction, of points that cancel out, counts as empty.
    """
    lengths = np.sqrt((sums**2).sum(axis=2))
    means = (sums / np.where(lengths > 0, lengths, 1)[:, :, None]).astype(np.float32)
    for one in np.flatnonzero((lengths == 0).any(axis=1)):
        cosines = np.einsum("ij,ij->i", points, means[one][labels[one]])
        far = np.where(weights[one] > 0, 1 - cosines, -1)
        for empty in np.flatnonzero(lengths[one] == 0):
            at = int(far.argmax())
            means[one, empty] = points[at]
            far = np.minimum(far, 1 - points @ points[at])
    return means
