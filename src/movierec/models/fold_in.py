"""Factors of users whose ratings came after the fit: one half-step of ALS in numpy, no refit.

With fixed movie factors Y the factors x of a user solve A x = Yᵀ b, the system that Spark's ALS
solves for every user in each iteration. For implicit feedback (Hu, Koren and Volinsky,
Collaborative Filtering for Implicit Feedback Datasets, 2008, equation 4; a negative value is a
dislike)

    A = GᵀG + Yᵀ diag(c) Y + reg_param · n · I,  c = alpha · |value|,  b = 1 + c if value > 0 else 0

with the factors G of all movies, the factors Y of the rated ones, and the number n of positive
values. For explicit feedback A = YᵀY + reg_param · n · I, with the number n of ratings, and b are
the values. Needs no Spark.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from movierec.config.schema import Feedback

Floats = npt.NDArray[np.float64]


def feedback_values(
    stars: npt.ArrayLike, *, feedback: Feedback | None, relevant_rating: float, pivot: float
) -> Floats:
    """Return the value that ALS sees of each rating, as `als.als_input` does in Spark.

    >>> feedback_values([2.5, 4.0], feedback="signed", relevant_rating=4.0, pivot=3.0)
    array([-0.5,  1. ])
    """
    given = np.asarray(stars, dtype=np.float64)
    if feedback == "liked":
        return (given >= relevant_rating).astype(np.float64)
    return given - pivot if feedback == "signed" else given


def weigh(
    values: npt.NDArray[Any], alpha: float | None
) -> tuple[npt.NDArray[Any], npt.NDArray[Any], npt.NDArray[np.bool_]]:
    """Return c and b of each rating with such a value, and whether it is one of the n.

    >>> weigh(np.array([-0.5, 1.0]), 4.0)
    (array([2., 4.]), array([0., 5.]), array([False,  True]))
    """
    if alpha is None:
        return np.ones_like(values), values, np.ones(values.shape, bool)
    confidence, liked = alpha * np.abs(values), values > 0
    return confidence, np.where(liked, 1 + confidence, 0).astype(values.dtype), liked


@dataclass(frozen=True)
class Equations:
    """The system of one user with n ratings."""

    matrix: Floats
    """[rank, rank]: A."""
    rated: Floats
    """[n, rank]: Y."""
    targets: Floats
    """[n]: b."""

    def solve(self) -> Floats:
        """Return the user's factors [rank], zeros for a user without a positive value.

        Raises numpy.linalg.LinAlgError where there is no single solution.
        """
        if not self.targets.any():
            return np.zeros(self.rated.shape[1])
        return np.asarray(np.linalg.solve(self.matrix, self.rated.T @ self.targets), np.float64)

    def shares(self, movies: Floats) -> Floats:
        """Return what each rating adds to the scores of movies [m, rank], as [m, n] (equation 7).

        A row adds up to the score of its movie.
        """
        if not self.targets.any():
            return np.zeros((len(movies), len(self.rated)))
        return np.asarray(movies @ np.linalg.solve(self.matrix, self.rated.T) * self.targets)


@dataclass(frozen=True)
class FoldIn:
    """What all users share."""

    movies: Floats
    """[m, rank]: the factors of all movies."""
    reg_param: float
    alpha: float | None
    """None: explicit feedback."""

    @cached_property
    def _gram(self) -> Floats:
        if self.alpha is None:
            return np.zeros((self.movies.shape[1],) * 2)
        return np.asarray(self.movies.T @ self.movies)

    def equations(self, positions: npt.ArrayLike, values: Floats) -> Equations:
        """Return the system of a user who rated the movies at these positions, with these values.

        Values are those of `feedback_values`.
        """
        rated = self.movies[np.asarray(positions, dtype=np.int64)]
        confidence, targets, counted = weigh(values, self.alpha)
        # of a matrix and its own transpose BLAS computes one half only
        weighted = np.sqrt(confidence)[:, None] * rated
        diagonal = self.reg_param * counted.sum() * np.eye(rated.shape[1])
        return Equations(self._gram + weighted.T @ weighted + diagonal, rated, targets)
