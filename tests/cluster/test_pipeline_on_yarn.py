"""All stages from a laptop: Google's clients, a Dataproc whose jobs run on this YARN, gs://."""

import json

import pytest

from movierec.pipeline import dag
from movierec.pipeline.exports import write_exports
from movierec.run_all import done_stages
from tests.cluster.pipelines import assert_equal, execution
from tests.support.dataproc.cli_runner import BUCKET
from tests.support.finished import overrides_on

RESULTS = "movierec/results"

# the first test waits for all jobs
pytestmark = pytest.mark.timeout(1800)


def test_every_job_runs_and_its_driver_log_is_shown(pipeline):
    summaries = {job: json.loads(one.stdout.splitlines()[-1]) for job, one in pipeline.items()}
    assert all(len(one["jobs"]) == 1 for one in summaries.values())
    assert summaries["run_all"]["output"] == f"gs://{BUCKET}/{RESULTS}"
    said = pipeline["run_all"].stdout
    assert '"job": "run_all", "output"' in said
    assert "trial 1/4" in said
    for stage in dag.PIPELINE:
        assert f"{stage.name}: done in" in said


def test_a_job_that_has_succeeded_is_not_run_again(laptop, pipeline):
    again = laptop.make("submit", f"CONF={laptop.conf}", "JOB=run_all")
    assert "has succeeded already" in again.stderr


@pytest.mark.parametrize("stage", dag.PIPELINE, ids=lambda stage: stage.name)
def test_results_on_hdfs_equal_those_of_local_mode_row_for_row(
    spark, session, local, workspace, archive, stage
):
    assert_equal(spark, stage, local, execution(session, overrides_on(workspace, archive)))


@pytest.fixture(scope="module")
def downloaded(session, storage, finished_run, pipeline, tmp_path_factory):
    """The results in the bucket, byte for byte, where Spark without gs:// reads them."""
    here = tmp_path_factory.mktemp("bucket")
    for name in storage.names(BUCKET, f"{RESULTS}/"):
        if not name.endswith("/"):
            path = here / name.removeprefix(f"{RESULTS}/")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(storage.get(BUCKET, name))
    return execution(session, overrides_on(f"file://{here}", str(finished_run.archive)))


@pytest.mark.parametrize("stage", dag.PIPELINE, ids=lambda stage: stage.name)
def test_results_in_the_bucket_equal_those_of_local_mode(spark, local, downloaded, stage):
    assert_equal(spark, stage, local, downloaded)


def test_the_fetched_files_equal_those_of_a_local_run(laptop, local, pipeline, tmp_path):
    laptop.fetch(tmp_path)
    fetched, exported = tmp_path / "out" / "laptop", tmp_path / "local"
    write_exports(done_stages(local), exported)
    assert (fetched / "twins.csv").read_bytes() == (exported / "twins.csv").read_bytes()
    summaries = [json.loads((at / "summary.json").read_text()) for at in (fetched, exported)]
    for summary in summaries:
        del summary["timings"]
    assert summaries[0] == summaries[1]
    reports = [json.loads((at / "report.json").read_text()) for at in (fetched, exported)]
    for part in ("summary", "data", "bias", "examples", "twins"):
        assert reports[0][part] == reports[1][part]
    assert "Is ALS better than popularity?" in (fetched / "report.html").read_text()


def test_the_cluster_is_deleted(laptop, pipeline):
    laptop.make("cluster-down")
