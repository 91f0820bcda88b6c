"""A short comparison on a small archive: rows and partitions changed."""

import json
import shutil

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from movierec.pipeline import dag
from tests.invariance.variants import find_differences, published_result, shuffled
from tests.support.in_process import run_job

# the tests' session has one partition and no adaptive planning
OTHER_PLANS = {
    "spark.sql.shuffle.partitions": "7",
    "spark.sql.files.maxPartitionBytes": "300000",
    "spark.sql.adaptive.enabled": "true",
}


@pytest.mark.slow
def test_order_of_rows_and_partitions_do_not_change_results(
    finished_run, session, set_property, tmp_path, monkeypatch
):
    """Slow: every job, one by one, against the pipeline in one go."""
    archive = shuffled(finished_run.archive, tmp_path / "shuffled.zip")
    changes = {"workspace": str(tmp_path / "w"), "source.archive": str(archive)}
    changes |= {"source.sha256": None, "source.generate": None}
    words = [*finished_run.words]
    for key, value in changes.items():
        words += ["--set", f"{key}={json.dumps(value)}"]
    for key, text in OTHER_PLANS.items():
        set_property(key, text)
    for stage in dag.PIPELINE:
        assert run_job(stage.job, words, session=session, patch=monkeypatch) == 0, stage.name
    assert list(find_differences(finished_run.workspace, tmp_path / "w")) == []


def test_a_changed_value_and_a_missing_row_are_differences(finished_run, tmp_path):
    other = shutil.copytree(finished_run.workspace, tmp_path / "other")
    assert list(find_differences(finished_run.workspace, other)) == []
    part = next((published_result(other / "twins") / "twins").glob("*.parquet"))
    table = pq.read_table(part)
    jaccard = table["jaccard"].to_pylist()
    jaccard[0] += 1e-12
    place = table.column_names.index("jaccard")
    pq.write_table(table.set_column(place, "jaccard", pa.array(jaccard, pa.float64())), part)
    part = next((published_result(other / "ingest") / "movies").glob("*.parquet"))
    table = pq.read_table(part)
    pq.write_table(table.filter(pc.field("movie_id") != table["movie_id"][0]), part)
    movies, twins = find_differences(finished_run.workspace, other)
    assert movies.startswith("ingest/movies: ")
    assert twins.startswith("twins/twins: ")
    assert "1 of them differ" in twins
