"""Exact top-k of all unseen movies: no approximation, no score left out, ties by movie id.

A list is defined by double-precision scores. They are computed only for what can be in it: movies
are searched in single precision by falling norm, and by Cauchy and Schwarz a user is done once
|user| · |next movie| falls below the user's k-th best score so far. Both are turned for it
(search_space), which changes the norms and no score.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from movierec.ranking.catalogue import Catalogue, check_finite

FIRST_CHUNK = 256
"""Movies of the first product; each further one is twice as wide, up to a bound."""
_WIDEST_CHUNK = 8192
_RESCORED_AT_ONCE = 1 << 10


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

    def among(self, rows: npt.NDArray[np.int64], movie_ids: npt.NDArray[np.int32]) -> Lists:
        """Return the entries whose (row, movie) is one of these [m], ranked as they were."""
        kept = np.isin(_packed(self.rows, self.movie_ids), _packed(rows, movie_ids))
        return Lists(self.rows[kept], self.movie_ids[kept], self.scores[kept], self.ranks[kept])


def unseen_top_k(block: Block, catalogue: Catalogue, *, k: int) -> Lists:
    """Return the k best movies of each user that are not among the block's own, the seen ones.

    By falling score, equal scores by rising movie id; shorter lists where fewer than k movies are
    unseen. Zero and negative scores are scores like any other. Raises ValueError for a user
    factor that is not finite.
    """
    check_finite(block.factors, of="user")
    if not len(catalogue.movie_ids):
        return candidates_top_k(block, catalogue, k=k)
    rows, positions = _possible(block, catalogue, k)
    return candidates_top_k(block._replace(rows=rows, positions=positions), catalogue, k=k)


def candidates_top_k(block: Block, catalogue: Catalogue, *, k: int) -> Lists:
    """Return the k best of each user among the block's own movies, the candidates.

    In the order of `unseen_top_k`, shorter where a user has fewer; the same ValueError.
    """
    check_finite(block.factors, of="user")
    rows, positions = block.rows, block.positions
    users = block.factors.astype(np.float64)
    scores = np.empty(len(rows))
    for start in range(0, len(rows), _RESCORED_AT_ONCE):
        part = slice(start, start + _RESCORED_AT_ONCE)
        # A sum over the last axis adds in an order that depends on the rank alone, so that a
        # score is the same in any block; a matrix product's rounding is not.
        scores[part] = (users[rows[part]] * catalogue.factors[positions[part]]).sum(axis=1)
    order = _ranked(rows, scores, positions, n_rows=len(users))
    rows = rows[order]
    ranks = ranks_within(rows, n_rows=len(users))
    kept = ranks <= k
    chosen = order[kept]
    movie_ids = catalogue.movie_ids[positions[chosen]]
    return Lists(rows[kept], movie_ids, scores[chosen], ranks[kept].astype(np.int32))


def ranks_within(rows: npt.NDArray[np.int64], *, n_rows: int) -> npt.NDArray[np.int64]:
    """Return each entry's place among those of its row, from 1, where rows [m] rise."""
    return np.arange(1, len(rows) + 1) - np.searchsorted(rows, np.arange(n_rows))[rows]


def _ranked(
    rows: npt.NDArray[np.int64],
    scores: npt.NDArray[np.float64],
    positions: npt.NDArray[np.int64],
    *,
    n_rows: int,
) -> npt.NDArray[np.int64]:
    """Return the order by row, then falling score, then position.

    Like a lexsort of all three, but quicker where ties are few.
    """
    order = np.argsort(-scores)
    order = order[np.argsort(rows[order].astype(np.min_scalar_type(n_rows)), kind="stable")]
    tied = np.zeros(len(order) + 1, bool)
    tied[1:-1] = (np.diff(rows[order]) == 0) & (np.diff(scores[order]) == 0)
    places = np.flatnonzero(tied[1:] | tied[:-1])
    some = order[places]
    order[places] = some[np.lexsort((positions[some], -scores[some], rows[some]))]
    return order


def _possible(
    block: Block, catalogue: Catalogue, k: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return (row, position) pairs that hold every user's exact top k, and few others."""
    space = catalogue.search
    n, rank = space.factors.shape
    turned = block.factors @ space.turn
    search = turned.astype(np.float32)
    norms = np.sqrt((turned * turned).sum(axis=1))
    # A product in single precision of factors rounded to it is off by at most
    # (rank + 2) · 2^-24 · |user| · |movie| (Higham, gamma_n), and so is the threshold: twice their
    # sum keeps every movie that fell under the threshold by error alone, that of turning included.
    slack = norms * space.norms[0] * (rank + 2) * 2.0**-22
    best = np.full((len(turned), k), -np.inf, np.float32)
    places = space.places[block.positions]
    by_place = np.argsort(places, kind="stable")
    seen = _Seen(block.rows[by_place], places[by_place])

    found = _Found([], [], [])
    for row in np.flatnonzero(norms == 0):
        # To such a user, who has liked nothing, every movie's score is 0: the search would bring
        # up the whole catalogue.
        first = _first_unseen(n, block.positions[block.rows == row], k)
        found.add(np.full(len(first), row), space.places[first], np.zeros(len(first), np.float32))
    active = np.flatnonzero(norms > 0)
    start, width = 0, FIRST_CHUNK
    while start < n and len(active):
        stop = min(n, start + width)
        scores = search[active] @ space.factors[start:stop].T
        seen.hide(scores, active=active, start=start, n_users=len(turned))
        if start == 0:
            best[active] = _largest(scores, k)
        # Rounded to single precision the floor moves by less than the slack has to spare.
        floor = (best[active].min(axis=1) - slack[active]).astype(np.float32)
        # Flat: of two dimensions numpy takes ten times as long.
        hits = np.flatnonzero(scores >= floor[:, None])
        values = scores.ravel()[hits]
        hits, values = hits[values > -np.inf], values[values > -np.inf]
        of_active, columns = np.divmod(hits, stop - start)
        rows = active[of_active]
        found.add(rows, columns + start, values)
        if start > 0:
            _raise(best, rows, values)
        if stop < n:
            floor = best[active].min(axis=1) - 2 * slack[active]
            active = active[norms[active] * space.norms[stop] >= floor]
        start, width = stop, min(width * 2, _WIDEST_CHUNK)
    rows, found_places = found.at_least(best.min(axis=1) - slack)
    return rows, space.positions[found_places]


def _first_unseen(n: int, seen: npt.NDArray[np.int64], k: int) -> npt.NDArray[np.int64]:
    """Return the k smallest of the positions below n that are unseen."""
    smallest = np.arange(min(n, k + len(seen)))
    return np.setdiff1d(smallest, seen, assume_unique=True)[:k]


def _largest(scores: npt.NDArray[np.float32], k: int) -> npt.NDArray[np.float32]:
    """Return the k largest scores of each row [users, k], in no order; minus infinity for none."""
    missing = max(0, k - scores.shape[1])
    wide = np.pad(scores, ((0, 0), (0, missing)), constant_values=-np.inf)
    wide.partition(wide.shape[1] - k, axis=1)
    return wide[:, -k:].copy()


def _raise(
    best: npt.NDArray[np.float32], rows: npt.NDArray[np.int64], values: npt.NDArray[np.float32]
) -> None:
    """Put values [m] among the k best scores [users, k] of their rows [m], which rise, in place."""
    if not len(rows):
        return
    first = np.flatnonzero(np.diff(rows, prepend=-1))
    counts = np.diff(first, append=len(rows))
    users, k = rows[first], best.shape[1]
    wide = np.full((len(users), k + counts.max()), -np.inf, np.float32)
    wide[:, :k] = best[users]
    places = np.arange(len(rows)) - np.repeat(first, counts)
    wide[np.repeat(np.arange(len(users)), counts), k + places] = values
    best[users] = _largest(wide, k)


class _Found(NamedTuple):
    """What was above its user's threshold when it was met, in pieces."""

    rows: list[npt.NDArray[np.int64]]
    positions: list[npt.NDArray[np.int64]]
    scores: list[npt.NDArray[np.float32]]

    def add(
        self,
        rows: npt.NDArray[np.int64],
        positions: npt.NDArray[np.int64],
        scores: npt.NDArray[np.float32],
    ) -> None:
        self.rows.append(rows)
        self.positions.append(positions)
        self.scores.append(scores)

    def at_least(
        self, floor: npt.NDArray[np.float64]
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Return (row, position) of all with a score of at least their row's floor."""
        if not self.rows:
            return np.empty(0, np.int64), np.empty(0, np.int64)
        rows = np.concatenate(self.rows)
        kept = np.concatenate(self.scores) >= floor[rows]
        return rows[kept], np.concatenate(self.positions)[kept]


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


def _packed(rows: npt.NDArray[np.int64], movie_ids: npt.NDArray[np.int32]) -> npt.NDArray[np.int64]:
    """Return one number for each (row, movie)."""
    return rows << 32 | movie_ids.astype(np.int64)
