"""A short comparison: all variants at once, on a small archive."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from tests.invariance.variants import (
    BASELINE,
    PARTITIONS,
    Variant,
    find_differences,
    published_result,
    run,
)
from tests.support.finished import SAMPLE, FinishedRun


def test_order_of_rows_cores_and_partitions_do_not_change_results(
    finished_run: FinishedRun, tmp_path: Path
) -> None:
    """The finished run had one core and one partition, and no adaptive planning."""
    everything = Variant("all at once", BASELINE.properties | PARTITIONS.properties, shuffled=True)
    pairs = (override.split("=", 1) for override in finished_run.overrides)
    changes = {key: json.loads(value) for key, value in pairs}
    workspace = run(
        everything, finished_run.archive, tmp_path / "variant", config=SAMPLE, changes=changes
    )
    assert list(find_differences(finished_run.workspace, workspace)) == []


def test_one_changed_value_is_a_difference(finished_run: FinishedRun, tmp_path: Path) -> None:
    other = shutil.copytree(finished_run.workspace, tmp_path / "other")
    assert list(find_differences(finished_run.workspace, other)) == []
    part = next((published_result(other / "twins") / "twins").glob("*.parquet"))
    table = pq.read_table(part)
    jaccard = table["jaccard"].to_pylist()
    jaccard[0] += 1e-12
    changed = table.set_column(
        table.column_names.index("jaccard"), "jaccard", pa.array(jaccard, pa.float64())
    )
    pq.write_table(changed, part)
    (found,) = find_differences(finished_run.workspace, other)
    assert found.startswith("twins/twins: ")
    assert "1 of them differ" in found


def test_a_missing_row_is_a_difference(finished_run: FinishedRun, tmp_path: Path) -> None:
    other = shutil.copytree(finished_run.workspace, tmp_path / "other")
    part = next((published_result(other / "ingest") / "movies").glob("*.parquet"))
    table = pq.read_table(part)
    pq.write_table(table.filter(pc.field("movie_id") != table["movie_id"][0]), part)
    (found,) = find_differences(finished_run.workspace, other)
    assert found.startswith("ingest/movies: ")
