"""Exact top-k of all unseen movies: no approximation, no score left out, ties by movie id.

A list is defined by double-precision scores. They are computed only for what can be in it: movies
are searched in single precision by falling norm, and by Cauchy and Schwarz a user is done once
|user| · |next movie| falls below the user's k-th best score so far.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from movierec.catalogue import Catalogue

FIRST_CHUNK = 512
"""Movies of the first product; each further one is twice as wide."""
_RESCORED_AT_ONCE = 1 << 15


class Block(NamedTuple):
    """Some users, and movies of each of them: those seen, or the only ones to rank."""

    user_ids: npt.NDArray[np.int32]
    """[b]"""
    factors: npt.NDArray[np.floating]
    """[b, rank]"""
    rows: npt.NDArray[np.int64]
    """[m]: the user's row in the block, for each movie."""
    positions: npt.NDArray[np.int64]
    """[m]: the movie's position in the catalogue."""


class Lists(NamedTuple):
    """Recommendation lists, one entry a (user, movie), by user row and then rank."""

    rows: npt.NDArray[np.int64]
    """The user's row in the block."""
    movie_ids: npt.NDArray[np.int32]
    scores: npt.NDArray[np.float64]
    ranks: npt.NDArray[np.int32]
    """From 1."""


def unseen_top_k(block: Block, catalogue: Catalogue, *, k: int) -> Lists:
    """Return the k best movies of each user that are not among the block's own, the seen ones.

    By falling score, equal scores by rising movie id; shorter lists where fewer than k movies are
    unseen. Zero and negative scores are scores like any other. Raises ValueError for a user
    factor that is not finite.
    """
    if not np.isfinite(block.factors).all():
        raise ValueError("a user factor is not finite")
    rows, positions = _possible(block, catalogue, k)
    return candidates_top_k(block._replace(rows=rows, positions=positions), catalogue, k=k)


def candidates_top_k(block: Block, catalogue: Catalogue, *, k: int) -> Lists:
    """Return the k best of each user among the block's own movies, the candidates."""
    rows, positions = block.rows, block.positions
    users = block.factors.astype(np.float64)
    scores = np.empty(len(rows))
    for start in range(0, len(rows), _RESCORED_AT_ONCE):
        part = slice(start, start + _RESCORED_AT_ONCE)
        # A sum over the last axis adds in an order that depends on the rank alone, so that a
        # score is the same in any block; a matrix product's rounding is not.
        scores[part] = (users[rows[part]] * catalogue.factors[positions[part]]).sum(axis=1)
    movie_ids = catalogue.movie_ids[positions]
    order = np.lexsort((movie_ids, -scores, rows))
    rows = rows[order]
    starts = np.searchsorted(rows, np.arange(len(users)))
    ranks = np.arange(len(rows)) - starts[rows] + 1
    kept = ranks <= k
    chosen = order[kept]
    return Lists(rows[kept], movie_ids[chosen], scores[chosen], ranks[kept].astype(np.int32))


def _possible(
    block: Block, catalogue: Catalogue, k: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return (row, position) pairs that hold every user's exact top k, and few others."""
    n, rank = catalogue.factors.shape
    users = block.factors.astype(np.float64)
    search = block.factors.astype(np.float32)
    norms = np.sqrt((users * users).sum(axis=1))
    # A product in single precision of factors rounded to it is off by at most
    # (rank + 2) · 2^-24 · |user| · |movie| (Higham, gamma_n), and so is the threshold: twice their
    # sum keeps every movie that fell under the threshold by error alone.
    slack = norms * (catalogue.norms[0] if n else 0.0) * (rank + 2) * 2.0**-22
    best = np.full((len(users), k), -np.inf, np.float32)
    threshold = np.full(len(users), -np.inf)
    by_position = np.argsort(block.positions, kind="stable")
    seen = _Seen(block.rows[by_position], block.positions[by_position])

    active = np.arange(len(users))
    found: list[tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]] = []
    start, width = 0, FIRST_CHUNK
    while start < n and len(active):
        stop = min(n, start + width)
        scores = search[active] @ catalogue.search_factors[start:stop].T
        seen.hide(scores, active=active, start=start, n_users=len(users))
        values = np.concatenate([best[active], scores], axis=1)
        values.partition(values.shape[1] - k, axis=1)
        best[active] = values[:, -k:]
        threshold[active] = values[:, -k]
        floor = threshold[active] - slack[active]
        hits, columns = np.nonzero((scores >= floor[:, None]) & (scores > -np.inf))
        found.append((active[hits], columns + start))
        if stop < n:
            active = active[norms[active] * catalogue.norms[stop] >= floor - slack[active]]
        start, width = stop, width * 2
    if not found:
        return np.empty(0, np.int64), np.empty(0, np.int64)
    return (
        np.concatenate([rows for rows, _ in found]),
        np.concatenate([positions for _, positions in found]),
    )


class _Seen(NamedTuple):
    """Seen (row, position) pairs by rising position."""

    rows: npt.NDArray[np.int64]
    positions: npt.NDArray[np.int64]

    def hide(
        self,
        scores: npt.NDArray[np.float32],
        *,
        active: npt.NDArray[np.int64],
        start: int,
        n_users: int,
    ) -> None:
        """Set what is seen to minus infinity in scores [active users, movies from start]."""
        first, last = np.searchsorted(self.positions, (start, start + scores.shape[1]))
        row_in_scores = np.full(n_users, -1)
        row_in_scores[active] = np.arange(len(active))
        rows = row_in_scores[self.rows[first:last]]
        here = rows >= 0
        scores[rows[here], self.positions[first:last][here] - start] = -np.inf
