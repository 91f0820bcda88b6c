"""A conf becomes jobs in an order, with arguments that work on a cluster (archive too).

Covers `movierec_dataproc.plan.archive`.
"""

import pytest

from movierec.config.loader import load_config
from movierec.errors import ConfigError, InputError
from movierec.pipeline import dag
from movierec.pipeline.fingerprint import fingerprint
from movierec_dataproc.commands.preparation import prepare
from movierec_dataproc.plan.plan import yaml_text
from movierec_dataproc.requests import jobs
from tests.support.dataproc.cli_runner import (
    BUCKET,
    CliRunner,
    arguments_for,
    cluster_conf,
    tiny_conf,
)
from tests.support.paths import ROOT


def plan_of(directory, *overrides, place="cluster", options=()):
    arguments = arguments_for(tiny_conf(directory), *overrides, options=options)
    return prepare(arguments, CliRunner().context(), place=place)


def test_every_step_is_a_job_and_comes_after_what_it_reads(tmp_path):
    plan = plan_of(tmp_path)
    after = {step.id: set(step.after) for step in plan.steps}
    assert after == {
        "stage-in": set(),
        "ingest": {"stage-in"},
        "partition": {"ingest"},
        "popularity": {"partition"},
        "tune": {"partition"},
        "segments": {"ingest", "partition", "popularity", "tune"},
        "recommend": {"partition", "popularity", "tune"},
        "evaluate": {"ingest", "partition", "popularity", "tune", "segments", "recommend"},
        "deliver": {"ingest", "partition", "popularity", "tune"},
        "twins": {"ingest"},
        "report": {stage.name for stage in dag.REPORT.inputs},
    }
    seen: set[str] = set()
    for step in plan.steps:
        assert after[step.id] <= seen
        seen.add(step.id)
    extra = ["doctor", "run_all", "export_results", "export_lists"]
    assert [step.job for step in plan.extra_steps] == extra
    for step in (*plan.steps, *plan.extra_steps):
        assert (ROOT / "jobs" / f"{step.job}.py").exists()


def test_a_cluster_reads_and_writes_hdfs(tmp_path):
    plan = plan_of(tmp_path, "twins.min_movies=7")
    stage_in, ingest, export = plan.steps[0], plan.steps[1], plan.step("export")
    sha256 = plan.archive.sha256 or ""
    there = f"hdfs:///movierec/archives/{sha256[:12]}/ml-tiny.zip"
    assert stage_in.args == (
        *("--source", f"gs://{BUCKET}/movierec/archives/{sha256[:12]}/ml-tiny.zip"),
        *("--target", there),
    )
    assert ingest.args[:2] == ("--config", "tiny.yaml")
    sets = [*ingest.args[3:-2:2]]
    assert sets[:3] == [
        "twins.min_movies=7",
        "workspace=hdfs:///movierec/workspace",
        f"source.archive={there}",
    ]
    assert set(ingest.args[2:-2:2]) == {"--set"}
    results = f"gs://{BUCKET}/movierec/results"
    assert ingest.args[-2:] == ("--export", results)
    assert export.args == (*ingest.args[:-2], "--target", results)
    # the jobs read the plan's own config
    text = (tmp_path / "tiny.yaml").read_text()
    assert load_config(text, origin="c", overrides=sets) == plan.config
    assert plan.config.source.generate is None
    assert plan.config.source.sha256 == sha256


def test_labels_identify_a_job(tmp_path):
    plan = plan_of(tmp_path)
    assert plan.step("tune").labels == {
        "suite": "movierec",
        "job": "tune-als",
        "conf": "tiny",
        "commit": "0123456789ab",
        "fingerprint": fingerprint(dag.TUNE, plan.config, archive_sha256=plan.config.source.sha256),
    }


def test_uris_that_a_cluster_can_reach_stay(tmp_path, storage_server):
    plan = plan_of(tmp_path, "source.archive=hdfs:///a/x.zip", "workspace=hdfs:///w/")
    assert plan.steps[0].job == "ingest"
    assert plan.steps[0].after == ()
    assert (plan.archive.uri, plan.config.workspace) == ("hdfs:///a/x.zip", "hdfs:///w")
    storage_server.put(BUCKET, "a/x.zip", b"zip")
    plan = plan_of(tmp_path, f"source.archive=gs://{BUCKET}/a/x.zip", "workspace=gs://w/x")
    assert plan.steps[0].args == (
        *("--source", f"gs://{BUCKET}/a/x.zip", "--target", "hdfs:///movierec/archives/x.zip"),
    )
    # results in a bucket are not copied to it, and the archive's checksum is unknown
    assert "--export" not in plan.steps[-1].args
    assert "fingerprint" not in plan.steps[-1].labels
    with pytest.raises(InputError, match=r"gs://suite/a/y.zip: there is no such object"):
        plan_of(tmp_path, f"source.archive=gs://{BUCKET}/a/y.zip")


def test_force_is_for_stages_and_run_all(tmp_path):
    plan, forced = plan_of(tmp_path), plan_of(tmp_path, options=("--force",))
    jobs_forced = [step.job for step in forced.steps if "--force" in step.args]
    assert jobs_forced == [stage.job for stage in dag.PIPELINE]
    assert {*forced.step("run_all").args} == {*plan.step("run_all").args, "--force"}
    assert forced.step("doctor").args == plan.step("ingest").args[:-2]


def test_verbose_and_spark_s_properties_are_for_every_job_and_change_no_id(tmp_path):
    options = ("--verbose", "--spark-conf", "spark.a=1,2 spark.b=x", "--spark-conf", "spark.b=y")
    plan, quiet = plan_of(tmp_path, options=options), plan_of(tmp_path)
    steps = (*plan.steps, *plan.extra_steps)
    assert (steps, plan.identity) == ((*quiet.steps, *quiet.extra_steps), quiet.identity)
    for step in steps:
        assert list(jobs.pyspark_job(quiet, step).args) == list(step.args)
        assert list(jobs.pyspark_job(plan, step).args) == [*step.args, "--verbose"]
        for uuid in ("u", None):
            ids = {jobs.first_id(one, step, cluster_uuid=uuid) for one in (plan, quiet)}
            assert len(ids) == 1
    config = cluster_conf("serverless.properties={spark.a: '0', spark.c: z}")
    for job in jobs.workflow(plan, config, actions=[], commit="abc").jobs:
        assert job.pyspark_job.args[-1] == "--verbose"
        assert dict(job.pyspark_job.properties) == {"spark.a": "1,2", "spark.b": "y"}
    batch = jobs.batch_request(plan, plan.step("ingest"), config, batch_id="b").batch
    assert batch.pyspark_batch.args[-1] == "--verbose"
    properties = dict(batch.runtime_config.properties)
    limit = {"spark.dynamicAllocation.maxExecutors": "4"}
    assert properties == limit | {"spark.a": "1,2", "spark.b": "y", "spark.c": "z"}
    with pytest.raises(ConfigError, match=r"--spark-conf.spark.my.token: looks like a secret"):
        plan_of(tmp_path, options=("--spark-conf", "spark.my.token=x"))


def test_a_step_is_found_by_job_or_stage(tmp_path):
    plan = plan_of(tmp_path)
    assert plan.step("tune") is plan.step("tune_als")
    with pytest.raises(ConfigError, match=r"--job tuna: one of stage_in, ingest, .* was expected"):
        plan.step("tuna")


def test_run_all_reads_the_archive_and_writes_like_the_stages(tmp_path):
    plan = plan_of(tmp_path)
    step, ingest = plan.step("run_all"), plan.step("ingest")
    assert step not in plan.steps
    assert (step.args, step.after) == (ingest.args, ("stage-in",))
    same = {"suite", "conf", "commit"}
    assert {key: step.labels[key] for key in same} == {key: ingest.labels[key] for key in same}
    assert step.labels["job"] == "run-all"
    batch = plan_of(tmp_path, place="serverless").step("run_all")
    assert batch.after == ()
    assert f"workspace=gs://{BUCKET}/movierec/results" in batch.args


def test_lists_go_to_a_directory_of_the_conf_and_its_overrides_in_the_bucket(tmp_path):
    places = set()
    for overrides in ((), ("deliver.min_ratings=7",)):
        plan = plan_of(tmp_path, *overrides)
        step = plan.step("export_lists")
        *args, place = step.args
        assert args == [*plan.step("doctor").args, "--format", "parquet", "--to"]
        assert place.startswith(f"gs://{BUCKET}/movierec/lists/tiny-")
        assert step not in plan.steps
        places.add(place)
    assert len(places) == 2
    forced = plan_of(tmp_path, options=("--force",)).step("export_lists")
    assert "--force" in forced.args


def test_a_local_archive_may_lie_at_home(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    for archive in ("~/ml-tiny.zip", "file:~/ml-tiny.zip"):
        plan = plan_of(tmp_path, f"source.archive={archive}")
        assert plan.archive.local.path == tmp_path / "ml-tiny.zip"


def test_a_missing_archive_says_how_to_get_it(tmp_path):
    with pytest.raises(InputError, match=r"no file://.*gone.zip; fetch it with `make data`"):
        plan_of(tmp_path, f"source.archive={tmp_path}/gone.zip")
    with pytest.raises(InputError, match=r"its sha256 is [0-9a-f]{64}, but source.sha256 is"):
        plan_of(tmp_path, f"source.sha256='{'1' * 64}'")
    with pytest.raises(ConfigError, match=r"source.archive: .* has the scheme s3:, not one of"):
        plan_of(tmp_path, "source.archive=s3://b/x.zip")


@pytest.mark.parametrize(
    "value",
    ["gs://b/a: b.zip", "12e4", "0x10", "~", "null", "yes", "a #b", "1" * 64, "[1", "'", "é😀"],
)
def test_an_override_preserves_any_text(value):
    text = (ROOT / "conf" / "sample.yaml").read_text()
    override = f"source.archive={yaml_text(value)}"
    assert load_config(text, origin="c", overrides=[override]).source.archive == value
