"""Candidates: pairs of sets that share a block and may reach a similarity threshold.

A block is an LSH bucket, or a movie in the exact search. Only ids, sizes and sketches are
shuffled, never the sets.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from movierec.data.columns import BLOCK, LEADS, SET_A, SET_B, SET_ID, SIZE, SKETCH
from movierec.twins.block_pairs import BlockRows, similar_in_blocks

BLOCK_COLUMNS: Final = (BLOCK, SET_ID, SIZE, LEADS, SKETCH)
CELL_ROWS: Final = 8192
"""A block with more rows is hot: it is cut into cells of about this many rows, one task each."""
_N_PARTS, _PART, _PARTNER, _N_ROWS = "n_parts", "part", "partner", "n_rows"


def candidate_pairs(
    blocks: DataFrame, *, threshold: float, cell_rows: int = CELL_ROWS
) -> tuple[DataFrame, dict[str, int]]:
    """Return the pairs that share a block and may reach the threshold, each once, and sizes.

    `blocks` has BLOCK_COLUMNS, one row per set and block. A pair counts if its smaller set leads;
    of two sets of equal size the one with the smaller id. The result has one row per pair:
    `set_a`, the smaller set, and `set_b`. No block is skipped: a hot block is compared in several
    cells, which together hold all its pairs. The sizes are the rows of the `largest_block` and the
    number of `hot_blocks`. Runs Spark to find these.
    """
    counts = blocks.groupBy(BLOCK).agg(F.count(F.lit(1)).alias(_N_ROWS))
    hot = F.col(_N_ROWS) > cell_rows
    ((largest, n_hot),) = counts.agg(F.max(_N_ROWS), F.count(F.when(hot, 1))).collect()
    if n_hot:
        parts = counts.where(hot).select(
            BLOCK, F.ceil(2 * F.col(_N_ROWS) / cell_rows).cast("int").alias(_N_PARTS)
        )
        blocks = _cut_into_cells(blocks, parts)
    by_block = blocks.repartition(BLOCK).sortWithinPartitions(BLOCK, SIZE, SET_ID)

    def pairs(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        rows = _block_rows(list(batches))
        if rows is not None:
            for ids in similar_in_blocks(rows, threshold=threshold):
                yield pa.RecordBatch.from_arrays(
                    [pa.array(one, pa.int32()) for one in ids], names=[SET_A, SET_B]
                )

    similar = by_block.select(*BLOCK_COLUMNS).mapInArrow(pairs, f"{SET_A} int, {SET_B} int")
    return similar.dropDuplicates(), {"largest_block": largest or 0, "hot_blocks": n_hot}


def _cut_into_cells(blocks: DataFrame, parts: DataFrame) -> DataFrame:
    """Replace each hot block by one cell for any two of its parts, also for a part with itself.

    Two rows meet in the cell of their two parts; rows of the same part meet in several cells.
    """
    n_parts = F.col(_N_PARTS)
    cells = (
        blocks.join(F.broadcast(parts), on=BLOCK, how="left")
        .withColumn(_PART, F.pmod(F.xxhash64(SET_ID), n_parts).cast("int"))
        .withColumn(_PARTNER, F.explode(F.sequence(F.lit(0), F.coalesce(n_parts, F.lit(1)) - 1)))
    )
    cell = F.xxhash64(BLOCK, F.least(_PART, _PARTNER), F.greatest(_PART, _PARTNER))
    key = F.when(n_parts.isNull(), F.col(BLOCK)).otherwise(cell)
    return cells.withColumn(BLOCK, key).select(*BLOCK_COLUMNS)


def _block_rows(batches: list[pa.RecordBatch]) -> BlockRows | None:
    if not batches:
        return None
    table = pa.Table.from_batches(batches).combine_chunks()
    blocks, ids, sizes, leads, sketches = (table.column(name) for name in BLOCK_COLUMNS)
    lengths = pc.binary_length(sketches).to_numpy().astype(np.int64)
    words = np.frombuffer(b"".join(sketches.to_pylist()), np.uint64)
    return BlockRows(
        blocks=blocks.to_numpy(),
        ids=ids.to_numpy(),
        sizes=sizes.to_numpy().astype(np.int64),
        leads=leads.to_numpy(),
        words=words,
        starts=np.concatenate([[0], np.cumsum(lengths // 8)]),
    )
