"""Candidate pairs: none lost, none twice, whatever the size of the blocks."""

import numpy as np
import pytest

from movierec.twins.bitmap_filter import make_sketches
from movierec.twins.candidates import BLOCK_COLUMNS, candidate_pairs

SCHEMA = "block bigint, set_id int, size int, leads boolean, sketch binary"


def blocks(spark, rows):
    """Rows of (block, id, movies, leads)."""
    made = []
    for block, set_id, movies, leads in rows:
        data, _ = make_sketches(np.array(sorted(movies)), np.array([len(movies)]))
        made.append((block, set_id, len(movies), leads, bytearray(data.tobytes())))
    return spark.createDataFrame(made, SCHEMA).select(*BLOCK_COLUMNS)


def pairs_and_sizes(spark, rows, **options):
    pairs, sizes = candidate_pairs(blocks(spark, rows), threshold=0.5, **options)
    return sorted(tuple(row) for row in pairs.collect()), sizes


def test_sizes_and_sketches_reject_pairs(spark):
    rows = [(1, 1, {1, 2}, True), (1, 2, set(range(40)), True), (1, 3, set(range(50, 90)), True)]
    assert pairs_and_sizes(spark, rows)[0] == []


@pytest.mark.parametrize("cell_rows", [2, 7, 1000])
def test_the_cells_of_a_hot_block_hold_all_its_pairs(spark, cell_rows):
    rows = [(1, n, {0, 1, 2, 3, 10 + n % 4}, True) for n in range(23)]
    rows += [(2, n, {0, 1, 2, 3, 10 + n % 4}, True) for n in range(23, 26)]
    pairs, sizes = pairs_and_sizes(spark, rows, cell_rows=cell_rows)
    all_pairs = [(a, b) for a in range(23) for b in range(a + 1, 23)]
    assert pairs == [*all_pairs, (23, 24), (23, 25), (24, 25)]
    hot = {2: 2, 7: 1, 1000: 0}[cell_rows]
    assert sizes == {"largest_block": 23, "hot_blocks": hot}
