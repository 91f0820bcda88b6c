"""Recommendation lists of whole frames of users, made by a kernel inside Spark's workers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Protocol

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

# Bounds a worker's memory: 1024 users by the kernel's widest product.
_USERS_AT_ONCE = 1024
_SHOWN = "shown"


class Kernel(Protocol):
    """Makes the lists of a block of users from a catalogue."""

    def __call__(self, block: Block, catalogue: Catalogue) -> Lists:
        """Return the lists."""


def movie_lists(pairs: DataFrame) -> DataFrame:
    """Return the movie ids of each user's pairs as one list, in no order."""
    return pairs.groupBy(USER_ID).agg(F.collect_list(MOVIE_ID).alias(MOVIES))


def recommend(
    user_factors: DataFrame,
    *,
    catalogue: Broadcast[Catalogue],
    movies: DataFrame,
    kernel: Kernel,
    shown: DataFrame | None = None,
) -> DataFrame:
    """Return the lists that the kernel makes of each user's factors and movies.

    `movies` holds `movie_lists`, of the seen movies or of the only candidates, as the kernel takes
    them; movies outside the catalogue are left out. One row a (user, movie) with score and rank,
    from 1. A user for whom the kernel finds no candidate has no row.

    `shown`, where given, holds `movie_lists` too: users without such a list have no row, and rows
    of other movies are left out once they are ranked.
    """
    users = user_factors.join(movies, on=USER_ID, how="left").select(USER_ID, FACTORS, MOVIES)
    filtered = shown is not None
    if shown is not None:
        of_user = shown.select(USER_ID, F.col(MOVIES).alias(_SHOWN))
        users = users.join(of_user, on=USER_ID, how="inner")

    def lists(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            for start in range(0, batch.num_rows, _USERS_AT_ONCE):
                part = batch.slice(start, _USERS_AT_ONCE)
                block = _block(part, catalogue.value)
                made = kernel(block, catalogue.value)
                if filtered:
                    made = made.among(*_pairs(part.column(3)))
                yield _rows(block, made)

    return users.mapInArrow(lists, ddl(RECOMMENDATIONS))


def _block(batch: pa.RecordBatch, catalogue: Catalogue) -> Block:
    user_ids, factors, movies = batch.columns[:3]
    rows, movie_ids = _pairs(movies)
    positions, known = catalogue.locate(movie_ids)
    return Block(
        user_ids=user_ids.to_numpy(zero_copy_only=False).astype(np.int32),
        factors=factor_matrix(factors),
        rows=rows[known],
        positions=positions[known],
    )


def _pairs(movies: pa.Array) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int32]]:
    """Return (row, movie id) of every entry of an Arrow column of lists; null is empty."""
    lengths = pc.fill_null(pc.list_value_length(movies), 0).to_numpy(zero_copy_only=False)
    movie_ids = movies.flatten().to_numpy(zero_copy_only=False).astype(np.int32)
    return np.repeat(np.arange(len(movies)), lengths), movie_ids


def _rows(block: Block, lists: Lists) -> pa.RecordBatch:
    """Return lists as rows of the recommendations' schema."""
    return pa.RecordBatch.from_arrays(
        [
            pa.array(block.user_ids[lists.rows], pa.int32()),
            pa.array(lists.movie_ids, pa.int32()),
            pa.array(lists.scores, pa.float64()),
            pa.array(lists.ranks, pa.int32()),
        ],
        names=RECOMMENDATIONS.fieldNames(),
    )
