"""ALS of the same loss as Spark's, solved in numpy: each half-step is one Spark job.

Ratings are grouped twice, by user and by movie, into blocks that Spark keeps in memory. A half-step
sends the factors of one side to every worker, and each task solves the systems of the other side
for its blocks. The driver holds the factors of both sides, so a lost executor costs its blocks
alone, which Spark groups again.
"""

from __future__ import annotations

import math
import pickle
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any, Final, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pyspark import Broadcast, StorageLevel
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.types import StructType

from movierec.data.arrays import collect_arrays
from movierec.data.columns import MOVIE_ID, USER_ID
from movierec.data.schemas import ddl
from movierec.errors import InputError, SingularFitError
from movierec.models.half_step import HalfStep, Rated, Singles, half_step

Ids: TypeAlias = npt.NDArray[np.int32]
_RATINGS_PER_BLOCK: Final = 500_000
_RATINGS_PER_PARTITION: Final = 8_000_000
"""Ratings that a worker sorts at a time, in some 40 bytes each."""
_RATINGS_IN_ONE_TASK: Final = 1_000_000
"""So few that a job for each half-step would take longer than the work: one task does it all."""
_ROWS_AT_ONCE: Final = 65_536
_GIB: Final = 1 << 30
_BYTES_SENT: Final = 2 * _GIB
"""The most of one side's factors, which the driver and every worker hold."""


class _Ratings(NamedTuple):
    """Ratings by the positions of their users and movies, or of their movies and users."""

    own: Ids
    other: Ids
    values: Singles


class _Block(NamedTuple):
    """Ratings of some users, or of some movies, and the positions of these, rising."""

    key: str
    """USER_ID or MOVIE_ID."""
    own: Ids
    rated: Rated


class BlockedRatings:
    """Ratings in blocks, for fits that differ in their parameters. Close it to free its memory."""

    def __init__(self, values: DataFrame, *, value: str) -> None:
        """Group the ratings, whose column `value` is what ALS sees of them. Runs Spark."""
        self._context = values.sparkSession.sparkContext
        n_ratings = values.count()
        self._in_one_task = n_ratings <= _RATINGS_IN_ONE_TASK
        partitions = 1
        if not self._in_one_task:
            at_least = math.ceil(n_ratings / _RATINGS_PER_PARTITION)
            partitions = max(2 * self._context.defaultParallelism, at_least)
        self.user_ids, self.movie_ids = (
            np.sort(collect_arrays(values.select(key).distinct())[key])
            for key in (USER_ID, MOVIE_ID)
        )
        self._partitions: dict[str, list[int]] = {
            USER_ID: list(range(partitions)),
            MOVIE_ID: list(range(partitions, 2 * partitions)),
        }
        ids = self._context.broadcast((self.user_ids, self.movie_ids))
        scattered = values.select(USER_ID, MOVIE_ID, value).mapInArrow(
            _scatter(ids, partitions), "target bigint, packed binary"
        )
        placed: Any = scattered.rdd.map(tuple).partitionBy(2 * partitions, int)
        blocks = placed.mapPartitions(_gatherer(partitions))
        if self._in_one_task:
            blocks = blocks.coalesce(1)
        self._blocks = blocks.persist(StorageLevel.MEMORY_AND_DISK)

    def close(self) -> None:
        """Free the memory."""
        self._blocks.unpersist()

    def check_size(self, rank: int) -> None:
        """Raise InputError if the factors are too many to send to every worker."""
        n = max(len(self.user_ids), len(self.movie_ids))
        if 4 * rank * n > _BYTES_SENT:
            raise InputError(
                f"{n:,} factors of rank {rank} are {4 * rank * n / _GIB:.1f} GiB, more than the "
                f"{_BYTES_SENT / _GIB:.0f} GiB that the engine blocks sends to every worker: set "
                "als.engine and tuning.engine to spark, or lower the rank"
            )

    def fit(
        self, users: Singles, *, iterations: int, reg_param: float, alpha: float | None
    ) -> tuple[Singles, Singles]:
        """Return the factors of users and movies, from first factors of the users.

        An iteration solves the movies first, as Spark's does. Raises SingularFitError where a
        system has no single solution.
        """
        iterate = partial(
            _iterate, users=users, iterations=iterations, reg_param=reg_param, alpha=alpha
        )
        sizes = {USER_ID: len(self.user_ids), MOVIE_ID: len(self.movie_ids)}
        if not self._in_one_task:
            return iterate(partial(self._solve, sizes))

        def fit(blocks: Iterable[_Block]) -> list[tuple[Singles, Singles] | None]:
            try:
                return [iterate(partial(_solve, list(blocks), sizes))]
            except SingularFitError:
                return [None]

        (found,) = self._context.runJob(self._blocks, fit)
        if found is None:
            raise SingularFitError
        return found

    def _solve(self, sizes: dict[str, int], key: str, shared: HalfStep) -> Singles:
        """Return the factors of the users, or of the movies [n, rank], by a job."""
        sent = self._context.broadcast(shared)

        def solve(blocks: Iterable[_Block]) -> Iterator[tuple[Ids, Singles]]:
            return ((block.own, sent.value.solve(block.rated)) for block in blocks)

        solved = self._context.runJob(self._blocks, solve, self._partitions[key])
        sent.destroy()
        return _assembled(solved, sizes[key])


def _iterate(
    solve: Callable[[str, HalfStep], Singles],
    *,
    users: Singles,
    iterations: int,
    reg_param: float,
    alpha: float | None,
) -> tuple[Singles, Singles]:
    for _ in range(iterations):
        movies = solve(MOVIE_ID, half_step(users, reg_param=reg_param, alpha=alpha))
        users = solve(USER_ID, half_step(movies, reg_param=reg_param, alpha=alpha))
    return users, movies


def _solve(blocks: list[_Block], sizes: dict[str, int], key: str, shared: HalfStep) -> Singles:
    """Return the factors of the users, or of the movies [n, rank], in this process."""
    own = (block for block in blocks if block.key == key)
    return _assembled(((block.own, shared.solve(block.rated)) for block in own), sizes[key])


def _assembled(solved: Iterable[tuple[Ids, Singles]], n: int) -> Singles:
    """Return the factors [n, rank] of some positions each. Raises SingularFitError for a NaN."""
    parts = list(solved)
    found = np.empty((n, parts[0][1].shape[1]), np.float32)
    for own, factors in parts:
        found[own] = factors
    if np.isnan(found).any():
        raise SingularFitError
    return found


def factors_frame(spark: SparkSession, ids: Ids, factors: Singles, schema: StructType) -> DataFrame:
    """Return ids and factors as a frame, cut from the driver's arrays by the workers.

    With a checkpoint directory the frame is checkpointed. Else every use cuts it again, and one
    that needs the first rows only, such as a limit, leaves a worker with a broken pipe.
    """
    shared = spark.sparkContext.broadcast((ids, factors))

    def rows(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        ids, factors = shared.value
        for batch in batches:
            for start in batch.column(0).to_pylist():
                some = slice(start, start + _ROWS_AT_ONCE)
                vectors = pa.FixedSizeListArray.from_arrays(factors[some].ravel(), factors.shape[1])
                arrays = [pa.array(ids[some]), vectors.cast(pa.list_(pa.float32()))]
                yield pa.RecordBatch.from_arrays(arrays, names=schema.fieldNames())

    parts = max(1, math.ceil(len(ids) / _ROWS_AT_ONCE))
    starts = spark.range(0, len(ids), _ROWS_AT_ONCE, numPartitions=parts)
    cut = starts.mapInArrow(rows, ddl(schema))
    if spark.sparkContext.getCheckpointDir() is None:
        return cut
    kept = cut.checkpoint()
    shared.destroy()
    return kept


def _scatter(ids: Broadcast[tuple[Ids, Ids]], partitions: int) -> Any:
    """Return the function of the tasks that packs their ratings for each partition, twice.

    They cross the network in a few large pieces, not row by row.
    """

    def scatter(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        columns = [[column.to_numpy() for column in batch.columns] for batch in batches]
        if not columns:
            return
        *keys, values = (np.concatenate(parts) for parts in zip(*columns, strict=True))
        users, movies = (
            np.searchsorted(known, own).astype(np.int32)
            for known, own in zip(ids.value, keys, strict=True)
        )
        for first, own, other in ((0, users, movies), (partitions, movies, users)):
            targets = own % partitions
            order = np.argsort(targets, kind="stable")
            bounds = np.searchsorted(targets[order], np.arange(partitions + 1))
            for target in range(partitions):
                some = order[bounds[target] : bounds[target + 1]]
                packed = pickle.dumps(_Ratings(own[some], other[some], values[some]))
                yield pa.RecordBatch.from_arrays(
                    [pa.array([first + target]), pa.array([packed])], names=["target", "packed"]
                )

    return scatter


def _gatherer(partitions: int) -> Any:
    """Return the function of the tasks that makes the blocks of a partition."""

    def gather(pairs: Iterable[tuple[int, bytes]]) -> Iterator[_Block]:
        placed = list(pairs)
        if placed:
            key = USER_ID if placed[0][0] < partitions else MOVIE_ID
            yield from _gather(key, [pickle.loads(packed) for _, packed in placed])

    return gather


def _gather(key: str, parts: list[_Ratings]) -> Iterator[_Block]:
    own, other, values = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    if not len(own):
        return
    order = np.argsort(own.astype(np.int64) << 32 | other)
    own, other, values = own[order], other[order], values[order]
    firsts = np.flatnonzero(np.diff(own, prepend=-1))
    bounds = np.append(firsts, len(own))
    begin = 0
    while begin < len(firsts):
        within = np.searchsorted(bounds, bounds[begin] + _RATINGS_PER_BLOCK, side="right") - 1
        end = max(begin + 1, int(within))
        some = slice(bounds[begin], bounds[end])
        starts = bounds[begin : end + 1] - bounds[begin]
        yield _Block(key, own[firsts[begin:end]], Rated(starts, other[some], values[some]))
        begin = end
