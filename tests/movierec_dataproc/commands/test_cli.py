"""Every subcommand from the command line to the servers and back.

Covers commands: cli, cluster, context, dry_run, jobs, preparation, workflow.

Covers `movierec_dataproc.commands.cluster`, `movierec_dataproc.commands.context`,
`movierec_dataproc.commands.dry_run`, `movierec_dataproc.commands.jobs`,
`movierec_dataproc.commands.preparation`, `movierec_dataproc.commands.workflow`.
"""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
import threading
from functools import partial
from pathlib import Path

import grpc
import pytest

from tests.support import invented
from tests.support.dataproc.cli_runner import (
    BUCKET,
    CLUSTER_YAML,
    PLACED,
    CliRunner,
    tiny_conf,
)
from tests.support.dataproc.fake_behaviour import RunningJob, fail_with
from tests.support.dataproc.fake_dataproc import FakeDataproc
from tests.support.dataproc.fake_storage import FakeStorage
from tests.support.dataproc.real_clients import RealClients
from tests.support.paths import ROOT

JOBS = [
    "stage_in",
    "ingest",
    "partition",
    "fit_popularity",
    "tune_als",
    "recommend",
    "evaluate",
    "find_twins",
    "describe_run",
    "export_results",
]


@pytest.fixture
def conf(tmp_path: Path) -> Path:
    return tiny_conf(tmp_path)


@pytest.fixture
def server(dataproc_server: FakeDataproc, storage_server: FakeStorage) -> FakeDataproc:
    storage_server.create_bucket(BUCKET)
    return dataproc_server


def run(*arguments: str | Path, code: int = 0) -> CliRunner:
    cli = CliRunner()
    assert cli.run(*arguments) == code, cli.stderr
    return cli


def submitted(server: FakeDataproc) -> list[str]:
    """The jobs in the order in which they were submitted."""
    uris = [
        call.request.job.pyspark_job.main_python_file_uri for call in server.calls_of("SubmitJob")
    ]
    return [uri.rpartition("/")[2].removesuffix(".py") for uri in uris]


def test_from_nothing_to_a_deleted_cluster(
    server: FakeDataproc, storage_server: FakeStorage, conf: Path
) -> None:
    up = run("cluster-up")
    assert up.summary["state"] == "RUNNING"
    assert up.summary["made"] is True
    assert "USD per hour" in up.stderr
    assert any(name.endswith("/native_blas.sh") for name in storage_server.names(BUCKET))
    again = run("cluster-up")
    assert (again.summary["made"], again.summary["uuid"]) == (False, up.summary["uuid"])
    assert len(server.calls_of("CreateCluster")) == 1

    first = run("pipeline", "--config", conf)
    assert submitted(server) == JOBS
    assert "--set workspace=hdfs:///movierec/workspace" in first.stdout
    assert "--target gs://suite/movierec/results" in first.stdout
    second = run("pipeline", "--config", conf)
    assert submitted(server) == JOBS
    assert second.summary == first.summary

    status = run("cluster-status").summary
    assert (status["active"], status["only_on_hdfs"]) == ([], [])
    assert run("cluster-down").summary["deleted"] is True
    deleted = server.calls_of("DeleteCluster")[0].request
    assert deleted.cluster_uuid == up.summary["uuid"]
    assert run("cluster-down").summary["deleted"] is False
    assert run("cluster-status").summary["state"] is None


def test_the_jobs_find_every_file_in_the_bucket(
    server: FakeDataproc, storage_server: FakeStorage, conf: Path
) -> None:
    run("cluster-up")
    run("pipeline", "--config", conf)
    names = storage_server.names(BUCKET)
    for call in server.calls_of("SubmitJob"):
        driver = call.request.job.pyspark_job
        uris = [driver.main_python_file_uri, *driver.python_file_uris, *driver.file_uris]
        assert len(uris) == 4
        assert all(uri.removeprefix(f"gs://{BUCKET}/") in names for uri in uris)
        assert f"{conf.name}" in [uri.rpartition("/")[2] for uri in driver.file_uris]
    stage_in = list(server.calls_of("SubmitJob")[0].request.job.pyspark_job.args)
    assert stage_in[1].removeprefix(f"gs://{BUCKET}/") in names
    ingest = list(server.calls_of("SubmitJob")[1].request.job.pyspark_job.args)
    assert f"source.archive={stage_in[3]}" in ingest


def test_a_pipeline_stops_at_the_first_failure_and_a_rerun_goes_on(
    server: FakeDataproc, conf: Path
) -> None:
    run("cluster-up")
    healthy = server.runner
    trace = 'Traceback (most recent call last):\n  File "x.py"\nValueError: 42 is too much\n'

    def runner(running: RunningJob) -> int:
        broken = running.pyspark_job.main_python_file_uri.endswith("/tune_als.py")
        return (fail_with(trace) if broken else healthy)(running)

    server.runner = runner
    cli = run("pipeline", "--config", conf, code=1)
    assert submitted(server) == JOBS[:5]
    assert "ended in ERROR" in cli.stderr
    assert "  ValueError: 42 is too much" in cli.stderr
    assert "driver output: gs://" in cli.stderr
    assert cli.stdout.endswith("ValueError: 42 is too much\n")

    failed_id = server.calls_of("SubmitJob")[-1].request.job.reference.job_id
    refused = run("cluster-down", code=3)
    assert "on its HDFS only" in refused.stderr
    assert "movierec-ingest-" in refused.stderr
    assert failed_id not in refused.stderr

    server.runner = healthy
    run("pipeline", "--config", conf)
    assert submitted(server) == [*JOBS[:5], *JOBS[4:]]
    retried = server.calls_of("SubmitJob")[5].request.job.reference.job_id
    assert retried == f"{failed_id}-2"
    run("cluster-down")


def test_results_newer_than_the_export_keep_the_cluster(server: FakeDataproc, conf: Path) -> None:
    run("cluster-up")
    run("pipeline", "--config", conf)
    run("submit", "--config", conf, "--job", "twins", "--set", "twins.min_movies=7")
    assert "movierec-find-twins-" in run("cluster-down", code=3).stderr
    # the export of another config does not contain them
    run("submit", "--config", conf, "--job", "export", "--force")
    run("cluster-down", code=3)
    run("submit", "--config", conf, "--job", "export", "--set", "twins.min_movies=7")
    run("cluster-down")


def test_a_result_that_is_made_again_is_exported_again(server: FakeDataproc, conf: Path) -> None:
    run("cluster-up")
    done = run("pipeline", "--config", conf).summary["jobs"]
    run("submit", "--config", conf, "--job", "twins", "--force")
    assert run("cluster-status").summary["only_on_hdfs"]
    run("cluster-down", code=3)
    exported = run("submit", "--config", conf, "--job", "export").summary["jobs"]
    assert exported == [f"{done[-1]}-2"]
    assert run("cluster-status").summary["only_on_hdfs"] == []
    run("cluster-down")


def test_force_runs_again_and_deletes_anyway(server: FakeDataproc, conf: Path) -> None:
    run("cluster-up")
    first = run("submit", "--config", conf, "--job", "ingest").summary["jobs"]
    assert run("submit", "--config", conf, "--job", "ingest").summary["jobs"] == first
    verbose = run("submit", "--config", conf, "--job", "ingest", "--verbose").summary["jobs"]
    assert verbose == first
    ingest = ("submit", "--config", conf, "--job", "ingest", "--force", "--verbose")
    forced = run(*ingest, "--spark-conf", "spark.executor.memory=5g").summary["jobs"]
    driver = server.calls_of("SubmitJob")[1].request.job.pyspark_job
    assert {"--force", "--verbose"} <= {*driver.args}
    assert dict(driver.properties) == {"spark.executor.memory": "5g"}
    again = run(*ingest).summary["jobs"]
    assert again == [f"{forced[0]}-2"]
    run("cluster-down", code=3)
    run("cluster-down", "--force")


def test_the_doctor_runs_each_time_and_keeps_no_cluster(server: FakeDataproc, conf: Path) -> None:
    run("cluster-up")
    first = run("submit", "--config", conf, "--job", "doctor").summary["jobs"]
    second = run("submit", "--config", conf, "--job", "doctor").summary["jobs"]
    assert second == [f"{first[0]}-2"]
    assert submitted(server) == ["doctor", "doctor"]
    assert run("cluster-status").summary["only_on_hdfs"] == []
    run("cluster-down")
    for number in (1, 2):
        batch = run("batch", "--config", conf, "--job", "doctor").summary["batch"]
        assert batch.endswith("-2") == (number == 2)


def test_a_new_cluster_runs_the_job_again(server: FakeDataproc, conf: Path) -> None:
    ids = []
    for _ in range(2):
        run("cluster-up")
        ids += run("submit", "--config", conf, "--job", "stage_in").summary["jobs"]
        run("cluster-down")
    assert len(set(ids)) == 2
    assert len(server.calls_of("CreateCluster")) == 2


def test_a_workflow_makes_its_cluster_and_leaves_results_in_the_bucket(
    server: FakeDataproc, conf: Path
) -> None:
    cli = run("workflow", "--config", conf)
    assert cli.summary["output"] == f"gs://{BUCKET}/movierec/results"
    assert "to follow it from elsewhere: make attach OPERATION=projects/" in cli.stderr
    call = server.calls_of("InstantiateInlineWorkflowTemplate")[0]
    assert call.request.template.placement.managed_cluster.config.initialization_actions
    assert "export completed" in cli.stderr
    # a workflow that has succeeded is found by its request id
    assert run("workflow", "--config", conf).summary == cli.summary
    requests = [
        one.request.request_id for one in server.calls_of("InstantiateInlineWorkflowTemplate")
    ]
    assert len(requests) == 2
    assert len(set(requests)) == 1


def test_a_failed_workflow_names_the_step_and_is_run_again(
    server: FakeDataproc, conf: Path
) -> None:
    healthy = server.runner
    server.runner = fail_with("boom\n", exit_code=3)
    cli = run("workflow", "--config", conf, code=1)
    assert "step stage-in, job " in cli.stderr
    assert "make logs ID=" in cli.stderr
    server.runner = healthy
    run("workflow", "--config", conf)
    ids = [call.request.request_id for call in server.calls_of("InstantiateInlineWorkflowTemplate")]
    assert (ids[0], len(set(ids))) == (ids[1], 2)


def test_a_batch_works_on_the_bucket(server: FakeDataproc, conf: Path) -> None:
    cli = run("batch", "--config", conf, "--job", "ingest")
    batch = server.calls_of("CreateBatch")[0].request.batch
    assert f"workspace=gs://{BUCKET}/movierec/results" in batch.pyspark_batch.args
    assert not any("hdfs:" in argument for argument in batch.pyspark_batch.args)
    assert run("batch", "--config", conf, "--job", "ingest").summary == cli.summary
    assert len(server.calls_of("CreateBatch")) == 1
    refused = run(
        *("batch", "--config", conf, "--job", "ingest", "--set", "workspace=hdfs:///w"), code=2
    )
    assert "a batch has no HDFS" in refused.stderr


def test_run_all_is_submitted_guarded_and_exported(server: FakeDataproc, conf: Path) -> None:
    run("cluster-up")
    first = run("submit", "--config", conf, "--job", "run_all")
    assert "--set workspace=hdfs:///movierec/workspace" in first.stdout
    (job_id,) = first.summary["jobs"]
    assert job_id.startswith("movierec-run-all-")
    assert first.summary["output"] == "hdfs:///movierec/workspace"
    assert run("submit", "--config", conf, "--job", "run_all").summary == first.summary
    assert submitted(server) == ["run_all"]
    refused = run("cluster-down", code=3)
    assert f"the results of {job_id} are on its HDFS only" in refused.stderr
    run("submit", "--config", conf, "--job", "export")
    run("cluster-down")


def test_run_all_is_a_batch_on_the_bucket(
    server: FakeDataproc, storage_server: FakeStorage, conf: Path
) -> None:
    cli = run("batch", "--config", conf, "--job", "run_all", "--force")
    (call,) = server.calls_of("CreateBatch")
    driver = call.request.batch.pyspark_batch
    assert driver.main_python_file_uri.endswith("/run_all.py")
    assert driver.args[-1] == "--force"
    names = storage_server.names(BUCKET)
    (archive,) = (one for one in driver.args if one.startswith("source.archive="))
    assert archive.removeprefix(f"source.archive=gs://{BUCKET}/") in names
    assert cli.summary == {
        "command": "batch",
        "job": "run_all",
        "batch": call.request.batch_id,
        "output": f"gs://{BUCKET}/movierec/results",
    }


@pytest.mark.parametrize(
    ("command", "method", "group"),
    [
        ("submit", "JobController.SubmitJob", "jobs"),
        ("batch", "BatchController.CreateBatch", "batches"),
    ],
)
def test_a_dry_run_of_run_all(
    server: FakeDataproc, conf: Path, command: str, method: str, group: str
) -> None:
    summary = run(command, "--config", conf, "--job", "run_all", "--dry-run").summary
    assert server.calls == []
    assert summary["methods"] == [method]
    (words,) = summary["gcloud"]
    assert words[:5] == ["gcloud", "dataproc", group, "submit", "pyspark"]
    assert words[5].endswith("/run_all.py")
    assert words[words.index("--") + 1 :][:2] == ["--config", "tiny.yaml"]


def test_fetch_copies_what_a_local_run_leaves(
    server: FakeDataproc, storage_server: FakeStorage, conf: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    missing = run("fetch", "--config", conf, "--out", out, code=3)
    assert "no stage of this conf is done there" in missing.stderr
    run("cluster-up")
    run("pipeline", "--config", conf)
    left = {"evaluate": {"models": 1}, "find-twins": {"twins": 2}, "describe-run": {}}
    files_of = {"find-twins": ("twins", "twins.csv", b"a,b\n")}
    files_of["describe-run"] = ("report", "report.json", json.dumps(invented.facts()).encode())
    for call in server.calls_of("SubmitJob"):
        labels = call.request.job.labels
        if labels["job"] in left:
            stage, name, content = files_of.get(labels["job"], (labels["job"], None, b""))
            root = f"movierec/results/{stage}/{labels['fingerprint']}"
            found = json.dumps(left[labels["job"]]).encode()
            manifest = b'{"attempt": "a-1", "seconds": 1.5}'
            storage_server.put(BUCKET, f"{root}/_manifest.json", manifest)
            storage_server.put(BUCKET, f"{root}/a-1/summary.json", found)
            if name is not None:
                storage_server.put(BUCKET, f"{root}/a-1/{name}", content)
    summary = run("fetch", "--config", conf, "--out", out).summary
    assert summary["stages"] == ["evaluate", "twins", "report"]
    assert json.loads((out / "tiny" / "summary.json").read_text()) == {
        "models": 1,
        "twins": 2,
        "timings": {"evaluate": 1.5, "twins": 1.5, "report": 1.5},
    }
    assert (out / "tiny" / "twins.csv").read_bytes() == b"a,b\n"
    page = (out / "tiny" / "report.html").read_text()
    assert f"make run CONF={conf}" in page
    # what changes the result has a directory of its own, as in a local run
    (archive,) = conf.parent.glob("*.zip")
    other = run("fetch", "--config", conf, "--set", "twins.min_movies=7", "--out", out).summary
    assert other["output"] == str(out / "tiny+twins.min_movies=7")
    assert other["stages"] == ["evaluate"]
    assert run("fetch", "--config", conf, "--archive", archive, "--out", out).summary == summary
    copy = archive.rename(tmp_path / "mine.zip")
    found = run("fetch", "--config", conf, "--archive", copy, "--out", out).summary
    assert found == summary | {"output": str(out / "tiny+mine")}
    page = (out / "tiny+mine" / "report.html").read_text()
    assert f"make run CONF={conf} ARCHIVE={copy}" in page
    archive = copy.rename(archive)
    # on another laptop, without the archive
    sha256 = hashlib.sha256(archive.read_bytes()).hexdigest()
    archive.unlink()
    assert "source.sha256" in run("fetch", "--config", conf, "--out", out, code=3).stderr
    known = ("--set", f"source.sha256='{sha256}'")
    assert run("fetch", "--config", conf, *known, "--out", out).summary == summary


def test_logs_follow_a_job_from_its_beginning(server: FakeDataproc, conf: Path) -> None:
    run("cluster-up")
    job_id = run("submit", "--config", conf, "--job", "ingest").summary["jobs"][0]
    cli = run("logs", "--job-id", job_id)
    assert cli.stdout.startswith(f"gs://{BUCKET}/movierec/artifacts/")
    assert "not found" in run("logs", "--job-id", "nobody", code=3).stderr


def test_without_a_cluster_the_message_names_the_command(server: FakeDataproc, conf: Path) -> None:
    cli = run("pipeline", "--config", conf, code=3)
    assert "create it with `make cluster-up`" in cli.stderr
    assert not server.calls_of("SubmitJob")


def test_a_cluster_of_somebody_else_is_not_touched(server: FakeDataproc) -> None:
    CliRunner().context().clients.clusters.create_cluster(
        request={
            "project_id": "test-project",
            "region": "europe-west1",
            "cluster": {"cluster_name": "movierec"},
        }
    ).result(timeout=10)
    for words in (
        ["cluster-up"],
        ["cluster-status"],
        ["cluster-down"],
        ["cluster-down", "--force"],
    ):
        assert "this suite did not create it" in run(*words, code=1).stderr
    assert server.calls_of("DeleteCluster") == []


@pytest.mark.parametrize("operation", [False, True])
def test_a_quota_error_is_explained(server: FakeDataproc, operation: bool) -> None:
    if operation:
        server.break_next_cluster()
    else:
        code, message = grpc.StatusCode.RESOURCE_EXHAUSTED, "Insufficient 'CPUS' quota."
        server.fail_next("CreateCluster", code, message=message)
    cli = run("cluster-up", code=1)
    assert "Insufficient 'CPUS' quota" in cli.stderr
    assert "lower machine types or counts" in cli.stderr
    assert len(server.calls_of("CreateCluster")) == 1
    assert ("bills until it is deleted" in cli.stderr) == operation


def test_a_dry_run_sends_nothing_and_prints_every_request(
    server: FakeDataproc, conf: Path, tmp_path: Path
) -> None:
    scaling = (
        "cluster.autoscaling={policy: p-1, min: 0, max: 4, cooldown_minutes: 4, "
        "scale_up_factor: 1, scale_down_factor: 1, decommission_minutes: 0}"
    )
    cli = run(
        *("workflow", "--config", conf, "--dry-run", "--cluster-set", scaling, "--out", tmp_path)
    )
    assert server.calls == []
    assert cli.summary["methods"] == [
        "AutoscalingPolicyService.CreateAutoscalingPolicy",
        "WorkflowTemplateService.InstantiateInlineWorkflowTemplate",
    ]
    assert cli.summary["gcloud"][1][-1] == f"--file={tmp_path}/dataproc/workflow.yaml"
    assert "stepId: export" in (tmp_path / "dataproc" / "workflow.yaml").read_text()
    assert "maxInstances: 4" in (tmp_path / "dataproc" / "p-1.yaml").read_text()
    pipeline = run("pipeline", "--config", conf, "--dry-run").summary
    assert pipeline["methods"] == ["JobController.SubmitJob"] * len(JOBS)


@pytest.mark.parametrize(
    "words", [["cluster-status"], ["upload"], ["fetch"], ["logs", "--job-id", "j"], ["attach", "o"]]
)
def test_a_dry_run_is_refused_by_commands_that_cost_nothing(
    conf: Path, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    on_conf = ["--config", str(conf)] if words[0] in ("upload", "fetch") else []
    with pytest.raises(SystemExit) as caught:
        CliRunner().run(*words, *on_conf, "--dry-run")
    assert caught.value.code == 2
    assert "unrecognized arguments: --dry-run" in capsys.readouterr().err


def test_the_command_line_is_strict() -> None:
    for arguments in (["cluster-up", "--dry"], ["submit", "--config", "c"], ["pipelin"]):
        with pytest.raises(SystemExit) as caught:
            CliRunner().run(*arguments)
        assert caught.value.code == 2


def test_all_problems_of_a_conf_are_printed_at_once(server: FakeDataproc, tmp_path: Path) -> None:
    broken = tmp_path / "cluster.yaml"
    text = CLUSTER_YAML.read_text().replace("idle_delete_minutes: 30", "idle_delete_minute: 30")
    broken.write_text(text.replace("prefix: movierec", "prefix: /movierec/"))
    cli = run("cluster-up", "--cluster", broken, code=2)
    assert "did you mean cluster.idle_delete_minutes?" in cli.stderr
    assert "prefix: a folder" in cli.stderr
    assert "--cluster-set nonsense: write it as section.key=value" in (
        run("cluster-up", "--cluster-set", "nonsense", code=2).stderr
    )


def start_program(*arguments: str) -> subprocess.Popen[str]:
    """Start scripts/dataproc.py as a user does."""
    placed = [word for one in PLACED for word in ("--cluster-set", one)]
    return subprocess.Popen(
        [sys.executable, str(ROOT / "scripts" / "dataproc.py"), *arguments, *placed],
        env=os.environ | {"PYTHONPATH": str(ROOT / "src")},
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # a shell lets its background jobs, perhaps these tests, ignore interrupts
        preexec_fn=partial(signal.signal, signal.SIGINT, signal.SIG_DFL),
    )


def test_ctrl_c_on_the_real_program_detaches(server: FakeDataproc, clients: RealClients) -> None:
    ready = threading.Event()

    def runner(running: RunningJob) -> int:
        running.write("größer\n".encode())
        ready.set()
        running.cancelled.wait(20)
        return 0

    server.runner = runner
    clients.make_cluster("c1")
    clients.submit("j-1", cluster="c1")
    assert ready.wait(20)
    program = start_program("logs", "--job-id", "j-1")
    assert program.stdout is not None
    assert program.stdout.readline() == "größer\n"
    program.send_signal(signal.SIGINT)
    out, err = program.communicate(timeout=20)
    assert program.returncode == 130
    assert out == ""
    assert "job j-1: left running" in err
    assert "Traceback" not in err
    assert not clients.get_job("j-1").done


def test_the_program_s_last_line_is_json() -> None:
    program = start_program("cluster-down", "--dry-run")
    out, err = program.communicate(timeout=20)
    assert (program.returncode, err) == (0, "")
    assert json.loads(out.splitlines()[-1])["methods"] == ["ClusterController.DeleteCluster"]
