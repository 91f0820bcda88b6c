"""Users with the movies they rated, for tests of the search for twins."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from pyspark.sql import DataFrame, SparkSession


def rated(spark: SparkSession, movies: Mapping[int, set[int]]) -> DataFrame:
    """Return ratings in which the users have rated these movies."""
    rows = [
        (user, movie, 1.0 + (user * movie) % 5) for user, own in movies.items() for movie in own
    ]
    return spark.createDataFrame(rows, "user_id int, movie_id int, rating float")


def overlapping_users(
    n_users: int, *, seed: int, sizes: tuple[int, int] = (5, 40)
) -> dict[int, set[int]]:
    """Return users whose movies overlap in many degrees: each has some of an earlier one's."""
    rng: Any = np.random.default_rng(seed)
    popularity = 1 / np.arange(1, 301)
    users: dict[int, set[int]] = {}
    for user in range(1, n_users + 1):
        size = int(rng.integers(*sizes))
        own: set[int] = set()
        if users and rng.random() < 0.6:
            source = sorted(users[int(rng.choice(list(users)))])
            share = rng.choice([0.5, 0.7, 0.9, 1.0])
            own = set(rng.permutation(source)[: round(share * len(source))].tolist())
        others = rng.choice(300, size=size, replace=False, p=popularity / popularity.sum()) + 1
        users[user] = own | set(others[: max(0, size - len(own))].tolist())
    return users
