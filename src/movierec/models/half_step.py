"""One half-step of ALS in numpy: the best factors of many users for fixed movie factors, exactly.

The other half-step is the same with users and movies exchanged. The systems are those of `fold_in`,
in the basis Q of the eigenvectors of GᵀG = Q Λ Qᵀ: with Z = Y Q they are D + Zᵀ diag(c) Z, whose D
= Λ + reg_param · n · I is diagonal. That is what makes single precision enough, and lets a user
with fewer ratings than factors do with a system as large as the ratings (by the Woodbury identity).
A user's factors depend on nothing but their own ratings, in their order. Needs no Spark.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from scipy.linalg.blas import ssyrk
from scipy.linalg.lapack import sposv

from movierec.models.fold_in import weigh

Singles: TypeAlias = npt.NDArray[np.float32]
Positions: TypeAlias = npt.NDArray[np.int32]
_NUMBERS_AT_ONCE = 200_000
"""The factors of the rated movies that are in use at a time: what a core's cache holds."""
_STEP = 8
"""Users whose numbers of ratings round up to the same multiple are solved together."""
_ZERO = 1e-13
"""Of the largest eigenvalue: what is smaller is rounding."""
_LEAST_CONFIDENCE = 1e-12
"""So little that it adds nothing in single precision, but still has a root to divide by."""
_STEEPEST = 1e4
"""The most that ratings may add to a diagonal of 1 in single precision."""


@dataclass(frozen=True)
class Rated:
    """The ratings of n users, one user after the other; each has at least one."""

    starts: npt.NDArray[np.int64]
    """[n + 1]: where the ratings of each user start, and where they end."""
    positions: Positions
    """The position of each rated movie among the movie factors."""
    values: Singles
    """Those of `fold_in.feedback_values`."""


@dataclass(frozen=True)
class HalfStep:
    """What all users share, made by `half_step`."""

    rotated: Singles
    """[m, rank]: Z, of all m movies."""
    eigenvalues: Singles
    """[rank]: Λ; zeros for explicit feedback."""
    basis: npt.NDArray[np.float64]
    """[rank, rank]: Q."""
    reg_param: float
    alpha: float | None
    """None: explicit feedback."""

    def solve(self, rated: Rated) -> Singles:
        """Return the factors of each user [n, rank].

        Zeros where no rating has a target, NaN where there is no single solution.
        """
        starts = rated.starts
        confidence, targets, counted = weigh(rated.values, self.alpha)
        scales = np.sqrt(confidence.clip(min=_LEAST_CONFIDENCE))
        has_target, pulls = targets != 0, targets / scales
        n_counted = np.add.reduceat(counted.astype(np.float32), starts[:-1])
        ridges = (np.float32(self.reg_param) * n_counted)[:, None]
        diagonals: Singles = (self.eigenvalues + ridges).astype(np.float32, copy=False)
        lengths = np.diff(starts)
        found = np.zeros(diagonals.shape, np.float32)
        steep = np.zeros(len(lengths), bool)
        wanted = np.add.reduceat(has_target.astype(np.int64), starts[:-1]) > 0
        systems = _Systems(self.rotated, rated, scales, pulls, diagonals)
        is_short = wanted & (lengths <= self.rotated.shape[1] // 2)
        widths = -(-lengths // _STEP) * _STEP
        with np.errstate(all="ignore"):  # what divides by 0 is solved again
            for width in np.unique(widths[is_short]).tolist():
                users = np.flatnonzero(is_short & (widths == width))
                at_once = max(1, _NUMBERS_AT_ONCE // (width * self.rotated.shape[1]))
                for start in range(0, len(users), at_once):
                    some = users[start : start + at_once]
                    found[some], steep[some] = systems.solve_short(some, width)
            others = np.flatnonzero(wanted & ~is_short)
            found[others], steep[others] = systems.solve_long(others)
        # without a target and a ridge there may be many solutions, as Spark's ALS finds too
        steep |= ~wanted & (diagonals.min(axis=1) <= 0)
        for user in np.flatnonzero(steep).tolist():
            found[user] = systems.solve_in_doubles(user)
        return _rotate(found, self.basis.T)


def half_step(factors: Singles, *, reg_param: float, alpha: float | None) -> HalfStep:
    """Return the half-step for these factors [m, rank] of all movies."""
    rank = factors.shape[1]
    if alpha is None:
        return HalfStep(factors, np.zeros(rank, np.float32), np.eye(rank), reg_param, alpha)
    gram = np.zeros((rank, rank))
    for some in _slices(len(factors)):
        doubles = factors[some].astype(np.float64)
        gram += doubles.T @ doubles
    eigenvalues, basis = np.linalg.eigh(gram)
    eigenvalues[eigenvalues <= _ZERO * eigenvalues[-1]] = 0.0
    eigenvalues = eigenvalues.astype(np.float32)
    return HalfStep(_rotate(factors, basis), eigenvalues, basis, reg_param, alpha)


@dataclass(frozen=True)
class _Systems:
    rotated: Singles
    rated: Rated
    scales: Singles
    """The root of each rating's confidence."""
    pulls: Singles
    """The target of each rating over its scale."""
    diagonals: Singles
    """[n, rank]: D of each user."""

    def solve_short(
        self, users: npt.NDArray[np.int64], width: int
    ) -> tuple[Singles, npt.NDArray[np.bool_]]:
        """Return the factors of users with up to `width` ratings, and whose are not exact."""
        starts = self.rated.starts[users]
        lengths = self.rated.starts[users + 1] - starts
        places = np.arange(width)
        inside = places < lengths[:, None]
        at = np.where(inside, starts[:, None] + places, 0)
        roots = np.sqrt(self.diagonals[users])
        weighted = self.rotated[self.rated.positions[at]]
        weighted *= np.where(inside, self.scales[at], 0)[:, :, None]
        weighted /= roots[:, None, :]
        transposed = weighted.transpose(0, 2, 1)
        matrices = weighted @ transposed
        matrices[:, places, places] += 1
        highest = matrices[:, places, places].max(axis=1)
        steep = ~(highest <= _STEEPEST)
        matrices[steep] = np.eye(width, dtype=np.float32)
        pulls = np.where(inside, self.pulls[at], 0)
        solved = np.linalg.solve(matrices, pulls[:, :, None])
        found = (transposed @ solved)[:, :, 0] / roots
        return np.asarray(found, np.float32), steep

    def solve_long(self, users: npt.NDArray[np.int64]) -> tuple[Singles, npt.NDArray[np.bool_]]:
        """Return the factors of users with any number of ratings, and whose are not exact."""
        diagonals = self.diagonals[users]
        rank = diagonals.shape[1]
        at_once = _NUMBERS_AT_ONCE // rank
        found = np.empty((len(users), rank), np.float32)
        peaks = np.empty((len(users), rank), np.float32)
        steep = np.empty(len(users), bool)
        matrix = np.empty((rank, rank), np.float32, order="F")
        diagonal = matrix.T.ravel()[:: rank + 1]  # a view
        starts, ends = self.rated.starts[users].tolist(), self.rated.starts[users + 1].tolist()
        for row, (start, end) in enumerate(zip(starts, ends, strict=True)):
            matrix.fill(0.0)
            diagonal[:] = diagonals[row]
            right = found[row]
            for own in range(start, end, at_once):
                some = slice(own, min(end, own + at_once))
                weighted = self.rotated.take(self.rated.positions[some], axis=0)
                weighted *= self.scales[some, None]
                ssyrk(1.0, weighted.T, beta=1.0, c=matrix, overwrite_c=1)
                pull = self.pulls[some] @ weighted
                right[:] = pull if own == start else right + pull
            peaks[row] = diagonal
            steep[row] = sposv(matrix, right, overwrite_a=1, overwrite_b=1)[2] != 0
        highest = (peaks / diagonals).max(axis=1)
        return found, steep | ~(highest <= _STEEPEST)

    def solve_in_doubles(self, user: int) -> npt.NDArray[np.float64]:
        """Return the factors of a user, NaN where there is no single solution."""
        own = slice(*self.rated.starts[user : user + 2].tolist())
        weighted = self.rotated[self.rated.positions[own]].astype(np.float64)
        weighted *= self.scales[own, None]
        matrix = np.diag(self.diagonals[user].astype(np.float64)) + weighted.T @ weighted
        try:
            np.linalg.cholesky(matrix)
            solved = np.linalg.solve(matrix, self.pulls[own] @ weighted)
        except np.linalg.LinAlgError:
            return np.full(len(matrix), np.nan)
        return np.asarray(solved, np.float64)


def _rotate(vectors: Singles, basis: npt.NDArray[np.float64]) -> Singles:
    """Return vectors [n, rank] times a matrix. The place of a row does not change its result."""
    rotated = np.empty_like(vectors)
    for some in _slices(len(vectors)):
        own = vectors[some]
        # BLAS may sum the rows of another number in another order
        padded = np.pad(own, ((0, -len(own) % 64), (0, 0))).astype(np.float64)
        rotated[some] = (padded @ basis)[: len(own)]
    return rotated


def _slices(n: int) -> list[slice]:
    return [slice(start, start + 4096) for start in range(0, n, 4096)]
