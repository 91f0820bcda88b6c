"""Each user's movies as a set, prepared for the search for similar sets."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from movierec.data import columns as c
from movierec.data.counts import count_ratings_by
from movierec.data.schemas import MOVIE_SETS, ddl
from movierec.twins.bitmap_filter import make_sketches

_RARITY = "rarity"


@dataclass(frozen=True)
class Population:
    """The users who take part."""

    users: int
    sets: int
    """Distinct sets of movies."""
    users_sharing_a_set: int
    """Users with the same set as another user."""
    identical_pairs: int
    """User pairs with equal sets, which tie at a similarity of 1."""


def movie_sets(ratings: DataFrame, *, min_movies: int, keep_users: int) -> DataFrame:
    """Return the distinct movie sets of the users who rated at least `min_movies` movies.

    One row per set: `set_id`, the smallest id among its users; `movies`, as `rarity_ranks`,
    rising; `size`; `users`, the `keep_users` smallest ids of its users, rising; `n_users`, all of
    them; and `sketch`.
    """
    ranked = ratings.join(F.broadcast(rarity_ranks(ratings)), on=c.MOVIE_ID, how="inner")
    by_user = ranked.groupBy(c.USER_ID).agg(F.sort_array(F.collect_list(_RARITY)).alias(c.MOVIES))
    distinct = (
        by_user.where(F.size(c.MOVIES) >= min_movies)
        .groupBy(c.MOVIES)
        .agg(F.sort_array(F.collect_list(c.USER_ID)).alias(c.USERS))
    )
    return distinct.select(
        F.col(c.USERS)[0].alias(c.SET_ID),
        c.MOVIES,
        F.size(c.MOVIES).alias(c.SIZE),
        F.slice(c.USERS, 1, keep_users).alias(c.USERS),
        F.size(c.USERS).alias(c.N_USERS),
    ).mapInArrow(_with_sketches, ddl(MOVIE_SETS))


def rarity_ranks(ratings: DataFrame) -> DataFrame:
    """Return each rated movie's rank by number of ratings: the rarest is 0, ties by movie id.

    One row per movie, ranked in one partition.
    """
    counts = count_ratings_by(ratings, key=c.MOVIE_ID)
    rank = F.row_number().over(Window.orderBy(c.N_RATINGS, c.MOVIE_ID)) - 1
    return counts.select(c.MOVIE_ID, rank.alias(_RARITY))


def collect_population(sets: DataFrame) -> Population:
    """Return the counts of `movie_sets`."""
    shared = F.col(c.N_USERS) > 1
    (row,) = sets.agg(
        F.sum(c.N_USERS).alias("users"),
        F.count(F.lit(1)).alias("sets"),
        F.sum(F.when(shared, F.col(c.N_USERS))).alias("users_sharing_a_set"),
        F.sum(F.when(shared, n_identical_pairs())).alias("identical_pairs"),
    ).collect()
    return Population(**{name: value or 0 for name, value in row.asDict().items()})


def n_identical_pairs() -> Column:
    """Return the number of user pairs within a set."""
    n_users = F.col(c.N_USERS).cast("long")
    return F.shiftright(n_users * (n_users - 1), 1)


def _with_sketches(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    for batch in batches:
        movies = batch.column(batch.schema.get_field_index(c.MOVIES))
        members = movies.flatten().to_numpy(zero_copy_only=False).astype(np.int64)
        sizes = pc.list_value_length(movies).to_numpy(zero_copy_only=False).astype(np.int64)
        data, lengths = make_sketches(members, sizes)
        ends = np.cumsum(np.concatenate([[0], lengths])).astype(np.int32)
        column = pa.Array.from_buffers(
            pa.binary(), batch.num_rows, [None, pa.py_buffer(ends), pa.py_buffer(data)]
        )
        yield pa.RecordBatch.from_arrays(
            [*batch.columns, column], names=[*batch.schema.names, c.SKETCH]
        )
