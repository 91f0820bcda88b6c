"""Pairs of sets that share a block and can be as alike as asked: the candidates.

A block is a bucket of LSH, or a movie of the exact search. Only ids, sizes and sketches are
shuffled, never the sets.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
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
"""A block of more rows is hot: it is cut into cells of about so many, for a task each."""
_CUTS, _CELL, _N_ROWS = "cuts", "cell", "n_rows"


@dataclass(frozen=True)
class BlockSizes:
    """How full the blocks are."""

    largest_block: int
    """Rows."""
    hot_blocks: int
    """Blocks that are cut into cells."""


def candidate_pairs(
    blocks: DataFrame, *, threshold: float, cell_rows: int = CELL_ROWS
) -> tuple[DataFrame, BlockSizes]:
    """Return the pairs that share a block and may reach the threshold, each once, and the sizes.

    `blocks` has BLOCK_COLUMNS, one row a set and block; a pair counts where the smaller set, or
    with equal sizes that of the smaller id, leads. One row a pair: `set_a`, that one, and
    `set_b`. No block is skipped: a hot one is compared in several cells, which together hold all
    its pairs. Runs Spark to find the hot blocks.
    """
    counts = blocks.groupBy(BLOCK).agg(F.count(F.lit(1)).alias(_N_ROWS))
    hot = F.col(_N_ROWS) > cell_rows
    found = counts.agg(F.max(_N_ROWS).alias("largest"), F.count(F.when(hot, 1)).alias("hot"))
    row = found.first()
    assert row is not None  # an aggregate without groups has one row
    sizes = BlockSizes(largest_block=row["largest"] or 0, hot_blocks=row["hot"])
    if sizes.hot_blocks:
        cuts = counts.where(hot).select(
            BLOCK, F.ceil(2 * F.col(_N_ROWS) / cell_rows).cast("int").alias(_CUTS)
        )
        blocks = _in_cells(blocks, cuts)
    arranged = blocks.repartition(BLOCK).sortWithinPartitions(BLOCK, SIZE, SET_ID)

    def pairs(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        rows = _block_rows(list(batches))
        if rows is not None:
            for ids in similar_in_blocks(rows, threshold=threshold):
                yield pa.RecordBatch.from_arrays(
                    [pa.array(one, pa.int32()) for one in ids], names=[SET_A, SET_B]
                )

    similar = arranged.select(*BLOCK_COLUMNS).mapInArrow(pairs, f"{SET_A} int, {SET_B} int")
    return similar.dropDuplicates(), sizes


def _in_cells(blocks: DataFrame, cuts: DataFrame) -> DataFrame:
    """Replace each hot block by blocks for any two of its parts, the same part twice included.

    Two rows meet wherever both their parts are; those of one part in several cells.
    """
    cut = blocks.join(F.broadcast(cuts), on=BLOCK, how="left")
    own = F.pmod(F.xxhash64(SET_ID), F.col(_CUTS)).cast("int")
    partner = F.explode(F.sequence(F.lit(0), F.coalesce(F.col(_CUTS), F.lit(1)) - 1))
    celled = cut.withColumn("own", own).withColumn(_CELL, partner)
    key = F.xxhash64(BLOCK, F.least("own", _CELL), F.greatest("own", _CELL))
    return celled.withColumn(
        BLOCK, F.when(F.col(_CUTS).isNull(), F.col(BLOCK)).otherwise(key)
    ).select(*BLOCK_COLUMNS)


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
