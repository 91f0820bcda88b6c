"""The comparison in short: all that must not matter changed at once, on a small archive."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from tests.invariance.variants import PARTITIONS, USUAL, Variant, compared, published, run
from tests.support.finished import SAMPLE, FinishedRun


def test_what_must_not_matter_does_not(finished_run: FinishedRun, tmp_path: Path) -> None:
    """The finished run had one core and one partition, and no adaptive planning."""
    everything = Variant("all at once", USUAL.properties | PARTITIONS.properties, shuffled=True)
    pairs = (override.split("=", 1) for override in finished_run.overrides)
    changes = {key: json.loads(value) for key, value in pairs}
    there = run(
        everything, finished_run.archive, tmp_path / "there", config=SAMPLE, changes=changes
    )
    assert list(compared(finished_run.workspace, there)) == []


def test_one_value_is_a_difference(finished_run: FinishedRun, tmp_path: Path) -> None:
    other = shutil.copytree(finished_run.workspace, tmp_path / "other")
    assert list(compared(finished_run.workspace, other)) == []
    part = next((published(other / "twins") / "twins").glob("*.parquet"))
    table = pq.read_table(part)
    alike = table["jaccard"].to_pylist()
    alike[0] += 1e-12
    raised = table.set_column(
        table.column_names.index("jaccard"), "jaccard", pa.array(alike, pa.float64())
    )
    pq.write_table(raised, part)
    (found,) = compared(finished_run.workspace, other)
    assert found.startswith("twins/twins: ")
    assert "1 of them differ" in found


def test_a_row_less_is_a_difference(finished_run: FinishedRun, tmp_path: Path) -> None:
    other = shutil.copytree(finished_run.workspace, tmp_path / "other")
    part = next((published(other / "ingest") / "movies").glob("*.parquet"))
    table = pq.read_table(part)
    pq.write_table(table.filter(pc.field("movie_id") != table["movie_id"][0]), part)
    (found,) = compared(finished_run.workspace, other)
    assert found.startswith("ingest/movies: ")
