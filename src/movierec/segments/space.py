"""In which space users are clustered: their factors, their scores, or their likeness to others.

The factors of a fit have no scale of their own: two factors may say nearly the same, and one may
move the scores of all movies and another those of a few. With the factors Y of all movies, the
scores of a user with the factors x are Y x, and the cosine of two users' scores is that of
x (YᵀY)^½, whatever way the fit is turned. `likeness` describes a user by these cosines with every
other user: with the rows U of length 1 that is UUᵀ, whose rows have the cosines of U (UᵀU)^½. It
gives most weight to what most tells users apart, and least to noise. Decision 20 has what each is
worth.

All three are x times a matrix, so a centre is a direction in the space of the factors, and a user
belongs to the segment with the largest product.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from movierec.config.segments import Space
from movierec.data.arrays import Floats, Ints
from movierec.segments.clustering import Labels, Singles, unit_rows

Rows = Ints | npt.NDArray[np.bool_]
"""Places of users, or a mark for each."""


def space_matrix(users: npt.ArrayLike, movies: npt.ArrayLike, *, space: Space, of: Rows) -> Floats:
    """Return the matrix [rank, rank] that maps factors into the space.

    `users` [n, rank] and `movies` [m, rank] are the factors of one fit; `of` are the users with
    whom likeness is measured.
    """
    own, theirs = np.asarray(users, np.float64), np.asarray(movies, np.float64)
    if space == "factors":
        return np.eye(own.shape[1])
    scores = _root(theirs.T @ theirs)
    if space == "scores":
        return scores
    rows, _ = unit_rows(own[of] @ scores)
    exact = rows.astype(np.float64)
    return scores @ _root(exact.T @ exact / max(1, len(exact)))


def points_of(users: npt.ArrayLike, matrix: Floats) -> Singles:
    """Return users in the space, scaled to length 1; those without a direction stay 0."""
    return unit_rows(np.asarray(users, np.float64) @ matrix)[0]


def directions(centres: Singles, matrix: Floats) -> Singles:
    """Return centres [k, rank] of the space as directions in the space of the factors."""
    return (centres.astype(np.float64) @ matrix.T).astype(np.float32)


def assign(users: npt.ArrayLike, towards: npt.ArrayLike) -> Labels:
    """Return the segment of each user, from 0, or −1 for a user whose factors are all 0.

    `towards` are the `directions` of the segments; of equally near ones the first counts.
    """
    factors, centres = np.asarray(users, np.float64), np.asarray(towards, np.float64)
    # without BLAS, whose last digits depend on how many users come at a time
    found = np.einsum("ij,kj->ik", factors, centres).argmax(axis=1).astype(np.int16)
    return np.where((factors != 0).any(axis=1), found, np.int16(-1))


def _root(matrix: Floats) -> Floats:
    """Return the symmetric root of a matrix without negative eigenvalues."""
    values, vectors = np.linalg.eigh(matrix)
    return np.asarray((vectors * np.sqrt(values.clip(0))) @ vectors.T)
