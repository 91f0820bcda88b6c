"""Fits EASE to ratings: the Gram matrix in Spark's Python workers, its inverse on the driver."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pyspark import Broadcast
from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from scipy.sparse import csr_matrix

from movierec.config.schema import EaseFeedback
from movierec.data.arrays import Floats, collect_arrays
from movierec.data.columns import MOVIE_ID, N_RATINGS, RATING, USER_ID
from movierec.data.counts import count_ratings_by
from movierec.models.ease import Ease, EaseParams, ease_values, solve_weights

MovieIds = npt.NDArray[np.int32]
_RATINGS_AT_ONCE = 1 << 26
"""Ratings that the driver and every worker hold together, in 12 bytes each."""
_NUMBERS_AT_ONCE = 1 << 25
"""Numbers of the Gram matrix, of 8 bytes, that one Spark job returns: a quarter of what Spark's
driver takes by default."""


def fit_ease(ratings: DataFrame, *, params: EaseParams, relevant_rating: float) -> Ease:
    """Fit EASE to ratings. Raises SingularFitError as `solve_weights` does."""
    ids = collect_by_popularity(ratings)
    movie_ids, outside = np.sort(ids[: params.movies]), ids[params.movies :]
    gram = collect_gram(
        ratings, movie_ids=movie_ids, feedback=params.feedback, relevant_rating=relevant_rating
    )
    weights = solve_weights(gram, reg_param=params.reg_param)
    return Ease(movie_ids, weights, params, outside)


def collect_by_popularity(ratings: DataFrame) -> MovieIds:
    """Return the ids of all movies, the most rated first; of equals the lower id."""
    counts = collect_arrays(count_ratings_by(ratings, key=MOVIE_ID).select(MOVIE_ID, N_RATINGS))
    ids: MovieIds = counts[MOVIE_ID][np.lexsort((counts[MOVIE_ID], -counts[N_RATINGS]))]
    return ids


def collect_gram(
    ratings: DataFrame, *, movie_ids: MovieIds, feedback: EaseFeedback, relevant_rating: float
) -> Floats:
    """Return XᵀX [m, m] of the movies' feedback, of which only the upper triangle is filled.

    Each task multiplies the feedback on some movies with all of it, so no pair of movies is ever a
    row. The sums have a fixed order: the result is the same at any partitioning. Ratings beyond
    `_RATINGS_AT_ONCE` are taken in turn, by user.
    """
    n = len(movie_ids)
    gram = np.zeros((n, n))
    parts = max(1, math.ceil(ratings.count() / _RATINGS_AT_ONCE))
    for part in range(parts):
        some = ratings.where(F.pmod(F.col(USER_ID), F.lit(parts)) == part)
        by_movie = _collect_by_movie(some, movie_ids, feedback, relevant_rating)
        _add_gram(gram, by_movie, some)
    return gram


def _collect_by_movie(
    ratings: DataFrame, movie_ids: MovieIds, feedback: EaseFeedback, relevant_rating: float
) -> csr_matrix:
    """Return the values other than 0 as a sparse matrix of movies [m] and users, users rising."""
    arrays = collect_arrays(ratings.select(USER_ID, MOVIE_ID, RATING))
    values = ease_values(arrays[RATING], feedback=feedback, relevant_rating=relevant_rating)
    movies = np.searchsorted(movie_ids, arrays[MOVIE_ID]).clip(max=len(movie_ids) - 1)
    kept = (movie_ids[movies] == arrays[MOVIE_ID]) & (values != 0)
    user_ids, users = np.unique(arrays[USER_ID][kept], return_inverse=True)
    movies, values = movies[kept], values[kept]
    order = np.argsort(movies * len(user_ids) + users)
    starts = np.searchsorted(movies[order], np.arange(len(movie_ids) + 1))
    return csr_matrix(
        (values[order], users[order].astype(np.int32), starts.astype(np.int32)),
        shape=(len(movie_ids), len(user_ids)),
    )


def _add_gram(gram: Floats, by_movie: csr_matrix, ratings: DataFrame) -> None:
    """Add the upper triangle of `by_movie` times its transpose, some rows of it in each job."""
    spark = ratings.sparkSession
    shared = spark.sparkContext.broadcast(by_movie)
    n = len(gram)
    at_once = min(n, max(1, _NUMBERS_AT_ONCE // n))
    per_task = math.ceil(at_once / (2 * spark.sparkContext.defaultParallelism))
    for start in range(0, n, at_once):
        stop = min(n, start + at_once)
        starts = spark.range(start, stop, per_task, numPartitions=math.ceil(at_once / per_task))
        products = _products(shared, per_task, stop)
        for row in starts.mapInArrow(products, "start int, rows binary").collect():
            rows = np.frombuffer(row["rows"]).reshape(-1, n - row["start"])
            gram[row["start"] : row["start"] + len(rows), row["start"] :] += rows
    shared.destroy()


def _products(shared: Broadcast[Any], per_task: int, stop: int) -> Any:
    """Return the function of the tasks: rows of the Gram matrix, from the diagonal on."""

    def products(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            for start in batch.column(0).to_pylist():
                own = shared.value[start : min(stop, start + per_task)]
                columns = (shared.value[start:] @ own.T.tocsr()).toarray()
                rows = pa.array([np.ascontiguousarray(columns.T).tobytes()], pa.binary())
                yield pa.RecordBatch.from_arrays(
                    [pa.array([start], pa.int32()), rows], names=["start", "rows"]
                )

    return products
