"""What the segments are worth beside chance and beside a rival, on a sample of the users."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from movierec.config.segments import SegmentsConfig
from movierec.data.arrays import Floats
from movierec.data.rounding import DIGITS
from movierec.segments.clustering import Labels, Singles, unit_rows
from movierec.segments.selection import clustering_of, generator
from movierec.segments.stability import pairwise_rand
from movierec.segments.traits import Likes, Traits
from movierec.segments.usefulness import UNASSIGNED, Heldout

_PERCENTILE = 99


@dataclass(frozen=True)
class Worth:
    """NDCG of lists on each held-out split, as multiples of those of all users' likes."""

    lift: dict[str, float | None]
    shuffled_p99: dict[str, float | None]
    """The 99th percentile of random segmentations of equal sizes."""
    rival: dict[str, Any]
    """Of segments of the same number by genres: lift, adjusted Rand index with ours, and how many
    users of each of ours (rows) are in each of the rival's."""


def measure_worth(
    labels: Labels,
    rival: Labels,
    *,
    heldout: Mapping[str, Heldout],
    n_segments: int,
    config: SegmentsConfig,
) -> Worth:
    """Return what the segments of a sample are worth; labels are −1 for users in none."""
    lifts, random, rivals = {}, {}, {}
    for number, (split, one) in enumerate(heldout.items()):
        measure = partial(one.mean_ndcg, n_segments=n_segments, pseudo_likes=config.pseudo_likes)
        base = measure(np.full(len(labels), UNASSIGNED, np.int16))
        lifts[split] = _over(base, measure(labels))
        rivals[split] = _over(base, measure(rival))
        rng = generator(config.seed, 3, number)
        # their lists are made of their own users' likes, with equal shrinkage: they gain by luck
        means = [measure(rng.permutation(labels)) for _ in range(config.shuffles)]
        random[split] = _over(base, float(np.percentile(means, _PERCENTILE)))
    both = (labels >= 0) & (rival >= 0)
    width = max(1, n_segments)
    table = np.bincount(labels[both] * width + rival[both], minlength=width * width)
    agree = pairwise_rand(np.array([labels[both], rival[both]])) if both.any() else np.ones(1)
    return Worth(
        lifts,
        random,
        {
            "of": "genres of the likes",
            "lift": rivals,
            "ari": round(float(agree[0]), DIGITS),
            "transition": table.reshape(width, width).tolist(),
        },
    )


def genre_segments(
    genres: Traits,
    likes: Likes,
    *,
    clustered: npt.NDArray[np.bool_],
    n_segments: int,
    config: SegmentsConfig,
) -> Labels:
    """Return segments of the users by the genres of their likes, the rival of those by factors.

    `clustered` marks the users who shape them, of both alike.
    """
    profile = np.zeros((likes.n_users, max(1, len(genres.names))))
    np.add.at(profile, likes.user, genres.values[likes.movie].reshape(len(likes.user), -1))
    points, known = unit_rows(profile)
    found = clustering_of(points[known & clustered], n_segments, config)
    nearest = (points @ found.centres.T).argmax(axis=1).astype(np.int16)
    return np.where(known, nearest, np.int16(UNASSIGNED))


def _over(base: float, value: float) -> float | None:
    return round(value / base, DIGITS) if base else None


def user_map(points: Singles) -> Floats:
    """Return points [n, rank] in the plane in which they differ most [n, 2]: principal components.

    Each axis points to where its longest weight is positive.
    """
    centred = points.astype(np.float64) - points.mean(axis=0, dtype=np.float64)
    _, _, axes = np.linalg.svd(centred, full_matrices=False)
    plane = np.zeros((2, points.shape[1]))
    plane[: min(2, len(axes))] = axes[:2]
    longest = np.take_along_axis(plane, np.abs(plane).argmax(axis=1)[:, None], axis=1)
    return np.asarray(centred @ (plane * np.where(longest < 0, -1, 1)).T)
