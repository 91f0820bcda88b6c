"""Recommendation lists for frames of users, made by a kernel in Spark's Python workers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from pyspark import Broadcast
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from movierec.data.columns import FACTORS, MOVIE_ID, MOVIES, USER_ID
from movierec.data.schemas import RECOMMENDATIONS, ddl
from movierec.ranking.catalogue import Catalogue, factor_matrix
from movierec.ranking.topk import Block, Lists

# Bounds the memory of a worker: 1024 users times the widest product of the kernel.
_USERS_PER_BLOCK = 1024
_KEPT = "kept"
Kernel = Callable[[Block, Catalogue], Lists]
"""Makes the lists of a block of users from a catalogue."""


def movie_lists(pairs: DataFrame) -> DataFrame:
    """Return the movie ids of each user's pairs as one list, in no order."""
    return pairs.groupBy(USER_ID).agg(F.collect_list(MOVIE_ID).alias(MOVIES))


def recommend(
    user_factors: DataFrame,
    *,
    catalogue: Broadcast[Catalogue],
    movies: DataFrame,
    kernel: Kernel,
    keep_only: DataFrame | None = None,
) -> DataFrame:
    """Return the lists that the kernel makes from the factors and the movies of each user.

    `movies` holds `movie_lists` of seen movies or of candidates, depending on the kernel; movies
    outside the catalogue are ignored. The result has one row per (user, movie) with score and
    rank, from 1. A user without a candidate has no row.

    `keep_only` also holds `movie_lists`. If given, only these movies of a user are returned, with
    their ranks in the whole list.
    """
    users = user_factors.join(movies, on=USER_ID, how="left").select(USER_ID, FACTORS, MOVIES)
    filtered = keep_only is not None
    if keep_only is not None:
        kept = keep_only.select(USER_ID, F.col(MOVIES).alias(_KEPT))
        users = users.join(kept, on=USER_ID, how="inner")

    def lists(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            for start in range(0, batch.num_rows, _USERS_PER_BLOCK):
                part = batch.slice(start, _USERS_PER_BLOCK)
                block = _block(part, catalogue.value)
                made = kernel(block, catalogue.value)
                if filtered:
                    made = made.keep_only(*pairs_of(part.column(3)))
                yield list_rows(block.user_ids, made)

    return users.mapInArrow(lists, ddl(RECOMMENDATIONS))


def _block(batch: pa.RecordBatch, catalogue: Catalogue) -> Block:
    user_ids, factors, movies = batch.columns[:3]
    rows, movie_ids = pairs_of(movies)
    positions, known = catalogue.locate(movie_ids)
    return Block(
        user_ids=user_ids.to_numpy(zero_copy_only=False).astype(np.int32),
        factors=factor_matrix(factors),
        rows=rows[known],
        positions=positions[known],
    )


def pairs_of(movies: pa.Array) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int32]]:
    """Return (row, movie id) of every entry of an Arrow column of lists; null is an empty list."""
    lengths = pc.fill_null(pc.list_value_length(movies), 0).to_numpy(zero_copy_only=False)
    movie_ids = movies.flatten().to_numpy(zero_copy_only=False).astype(np.int32)
    return np.repeat(np.arange(len(movies)), lengths), movie_ids


def list_rows(user_ids: npt.NDArray[np.int32], lists: Lists) -> pa.RecordBatch:
    """Return the lists of a block of users as rows in the schema of recommendations.

    A score that is not a number becomes null.
    """
    return pa.RecordBatch.from_arrays(
        [
            pa.array(user_ids[lists.rows], pa.int32()),
            pa.array(lists.movie_ids, pa.int32()),
            pa.array(lists.scores, pa.float64(), from_pandas=True),
            pa.array(lists.ranks, pa.int32()),
        ],
        names=RECOMMENDATIONS.fieldNames(),
    )
