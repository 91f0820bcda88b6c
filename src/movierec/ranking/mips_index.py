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


@dataclass(frozen=True)
class MipsIndex:
    """n movies by falling norm of their transformed factors.

    Equal factors can have norms that differ by a rounding error: in which order they stand says
    nothing.
    """

    transform: Floats
    """[rank, rank]: G, symmetric; it transforms the factors of a user."""
    factors: npt.NDArray[np.float32]
    """[n, rank]: G⁻¹ m, in single precision."""
    norms: Floats
    """[n]: the norms of G⁻¹ m in double precision."""
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
        return cls(
            transform=transform,
            factors=np.ascontiguousarray(transformed[positions], dtype=np.float32),
            norms=norms[positions],
            positions=positions,
            places=places,
        )


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
