"""Random pairs of users, the control group of the twins: the same at any partitioning."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from functools import reduce

import numpy as np
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from movierec.data.columns import MIN_MOVIES, N_RATINGS, USER_ID
from movierec.data.counts import count_ratings_by

# With ten users to draw from per requested pair, few pairs share a user.
_USERS_PER_PAIR = 10


def collect_random_pairs(
    ratings: DataFrame, *, floors: Sequence[int], n_pairs: int, seed: int
) -> dict[int, list[tuple[int, int]]]:
    """Return, for each floor, random pairs of different users who rated at least that many movies.

    Each pair occurs once, the smaller id first. If there are fewer than `n_pairs` pairs, all are
    returned. If there are many users, pairs are drawn among a random sample of them.
    """
    activity = count_ratings_by(ratings, key=USER_ID)
    hashed = F.xxhash64(F.lit(seed), F.col(USER_ID))
    samples = [
        activity.where(F.col(N_RATINGS) >= floor)
        .orderBy(hashed, USER_ID)
        .limit(n_pairs * _USERS_PER_PAIR)
        .select(F.lit(floor).alias(MIN_MOVIES), USER_ID)
        for floor in floors
    ]
    rows = reduce(DataFrame.unionByName, samples).collect()
    users: dict[int, list[int]] = {floor: [] for floor in floors}
    for row in rows:
        users[row[MIN_MOVIES]].append(row[USER_ID])
    return {
        floor: draw_pairs(sorted(ids), n_pairs=n_pairs, seed=seed) for floor, ids in users.items()
    }


def draw_pairs(users: Sequence[int], *, n_pairs: int, seed: int) -> list[tuple[int, int]]:
    """Return `n_pairs` different pairs of the rising users, or all, each equally likely.

    >>> draw_pairs([3, 5, 8], n_pairs=10, seed=1)
    [(3, 5), (3, 8), (5, 8)]
    """
    total = len(users) * (len(users) - 1) // 2
    if total <= n_pairs:
        return list(itertools.combinations(users, 2))
    numbers = np.sort(np.random.default_rng(seed).choice(total, size=n_pairs, replace=False))
    # Pairs are numbered by smaller, then larger user: where the pairs of each smaller user start.
    starts = np.concatenate([[0], np.cumsum(np.arange(len(users) - 1, 0, -1))])
    first = np.searchsorted(starts, numbers, side="right") - 1
    second = numbers - starts[first] + first + 1
    return [(users[a], users[b]) for a, b in zip(first, second, strict=True)]
