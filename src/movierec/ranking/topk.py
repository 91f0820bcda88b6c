"""Exact top-k of all unseen movies, without approximation, ties by movie id.

Scores in double precision define a list. They are computed only for movies that can be in it: the
movies are searched in single precision by falling norm, with an upper bound of each score, and by
Cauchy and Schwarz a user is done when |user| · |next movie| is below the user's k-th best score so
far. For the search, users and movies are transformed and scaled (mips_index), which changes norms
but not the order of scores. Why no list can be wrong: docs/decisions/0002.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from movierec.data.arrays import Floats, Ints
from movierec.ranking.catalogue import Catalogue, check_finite
from movierec.ranking.mips_index import scaled

Singles = npt.NDArray[np.float32]
FIRST_CHUNK = 256
"""Movies in the first product; each later one is twice as wide, up to _MAX_PRODUCT."""
_MAX_PRODUCT = 1 << 21
"""Scores in one product."""
_MAX_FOUND = 1 << 21
"""Movies of all users of a block that are held before those that are out are dropped."""
_RESCORED_AT_ONCE = 1 << 10


class Block(NamedTuple):
    """Some users, and some movies of each user: the seen ones, or the candidates."""

    user_ids: npt.NDArray[np.int32]
    """[b]"""
    factors: npt.NDArray[np.floating]
    """[b, rank]"""
    rows: Ints
    """[m]: the row of the user in the block, for each movie."""
    positions: Ints
    """[m]: the position of the movie in the catalogue."""


class Lists(NamedTuple):
    """Recommendation lists, one entry per (user, movie), by user row and then rank."""

    rows: Ints
    """The row of the user in the block."""
    movie_ids: npt.NDArray[np.int32]
    scores: Floats
    ranks: npt.NDArray[np.int32]
    """From 1."""

    def keep_only(self, rows: Ints, movie_ids: npt.NDArray[np.int32]) -> Lists:
        """Return the entries whose (row, movie) is one of these [m], with unchanged ranks."""
        kept = np.isin(_pair_keys(self.rows, self.movie_ids), _pair_keys(rows, movie_ids))
        return self._taken(kept)

    def with_entries_of(self, other: Lists) -> Lists:
        """Return the entries of both."""
        both = Lists(
            np.append(self.rows, other.rows),
            np.append(self.movie_ids, other.movie_ids),
            np.append(self.scores, other.scores),
            np.append(self.ranks, other.ranks),
        )
        return both._taken(np.lexsort((both.ranks, both.rows)))

    def _taken(self, at: npt.NDArray[Any]) -> Lists:
        return Lists(self.rows[at], self.movie_ids[at], self.scores[at], self.ranks[at])


def unseen_top_k(block: Block, catalogue: Catalogue, *, k: int) -> Lists:
    """Return the k best movies of each user that are not in the block, which holds the seen ones.

    Lists are ordered by falling score, equal scores by rising movie id. They are shorter if fewer
    than k movies are unseen. Zero and negative scores are allowed. Raises ValueError for a user
    factor that is not finite.
    """
    check_finite(block.factors, of="user")
    if not len(catalogue.movie_ids):
        return candidates_top_k(block, catalogue, k=k)
    rows, positions = _above_bound(block, catalogue, k)
    return candidates_top_k(block._replace(rows=rows, positions=positions), catalogue, k=k)


def candidates_top_k(block: Block, catalogue: Catalogue, *, k: int) -> Lists:
    """Return the k best movies of each user in the block, which holds the candidates.

    The order and the ValueError are those of `unseen_top_k`. A list is shorter if the user has
    fewer than k candidates.
    """
    check_finite(block.factors, of="user")
    users, exponents = scaled(block.factors)
    chosen, scores, ranks = _best(users, block.rows, block.positions, catalogue, k)
    rows = block.rows[chosen]
    with np.errstate(over="ignore", under="ignore"):
        scores = np.ldexp(scores, exponents[rows, 0] + catalogue.exponent)
    return Lists(rows, catalogue.movie_ids[block.positions[chosen]], scores, ranks)


def _best(
    users: Floats, rows: Ints, positions: Ints, catalogue: Catalogue, k: int
) -> tuple[Ints, Floats, npt.NDArray[np.int32]]:
    """Return which of the (row, position) pairs are a user's k best, in order, scores and ranks.

    The scores are those of the scaled factors.
    """
    scores = np.empty(len(rows))
    for start in range(0, len(rows), _RESCORED_AT_ONCE):
        part = slice(start, start + _RESCORED_AT_ONCE)
        # A sum over the last axis adds in an order that depends only on the rank, so a score is
        # the same in any block; the rounding of a matrix product is not.
        scores[part] = (users[rows[part]] * catalogue.factors[positions[part]]).sum(axis=1)
    order = rank_order(rows, scores, positions, n_rows=len(users))
    ranks = ranks_within(rows[order], n_rows=len(users))
    kept = ranks <= k
    chosen = order[kept]
    return chosen, scores[chosen], ranks[kept].astype(np.int32)


def ranks_within(rows: Ints, *, n_rows: int) -> Ints:
    """Return the rank of each entry within its row, from 1; rows [m] must be sorted."""
    return np.arange(1, len(rows) + 1) - np.searchsorted(rows, np.arange(n_rows))[rows]


def rank_order(rows: Ints, scores: Floats, positions: Ints, *, n_rows: int) -> Ints:
    """Return the order by row, then falling score, then position.

    Like a lexsort of all three, but faster if ties are few.
    """
    order = np.argsort(-scores)
    order = order[np.argsort(rows[order].astype(np.min_scalar_type(n_rows)), kind="stable")]
    tied = np.zeros(len(order) + 1, bool)
    tied[1:-1] = (np.diff(rows[order]) == 0) & (np.diff(scores[order]) == 0)
    places = np.flatnonzero(tied[1:] | tied[:-1])
    some = order[places]
    order[places] = some[np.lexsort((positions[some], -scores[some], rows[some]))]
    return order


def _above_bound(block: Block, catalogue: Catalogue, k: int) -> tuple[Ints, Ints]:
    """Return (row, position) pairs that include every user's exact top k, and few others."""
    index = catalogue.index
    n = len(index.norms)
    exact, _ = scaled(block.factors)
    transformed = exact @ index.transform
    norms = np.sqrt((transformed * transformed).sum(axis=1, keepdims=True))
    users = np.ones((len(norms), index.factors.shape[1]), np.float32)
    np.divide(transformed, norms, out=users[:, :-1], where=norms > 0, casting="same_kind")
    # lower bounds of the scores of the k best movies so far
    best = np.full((len(users), k), -np.inf, np.float32)
    places = index.places[block.positions]
    by_place = np.argsort(places, kind="stable")
    seen = (block.rows[by_place], places[by_place])
    # a movie with more equal movies before it is not in the list
    most_copies = k + np.bincount(block.rows, minlength=len(users))

    found: list[tuple[Ints, Ints, Singles]] = []
    for row in np.flatnonzero(norms == 0):
        # All scores of such a user, who has liked no movie, are 0: the search would return the
        # whole catalogue.
        first = _first_unseen(n, block.positions[block.rows == row], k)
        zeros = np.zeros(len(first), np.float32)
        found.append((np.full(len(first), row), index.places[first], zeros))
    active = np.flatnonzero(norms > 0)
    start, width = 0, FIRST_CHUNK
    held = 0
    while start < n and len(active):
        stop = min(n, start + width, start + max(1, _MAX_PRODUCT // len(active)))
        upper = users[active] @ index.factors[start:stop].T
        _mask_seen(upper, seen, active=active, start=start, n_users=len(users))
        if start == 0:
            best[active] = _largest(upper - 2 * index.slack[start:stop], k)
        # flatnonzero: numpy takes ten times as long in two dimensions.
        hits = np.flatnonzero(upper >= best[active].min(axis=1)[:, None])
        values = upper.ravel()[hits]
        of_active, columns = np.divmod(hits, stop - start)
        rows, places = active[of_active], columns + start
        kept = (values > -np.inf) & (index.copies[places] < most_copies[rows])
        rows, places, values = rows[kept], places[kept], values[kept]
        found.append((rows, places, values))
        if start > 0:
            _update_best(best, rows, values - 2 * index.slack[places])
        held += len(rows)
        if held > _MAX_FOUND:
            found = [_still_possible(found, best)]
            if len(found[0][0]) > _MAX_FOUND // 2:
                rows, places, values = found[0]
                chosen, *_ = _best(exact, rows, index.positions[places], catalogue, k)
                found = [(rows[chosen], places[chosen], values[chosen])]
            held = len(found[0][0])
        if stop < n:
            ahead = index.norms[stop] + index.slack[stop]
            active = active[ahead >= best[active].min(axis=1)]
        start, width = stop, width * 2
    if not found:
        return np.empty(0, np.int64), np.empty(0, np.int64)
    rows, places, _ = _still_possible(found, best)
    return rows, index.positions[places]


def _still_possible(
    found: list[tuple[Ints, Ints, Singles]], best: Singles
) -> tuple[Ints, Ints, Singles]:
    """Return the (row, place, upper bound) that are not below the row's k best lower bounds."""
    rows, places, values = (np.concatenate(pieces) for pieces in zip(*found, strict=True))
    kept = values >= best.min(axis=1)[rows]
    return rows[kept], places[kept], values[kept]


def _first_unseen(n: int, seen: Ints, k: int) -> Ints:
    """Return the k smallest unseen positions below n."""
    smallest = np.arange(min(n, k + len(seen)))
    return np.setdiff1d(smallest, seen, assume_unique=True)[:k]


def _largest(scores: Singles, k: int) -> Singles:
    """Return the k largest scores of each row [users, k], unsorted, padded with minus infinity."""
    missing = max(0, k - scores.shape[1])
    wide = np.pad(scores, ((0, 0), (0, missing)), constant_values=-np.inf)
    wide.partition(wide.shape[1] - k, axis=1)
    return wide[:, -k:].copy()


def _update_best(best: Singles, rows: Ints, values: Singles) -> None:
    """Merge values [m] into the k best scores [users, k] of their sorted rows [m], in place."""
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


def _mask_seen(
    scores: Singles, seen: tuple[Ints, Ints], *, active: Ints, start: int, n_users: int
) -> None:
    """Set the scores [active users, movies from start] of seen movies to minus infinity.

    `seen` are the user rows and the places in the index of the seen movies, sorted by place.
    """
    first, last = np.searchsorted(seen[1], (start, start + scores.shape[1]))
    row_in_scores = np.full(n_users, -1)
    row_in_scores[active] = np.arange(len(active))
    rows = row_in_scores[seen[0][first:last]]
    here = rows >= 0
    scores[rows[here], seen[1][first:last][here] - start] = -np.inf


def _pair_keys(rows: Ints, movie_ids: npt.NDArray[np.int32]) -> Ints:
    """Return one number per (row, movie)."""
    return rows << 32 | movie_ids.astype(np.int64)
