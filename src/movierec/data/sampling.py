"""Random samples that are the same at any partitioning: drawn by hashes of a seed and a key."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from functools import reduce

import numpy as np
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from movierec.data.columns import MIN_MOVIES, SIZE, USER_ID

_SAMPLE_STEPS = 1_000_000
# Users, for each pair asked for, from whom pairs are drawn: enough for pairs to share few users.
_USERS_A_PAIR = 10


def sample_users(ratings: DataFrame, *, fraction: float, seed: int) -> DataFrame:
    """Keep all ratings of about this fraction of the users, drawn by a hash of seed and user.

    A larger fraction holds every user of a smaller one.
    """
    if fraction >= 1.0:
        return ratings
    place = F.pmod(F.xxhash64(F.lit(seed), F.col(USER_ID)), F.lit(_SAMPLE_STEPS))
    return ratings.where(place < round(fraction * _SAMPLE_STEPS))


def collect_random_pairs(
    activity: DataFrame, *, floors: Sequence[int], n_pairs: int, seed: int
) -> dict[int, list[tuple[int, int]]]:
    """Return random pairs of different users with at least each floor of movies.

    `activity` holds `user_id` and `size`, the number of movies. Each pair stands once, the
    smaller id first; all pairs where there are fewer than `n_pairs`. Where there are many users,
    pairs are drawn among a random sample of them.
    """
    drawn = F.xxhash64(F.lit(seed), F.col(USER_ID))
    samples = [
        activity.where(F.col(SIZE) >= floor)
        .orderBy(drawn, USER_ID)
        .limit(n_pairs * _USERS_A_PAIR)
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
    """Return so many different pairs of the rising users, or all, each equally likely.

    >>> draw_pairs([3, 5, 8], n_pairs=10, seed=1)
    [(3, 5), (3, 8), (5, 8)]
    """
    total = len(users) * (len(users) - 1) // 2
    if total <= n_pairs:
        return list(itertools.combinations(users, 2))
    places = np.sort(np.random.default_rng(seed).choice(total, size=n_pairs, replace=False))
    # Pairs in their order by smaller, then larger user: where each smaller one's begin.
    starts = np.concatenate([[0], np.cumsum(np.arange(len(users) - 1, 0, -1))])
    first = np.searchsorted(starts, places, side="right") - 1
    second = places - starts[first] + first + 1
    return [(users[a], users[b]) for a, b in zip(first, second, strict=True)]
