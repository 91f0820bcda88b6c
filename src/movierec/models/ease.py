"""EASE: a linear model from the movies that a user rated to all movies, in closed form.

Of all matrices B with a zero diagonal, EASE takes the one that minimises |X − X B|² + λ |B|², where
X holds the users' feedback on the movies. With P = (XᵀX + λ I)⁻¹ it is I − P · diag(1 / diag P)
(Steck, Embarrassingly Shallow Autoencoders for Sparse Data, 2019). A user's scores are x · B. Needs
no Spark.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from movierec.config.schema import EaseFeedback
from movierec.errors import SingularFitError
from movierec.models.names import EASE

Floats = npt.NDArray[np.float64]
Singles = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]
_ROWS_AT_ONCE = 512


@dataclass(frozen=True, kw_only=True)
class EaseParams:
    """One point of the grid."""

    feedback: EaseFeedback
    reg_param: float
    movies: int
    """The most movies that the model knows."""

    @property
    def model(self) -> str:
        """The name of the model whose grid has these parameters."""
        return EASE

    def __str__(self) -> str:
        """Name the parameters as conf does.

        >>> str(EaseParams(feedback="soft", reg_param=200.0, movies=3000))
        'ease soft reg_param=200 movies=3000'
        """
        return f"ease {self.feedback} reg_param={self.reg_param:g} movies={self.movies}"


@dataclass(frozen=True)
class Ease:
    """A fitted model of m movies."""

    movie_ids: npt.NDArray[np.int32]
    """[m]: rising."""
    weights: Singles
    """[m, m]: B. A row is a rated movie, a column a movie to score; the diagonal is 0."""
    params: EaseParams
    outside: npt.NDArray[np.int32]
    """[o]: the movies with a rating that the model does not know, the most rated first."""

    def locate(self, movie_ids: npt.ArrayLike) -> tuple[Ints, npt.NDArray[np.bool_]]:
        """Return each movie's position, meaningless if it has none, and whether it has one."""
        wanted = np.asarray(movie_ids)
        at = np.searchsorted(self.movie_ids, wanted).clip(max=len(self.movie_ids) - 1)
        return at, self.movie_ids[at] == wanted


def ease_values(stars: npt.ArrayLike, *, feedback: EaseFeedback, relevant_rating: float) -> Floats:
    """Return the value that EASE sees of each rating.

    `rating`: the stars. `liked`: 1 for a rating of at least `relevant_rating`, else 0. `soft`:
    (stars − 2) / 3, from 0.05 to 1: a low rating still says what a user watches.

    >>> ease_values([1.0, 3.5, 5.0], feedback="soft", relevant_rating=4.0)
    array([0.05, 0.5 , 1.  ])
    """
    given = np.asarray(stars, dtype=np.float64)
    if feedback == "liked":
        return (given >= relevant_rating).astype(np.float64)
    return np.clip((given - 2) / 3, 0.05, 1.0) if feedback == "soft" else given


def solve_weights(gram: Floats, *, reg_param: float) -> Singles:
    """Return B of XᵀX [m, m], computed in double precision and rounded to single.

    `gram` is overwritten, as the only memory of that size that the solution needs; only its upper
    triangle is read. Raises SingularFitError where XᵀX + λ I is not positive definite in double
    precision, as it can be for a small λ.
    """
    n = len(gram)
    gram[np.diag_indices(n)] += reg_param
    try:
        _invert(gram)
    except np.linalg.LinAlgError:
        raise SingularFitError(
            f"EASE with reg_param={reg_param:g} has no solution: raise its reg_param"
        ) from None
    diagonal = gram.diagonal().copy()
    weights = np.empty((n, n), np.float32)
    for own in _slices(n):
        weights[own] = _whole_rows(gram, own) / -diagonal
    np.fill_diagonal(weights, 0.0)
    return weights


def _invert(matrix: Floats) -> None:
    """Replace the upper triangle of a positive definite matrix [n, n] by that of its inverse.

    By block-wise Gauss-Jordan elimination. Without pivots it is stable, as the matrix is positive
    definite. LAPACK's way, in SciPy's OpenBLAS, crashes above 16,000 rows with several threads.
    """
    n = len(matrix)
    for own in _slices(n):
        rows = _whole_rows(matrix, own)
        # fails where the rest is not positive definite
        np.linalg.cholesky(rows[:, own])
        inverse = np.linalg.inv(rows[:, own])
        scaled = inverse @ rows
        for other in _slices(n):
            if other != own:
                matrix[other, other.start :] -= rows[:, other].T @ scaled[:, other.start :]
        matrix[: own.start, own] = scaled[:, : own.start].T
        matrix[own, own.stop :] = scaled[:, own.stop :]
        matrix[own, own] = -inverse
    np.negative(matrix, out=matrix)


def _slices(n: int) -> list[slice]:
    return [slice(at, min(n, at + _ROWS_AT_ONCE)) for at in range(0, n, _ROWS_AT_ONCE)]


def _whole_rows(upper: Floats, own: slice) -> Floats:
    """Return some rows of a symmetric matrix of which the upper triangle is given."""
    block = np.triu(upper[own, own])
    square = block + np.triu(block, 1).T
    return np.hstack([upper[: own.start, own].T, square, upper[own, own.stop :]])
