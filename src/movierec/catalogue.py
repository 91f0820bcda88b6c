"""The candidate movies with their factors, in the order that makes exact top-k cheap."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pyspark.sql import DataFrame

from movierec.columns import FACTORS, MOVIE_ID
from movierec.packing import collect_arrays


@dataclass(frozen=True)
class Catalogue:
    """n candidate movies by falling factor norm, equal norms by movie id."""

    movie_ids: npt.NDArray[np.int32]
    """[n]"""
    factors: npt.NDArray[np.float64]
    """[n, rank]: the factors that scores are defined by."""
    search_factors: npt.NDArray[np.float32]
    """[n, rank]: the same in single precision, for finding what can be in a list."""
    norms: npt.NDArray[np.float64]
    """[n]: Euclidean norms."""
    ids_sorted: npt.NDArray[np.int32]
    """[n]: the movie ids in rising order."""
    positions: npt.NDArray[np.int64]
    """[n]: where in this catalogue each of `ids_sorted` stands."""

    @classmethod
    def of(cls, movie_ids: npt.ArrayLike, factors: npt.ArrayLike) -> Catalogue:
        """Return the catalogue of the movies [n] and their factors [n, rank].

        Raises ValueError for a factor that is not finite.
        """
        ids = np.asarray(movie_ids, dtype=np.int32)
        exact = np.asarray(factors, dtype=np.float64)
        if not np.isfinite(exact).all():
            raise ValueError("a movie factor is not finite")
        norms = np.sqrt((exact * exact).sum(axis=1))
        order = np.lexsort((ids, -norms))
        ids = ids[order]
        by_id = np.argsort(ids)
        return cls(
            movie_ids=ids,
            factors=np.ascontiguousarray(exact[order]),
            search_factors=np.ascontiguousarray(exact[order], dtype=np.float32),
            norms=norms[order],
            ids_sorted=ids[by_id],
            positions=by_id,
        )

    def locate(
        self, movie_ids: npt.NDArray[np.int32]
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
        """Return the position of each movie, and whether it is a candidate at all.

        The position of a movie that is none is meaningless.
        """
        if not len(self.ids_sorted):
            return np.zeros(len(movie_ids), np.int64), np.zeros(len(movie_ids), np.bool_)
        at = np.searchsorted(self.ids_sorted, movie_ids).clip(max=len(self.ids_sorted) - 1)
        return self.positions[at], self.ids_sorted[at] == movie_ids


def collect_catalogue(movie_factors: DataFrame) -> Catalogue:
    """Return the catalogue of a frame of movie ids and factors."""
    arrays = collect_arrays(movie_factors.select(MOVIE_ID, FACTORS))
    ids, factors = arrays[MOVIE_ID], arrays[FACTORS]
    return Catalogue.of(ids, factors.reshape(len(ids), -1) if len(ids) else np.empty((0, 1)))


def factor_matrix(column: pa.Array) -> npt.NDArray[np.floating]:
    """Return an Arrow column of n equally long lists as [n, rank]."""
    flat = column.flatten().to_numpy(zero_copy_only=False)
    return np.asarray(flat).reshape(len(column), -1)
