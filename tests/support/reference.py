"""Plain-Python oracles: slow, obvious, and independent of the code that they check."""

from __future__ import annotations

import csv
import io
import math
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from pathlib import Path

import numpy as np


def ratings_of(archive: Path) -> list[tuple[int, int, float, int]]:
    """Read an archive's ratings: user, movie, stars and second."""
    with zipfile.ZipFile(archive) as opened:
        (name,) = (one for one in opened.namelist() if one.endswith("ratings.csv"))
        rows = csv.reader(io.StringIO(opened.read(name).decode()))
    next(rows)
    return [
        (int(user), int(movie), float(stars), int(second)) for user, movie, stars, second in rows
    ]


def movies_of(ratings: Iterable[tuple[int, int, float, int]]) -> dict[int, set[int]]:
    """Return the movies of each user."""
    movies: dict[int, set[int]] = {}
    for user, movie, *_ in ratings:
        movies.setdefault(user, set()).add(movie)
    return movies


def unseen_top_k(
    user: Sequence[float], movies: Mapping[int, Sequence[float]], seen: set[int], k: int
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


def twins(movies: Mapping[int, set[int]], n_pairs: int) -> list[tuple[int, int, float, int, int]]:
    """Compare every pair of users: (user_a, user_b, jaccard, common, union), most similar first."""
    users = sorted(movies)
    column = {movie: n for n, movie in enumerate(sorted(set().union(*movies.values())))}
    rated = np.zeros((len(users), len(column)), np.float32)
    for row, user in enumerate(users):
        rated[row, [column[movie] for movie in movies[user]]] = 1
    overlaps = (rated @ rated.T).astype(int)
    pairs = []
    for a, b in zip(*np.triu_indices(len(users), 1), strict=True):
        common = int(overlaps[a, b])
        if common:
            union = int(overlaps[a, a] + overlaps[b, b]) - common
            pairs.append((users[a], users[b], common / union, common, union))
    return sorted(pairs, key=lambda pair: (-pair[2], -pair[3], pair[0], pair[1]))[:n_pairs]
