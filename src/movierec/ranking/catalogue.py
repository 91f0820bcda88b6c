"""The candidate movies with their factors."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pyspark.sql import DataFrame

from movierec.data.arrays import collect_arrays
from movierec.data.columns import FACTORS, MOVIE_ID
from movierec.ranking.mips_index import MipsIndex, scaled

_SAMPLED_USERS = 4096


@dataclass(frozen=True)
class Catalogue:
    """n candidate movies, sorted by id."""

    movie_ids: npt.NDArray[np.int32]
    """[n]"""
    factors: npt.NDArray[np.float64]
    """[n, rank]: the factors that define scores, scaled: the largest is in [1/2, 1)."""
    exponent: int
    """The power of two that undoes the scaling."""
    index: MipsIndex
    """The same factors, transformed for the search."""

    @classmethod
    def of(
        cls, movie_ids: npt.ArrayLike, factors: npt.ArrayLike, *, users: npt.ArrayLike | None = None
    ) -> Catalogue:
        """Return the catalogue of the movies [n] and their factors [n, rank].

        `users` are the factors [m, rank] of a sample of the users who get lists: a representative
        sample makes the search faster. Raises ValueError for a factor that is not finite.
        """
        ids = np.asarray(movie_ids, dtype=np.int32)
        exact = np.asarray(factors, dtype=np.float64)
        check_finite(exact, of="movie")
        by_id = np.argsort(ids)
        flat, exponent = scaled(exact[by_id].reshape(1, -1))
        exact = flat.reshape(exact.shape)
        some = np.asarray(exact[:0] if users is None else users, dtype=np.float64)
        check_finite(some, of="user")
        index = MipsIndex.of(exact, some)
        return cls(movie_ids=ids[by_id], factors=exact, exponent=int(exponent[0, 0]), index=index)

    def locate(
        self, movie_ids: npt.NDArray[np.int32]
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
        """Return the position of each movie, and whether it is a candidate.

        The position of a movie that is not a candidate is meaningless.
        """
        if not len(self.movie_ids):
            return np.zeros(len(movie_ids), np.int64), np.zeros(len(movie_ids), np.bool_)
        at = np.searchsorted(self.movie_ids, movie_ids).clip(max=len(self.movie_ids) - 1)
        return at, self.movie_ids[at] == movie_ids


def check_finite(factors: npt.NDArray[np.floating], *, of: str) -> None:
    """Raise ValueError if a factor of a user or a movie is infinite or not a number."""
    if not np.isfinite(factors).all():
        raise ValueError(f"a {of} factor is not finite")


def collect_catalogue(movie_factors: DataFrame, user_factors: DataFrame) -> Catalogue:
    """Return the catalogue of a frame of movie factors, for the users of a frame of user factors.

    It takes _SAMPLED_USERS of the users into account.
    """
    arrays = collect_arrays(movie_factors.select(MOVIE_ID, FACTORS))
    ids, factors = arrays[MOVIE_ID], arrays[FACTORS]
    matrix = factors.reshape(len(ids), -1) if len(ids) else np.empty((0, 1))
    users = collect_arrays(user_factors.select(FACTORS).limit(_SAMPLED_USERS))[FACTORS]
    return Catalogue.of(ids, matrix, users=users.reshape(-1, matrix.shape[1]))


def factor_matrix(column: pa.Array) -> npt.NDArray[np.floating]:
    """Return an Arrow column of n lists of equal length as [n, rank]."""
    flat = column.flatten().to_numpy(zero_copy_only=False)
    return np.asarray(flat).reshape(len(column), -1)
