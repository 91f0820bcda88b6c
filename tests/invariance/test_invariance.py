"""The comparison in short: all that must not matter changed at once, on a small archive."""

from __future__ import annotations

import shutil
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from tests.finished import FinishedRun
from tests.invariance.__main__ import USUAL, VARIANTS, Variant, compared, published, run

SMALLER = {"als__max_iter": 3, "twins__thresholds": [0.1], "twins__curve__floors": [20]}


@pytest.fixture(scope="module")
def usual(finished_run: FinishedRun, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with the pipeline's results."""
    place = tmp_path_factory.mktemp("invariance") / "usual"
    return run(USUAL, finished_run.archive, place, **SMALLER)


def test_what_must_not_matter_does_not(
    usual: Path, finished_run: FinishedRun, tmp_path: Path
) -> None:
    properties = {key: value for one in VARIANTS for key, value in one.properties.items()}
    everything = Variant("all at once", properties, shuffled=True)
    there = run(everything, finished_run.archive, tmp_path / "there", **SMALLER)
    assert list(compared(usual, there)) == []


def test_one_value_is_a_difference(usual: Path, tmp_path: Path) -> None:
    other = shutil.copytree(usual, tmp_path / "other")
    assert list(compared(usual, other)) == []
    part = next((published(other / "twins") / "twins").glob("*.parquet"))
    table = pq.read_table(part)
    alike = table["jaccard"].to_pylist()
    alike[0] += 1e-12
    raised = table.set_column(
        table.column_names.index("jaccard"), "jaccard", pa.array(alike, pa.float64())
    )
    pq.write_table(raised, part)
    (found,) = compared(usual, other)
    assert found.startswith("twins/twins: ")
    assert "1 of them differ" in found


def test_a_row_less_is_a_difference(usual: Path, tmp_path: Path) -> None:
    other = shutil.copytree(usual, tmp_path / "other")
    part = next((published(other / "ingest") / "movies").glob("*.parquet"))
    table = pq.read_table(part)
    pq.write_table(table.filter(pc.field("movie_id") != table["movie_id"][0]), part)
    (found,) = compared(usual, other)
    assert found.startswith("ingest/movies: ")
