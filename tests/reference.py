"""Plain-Python oracles: slow, obvious, and independent of the code they judge."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from fractions import Fraction

import numpy as np


def unseen_top_k(
    user: Sequence[float],
    movies: Mapping[int, Sequence[float]],
    seen: set[int],
    k: int,
) -> list[tuple[int, float]]:
    """Score every unseen movie, sort, cut."""
    scored = [
        (movie, float((np.asarray(user, float) * np.asarray(factors, float)).sum()))
        for movie, factors in movies.items()
        if movie not in seen
    ]
    return sorted(scored, key=lambda pair: (-pair[1], pair[0]))[:k]


def metrics(recommended: Sequence[int], relevant: set[int], k: int) -> dict[str, float]:
    """One user's metrics, by their definitions."""
    ranks = [rank for rank, movie in enumerate(recommended[:k], start=1) if movie in relevant]
    ideal = min(len(relevant), k)
    return {
        "precision": len(ranks) / k,
        "map": sum(hit / rank for hit, rank in enumerate(ranks, start=1)) / ideal,
        "ndcg": sum(1 / math.log2(rank + 1) for rank in ranks)
        / sum(1 / math.log2(rank + 1) for rank in range(1, ideal + 1)),
        "recall": len(ranks) / len(relevant),
    }


def split_sizes(n: int, train: str, validation: str) -> tuple[int, int, int]:
    """How many of a user's n ratings go to train, validation and test; halves round up."""
    half = Fraction(1, 2)
    train_end = max(1, math.floor(n * Fraction(train) + half))
    test_start = max(train_end, math.floor(n * (Fraction(train) + Fraction(validation)) + half))
    return train_end, test_start - train_end, n - test_start
