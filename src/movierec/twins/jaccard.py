"""Counts the common movies of candidate pairs of sets, exactly.

Joining each pair with both of its sets would ship a set once per pair. Here the sets are divided
into a few parts, and a task gets a cell: two parts and all pairs between them. So a set is shipped
once per part, whatever the number of pairs.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Iterator
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from movierec.data import columns as c

Ints = npt.NDArray[np.int64]
SINGLE_PART_SETS: Final = 5_000
"""Up to this many sets are one part; the number of parts grows with the square root of the sets."""
PARTNERS_AT_ONCE: Final = 1024
"""Sets that one set is compared with at once; bounds the memory."""
_KEY, _PART = "key", "part"
_SCHEMA: Final = (
    f"{c.SET_A} int, {c.SET_B} int, {c.COMMON} int, {c.UNION} int, {c.JACCARD} double, "
    f"{c.SMALLER_SIZE} int, {c.N_PAIRS} bigint"
)


def similar_pairs(
    candidates: DataFrame, *, sets: DataFrame, n_sets: int, threshold: float
) -> DataFrame:
    """Return the candidates with a Jaccard similarity of at least the threshold.

    `candidates` has `set_a` and `set_b`, each pair once; `sets` has `set_id`, `movies` and
    `n_users`, and about `n_sets` rows. The result has one row per pair: `set_a`, `set_b`,
    `common`, `union`, `jaccard`, `smaller_size`, and `n_pairs`, the number of user pairs that
    the pair of sets stands for.
    """
    parts = math.ceil(math.sqrt(max(n_sets, 1) / SINGLE_PART_SETS))
    n_cells = parts * (parts + 1) // 2
    keys = F.array(*map(F.lit, one_key_per_task(sets.sparkSession, n_cells)))
    ids = candidates.select(F.explode(F.array(c.SET_A, c.SET_B)).alias(c.SET_ID)).dropDuplicates()
    shipped = (
        sets.join(ids, on=c.SET_ID, how="left_semi")
        .withColumn(_PART, F.explode(F.sequence(F.lit(0), F.lit(parts - 1))))
        .select(
            keys[_cell(_part(c.SET_ID, parts), F.col(_PART))].alias(_KEY),
            F.col(c.SET_ID).alias(c.SET_A),
            F.lit(None).cast("int").alias(c.SET_B),
            c.MOVIES,
            c.N_USERS,
        )
    )
    pairs = candidates.select(
        keys[_cell(_part(c.SET_A, parts), _part(c.SET_B, parts))].alias(_KEY),
        c.SET_A,
        c.SET_B,
        F.lit(None).cast("array<int>").alias(c.MOVIES),
        F.lit(None).cast("int").alias(c.N_USERS),
    )

    def count(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        rows = list(batches)
        if rows:
            yield _count_pairs(pa.Table.from_batches(rows).combine_chunks(), threshold)

    together = shipped.unionByName(pairs).repartition(n_cells, _KEY)
    return together.select(c.SET_A, c.SET_B, c.MOVIES, c.N_USERS).mapInArrow(count, _SCHEMA)


def _part(set_id: str, parts: int) -> Column:
    return F.pmod(F.xxhash64(set_id), F.lit(parts)).cast("int")


def _cell(one: Column, other: Column) -> Column:
    """Return the number of the cell of two parts, in either order, from 0."""
    high = F.greatest(one, other)
    return (high * (high + 1) / 2).cast("int") + F.least(one, other)


def one_key_per_task(spark: SparkSession, n: int) -> list[int]:
    """Return n integers that `repartition(n, ...)` assigns to n different tasks.

    Keys are assigned by hash: of the numbers from 0 to n - 1, several would share a task while
    other tasks get none. So try 40·n candidates and keep one per task.
    """
    numbers = spark.range(40 * n).select(F.col("id").cast("int").alias(_KEY))
    rows = numbers.select(_KEY, F.pmod(F.hash(_KEY), F.lit(n)).alias("task")).collect()
    first = {row["task"]: row[_KEY] for row in reversed(rows)}
    return [first[task] for task in range(n)]


def _count_pairs(table: pa.Table, threshold: float) -> pa.RecordBatch:
    """Return the pairs in a task's rows that reach the threshold.

    Rows with movies are sets, possibly repeated; the others are pairs.
    """
    is_pair = pc.is_null(table.column(c.MOVIES))
    pairs, sets = table.filter(is_pair), table.filter(pc.invert(is_pair)).combine_chunks()
    movies = pa.chunked_array(sets.column(c.MOVIES)).combine_chunks()
    lengths = pc.list_value_length(movies).to_numpy(zero_copy_only=False).astype(np.int64)
    ids, first = np.unique(sets.column(c.SET_A).to_numpy(), return_index=True)
    set_a, set_b = (pairs.column(name).to_numpy().astype(np.int64) for name in (c.SET_A, c.SET_B))
    a, b = (first[np.searchsorted(ids, one)] for one in (set_a, set_b))
    common = count_common(
        movies.flatten().to_numpy(zero_copy_only=False),
        np.concatenate([[0], np.cumsum(lengths)]),
        a=a,
        b=b,
    )
    union = lengths[a] + lengths[b] - common
    jaccard = common / np.maximum(union, 1)
    kept = jaccard >= threshold
    n_users = sets.column(c.N_USERS).to_numpy().astype(np.int64)
    columns = {
        c.SET_A: pa.array(set_a[kept], pa.int32()),
        c.SET_B: pa.array(set_b[kept], pa.int32()),
        c.COMMON: pa.array(common[kept], pa.int32()),
        c.UNION: pa.array(union[kept], pa.int32()),
        c.JACCARD: pa.array(jaccard[kept]),
        c.SMALLER_SIZE: pa.array(np.minimum(lengths[a], lengths[b])[kept], pa.int32()),
        c.N_PAIRS: pa.array((n_users[a] * n_users[b])[kept]),
    }
    return pa.RecordBatch.from_arrays(list(columns.values()), names=list(columns))


def count_common(members: npt.NDArray[Any], starts: Ints, *, a: Ints, b: Ints) -> Ints:
    """Return how many members the sets a[i] and b[i] have in common, for each i.

    `members` holds the members of all sets, small numbers without repetition within a set; set n
    has those from starts[n] to before starts[n + 1]. The members of each b are marked, and those
    of its partners are looked up among the marks.
    """
    common = np.zeros(len(a), np.int64)
    if not len(a) or not len(members):
        return common
    marked = np.zeros(int(members.max()) + 1, np.bool_)
    order = np.argsort(b, kind="stable")
    sorted_b = b[order]
    new_run = np.arange(len(b)) % PARTNERS_AT_ONCE == 0
    new_run[1:] |= sorted_b[1:] != sorted_b[:-1]
    edges = [*np.flatnonzero(new_run).tolist(), len(b)]
    for first, last in itertools.pairwise(edges):
        group = order[first:last]
        own = members[starts[sorted_b[first]] : starts[sorted_b[first] + 1]]
        marked[own] = True
        begins, lengths = starts[a[group]], starts[a[group] + 1] - starts[a[group]]
        ends = np.cumsum(lengths)
        places = np.arange(ends[-1]) + np.repeat(begins - (ends - lengths), lengths)
        counts = np.concatenate([[0], np.cumsum(marked[members[places]])])
        common[group] = counts[ends] - counts[ends - lengths]
        marked[own] = False
    return common
