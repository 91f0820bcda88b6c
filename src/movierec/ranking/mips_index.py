"""Where the exact top-k is searched: factors turned so that few movies need be looked at.

A score u · m is also (G u) · (G⁻¹ m), for any invertible G, and by Cauchy and Schwarz at most
|G u| · |G⁻¹ m|. G is the geometric mean of the inverse of the users' second moments and the movies'
own: G u then has the moments that m had, and G⁻¹ m those of u. Why this one: docs/decisions/0012.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

_CONDITION = 2.0**10
"""Of G at most, so that turning in doubles errs far less than a product in single precision."""

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class SearchSpace:
    """n movies by falling norm of their turned factors, equal norms by position."""

    turn: Floats
    """[rank, rank]: G, symmetric; a user's factors are turned by it."""
    factors: npt.NDArray[np.float32]
    """[n, rank]: G⁻¹ m, in single precision."""
    norms: Floats
    """[n]: of the same, before they are rounded."""
    positions: npt.NDArray[np.int64]
    """[n]: in the catalogue, of each movie here."""
    places: npt.NDArray[np.int64]
    """[n]: here, of each movie of the catalogue."""

    @classmethod
    def of(cls, factors: Floats, users: Floats) -> SearchSpace:
        """Return the space of a catalogue's factors [n, rank] for users like these [m, rank].

        Which users they are does not matter to what is found, only to how soon; there may be none.
        """
        root, inverse_root = (_power(_moments(users), exponent) for exponent in (0.5, -0.5))
        mean = inverse_root @ _power(root @ _moments(factors) @ root, 0.5) @ inverse_root
        turn = _power(mean, 1.0)
        turned = factors @ np.linalg.inv(turn)
        norms = np.sqrt((turned * turned).sum(axis=1))
        positions = np.argsort(-norms, kind="stable")
        places = np.empty_like(positions)
        places[positions] = np.arange(len(positions))
        return cls(
            turn=turn,
            factors=np.ascontiguousarray(turned[positions], dtype=np.float32),
            norms=norms[positions],
            positions=positions,
            places=places,
        )


def _moments(vectors: Floats) -> Floats:
    """Return the second moments [rank, rank], up to a factor; the identity if there are none."""
    scale = np.abs(vectors).max(initial=0.0)
    if scale == 0.0:
        return np.eye(vectors.shape[1])
    scaled = vectors / scale
    moments: Floats = scaled.T @ scaled
    return moments


def _power(symmetric: Floats, exponent: float) -> Floats:
    """Return the power of a positive semidefinite matrix, made regular, up to a factor."""
    values, vectors = np.linalg.eigh(symmetric)
    regular = np.maximum(values / values[-1], 1.0 / _CONDITION)
    power: Floats = (vectors * regular**exponent) @ vectors.T
    return power
