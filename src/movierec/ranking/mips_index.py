"""The index for maximum inner product search: movie factors, transformed to tighten the bounds.

For any invertible G, a score u · m equals (G u) · (G⁻¹ m), which by Cauchy and Schwarz is at most
|G u| · |G⁻¹ m|. G is the geometric mean of two matrices: the inverse of the users' second moments,
and the movies' second moments. Then G u has the moments of m, and G⁻¹ m has those of u. Reasons
for this G: docs/decisions/0012.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from movierec.data.arrays import Floats, Ints

_MAX_CONDITION = 2.0**10
"""The largest condition number of G: with it, the transformation in double precision has a far
smaller error than a product in single precision."""
_ERROR = 2.0**-22
"""Four times the unit roundoff of single precision: the slack of a score, per term of its sum."""
_UNDERFLOW = 2.0**-100
"""The slack for what single precision rounds to zero."""


@dataclass(frozen=True)
class MipsIndex:
    """n movies by falling norm of their transformed factors, in units of the largest norm.

    Equal factors can have norms that differ by a rounding error: in which order they stand says
    nothing.
    """

    transform: Floats
    """[rank, rank]: G, symmetric; it transforms the factors of a user."""
    factors: npt.NDArray[np.float32]
    """[n, rank + 1]: G⁻¹ m, in single precision, and the slack."""
    norms: Floats
    """[n]: the norms of G⁻¹ m in double precision, from 1."""
    slack: npt.NDArray[np.float32]
    """[n]: more than twice the error of a product of `factors` with a user's G u / |G u| and 1.

    So that product, rounded, is an upper bound of the score, and a lower bound after twice the
    slack is taken from it. docs/decisions/0002 proves it.
    """
    copies: Ints
    """[n]: the number of movies with equal factors before each movie in the catalogue."""
    positions: Ints
    """[n]: the catalogue position of each movie of the index."""
    places: Ints
    """[n]: the inverse of `positions`: the place in the index of each movie of the catalogue."""

    @classmethod
    def of(cls, factors: Floats, users: Floats) -> MipsIndex:
        """Return the index of a catalogue's factors [n, rank] for users like these [m, rank].

        The users change the speed of the search, not its result; there may be none.
        """
        root, inverse_root = (_power(_moments(users), exponent) for exponent in (0.5, -0.5))
        mean = inverse_root @ _power(root @ _moments(factors) @ root, 0.5) @ inverse_root
        transform = _power(mean, 1.0)
        transformed = factors @ np.linalg.inv(transform)
        norms = np.sqrt((transformed * transformed).sum(axis=1))
        positions = np.argsort(-norms, kind="stable")
        places = np.empty_like(positions)
        places[positions] = np.arange(len(positions))
        unit = norms.max(initial=0.0) or 1.0
        transformed, norms = transformed[positions] / unit, norms[positions] / unit
        slack = (factors.shape[1] + 4) * _ERROR * norms + _UNDERFLOW
        return cls(
            transform=transform,
            factors=np.column_stack([transformed, slack]).astype(np.float32),
            norms=norms,
            slack=slack.astype(np.float32),
            copies=_equal_rows_before(factors)[positions],
            positions=positions,
            places=places,
        )


def scaled(vectors: npt.NDArray[np.floating]) -> tuple[Floats, Ints]:
    """Return vectors [n, rank] times powers of two, and the exponents [n, 1] that undo it.

    The largest entry of each vector is then in [1/2, 1), or 0. Only entries that are 2^-1022 of it
    or less are rounded.
    """
    exact = vectors.astype(np.float64)
    exponents = np.frexp(np.abs(exact).max(axis=1, initial=0.0, keepdims=True))[1]
    with np.errstate(under="ignore"):
        return np.ldexp(exact, -exponents), exponents


def _equal_rows_before(rows: Floats) -> Ints:
    """Return how many rows before each row [n, m] are equal to it."""
    _, group, counts = np.unique(rows, axis=0, return_inverse=True, return_counts=True)
    # numpy 2.0 returns a column
    by_group = np.argsort(group.ravel(), kind="stable")
    before = np.empty(len(rows), np.int64)
    before[by_group] = np.arange(len(rows)) - np.repeat(np.cumsum(counts) - counts, counts)
    return before


def _moments(vectors: Floats) -> Floats:
    """Return the second moments [rank, rank], up to a factor; the identity without vectors."""
    scale = np.abs(vectors).max(initial=0.0)
    if scale == 0.0:
        return np.eye(vectors.shape[1])
    scaled: Floats = vectors / scale
    return scaled.T @ scaled


def _power(symmetric: Floats, exponent: float) -> Floats:
    """Return the power, up to a factor, of a positive semidefinite matrix made regular."""
    values, vectors = np.linalg.eigh(symmetric)
    regular = np.maximum(values / values[-1], 1.0 / _MAX_CONDITION)
    power: Floats = (vectors * regular**exponent) @ vectors.T
    return power
