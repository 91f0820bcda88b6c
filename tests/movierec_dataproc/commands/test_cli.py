"""Every subcommand from the command line to the servers and back.

Covers `movierec_dataproc.commands.cluster`, `movierec_dataproc.commands.context`,
`movierec_dataproc.commands.dry_run`, `movierec_dataproc.commands.jobs`,
`movierec_dataproc.commands.preparation`, `movierec_dataproc.commands.workflow`.
"""

import json
import os
import signal
import subprocess
import sys
from functools import partial

import pytest

from movierec.config.loader import load_config
from movierec.pipeline import dag
from movierec.pipeline.fingerprint import fingerprint
from tests.support import invented
from tests.support.dataproc import gcloud_flags
from tests.support.dataproc.airflow_operators import request_of
from tests.support.dataproc.cli_runner import BUCKET, CLUSTER_YAML, PLACED, CliRunner, tiny_conf
from tests.support.dataproc.fake_behaviour import fail_with, wait_until_cancelled
from tests.support.paths import ROOT

JOBS = [
    *("stage_in", "ingest", "partition", "fit_popularity", "tune_als", "segment_users"),
    *("recommend", "evaluate", "deliver", "find_twins", "describe_run"),
]


@pytest.fixture
def conf(tmp_path):
    return tiny_conf(tmp_path)


def run(*arguments, code=0):
    cli = CliRunner()
    assert cli.run(*arguments) == code, cli.stderr
    if "--dry-run" in arguments and code == 0:
        for command in cli.summary["gcloud"]:
            gcloud_flags.check(command)
    return cli


def ids_of(command, conf, job, *options):
    """The jobs that a command for one job ran or found."""
    summary = run(command, "--config", conf, "--job", job, *options).summary
    return [summary["batch"]] if command == "batch" else list(summary["jobs"])


def submitted(server):
    """The jobs in the order in which they were submitted."""
    uris = [
        call.request.job.pyspark_job.main_python_file_uri for call in server.calls_of("SubmitJob")
    ]
    return [uri.rpartition("/")[2].removesuffix(".py") for uri in uris]


def test_from_nothing_to_a_deleted_cluster(server, storage_server, conf):
    missing = run("pipeline", "--config", conf, code=3)
    assert "create it with `make cluster-up`" in missing.stderr
    assert submitted(server) == []
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
    # idle deletion, too, finds every result in the bucket
    assert first.stdout.count("--export gs://suite/movierec/results") == len(JOBS) - 1
    assert run("pipeline", "--config", conf).summary == first.summary
    assert submitted(server) == JOBS
    assert_every_file_is_in_the_bucket(server, storage_server, conf)
    job_id = first.summary["jobs"][1]
    assert run("logs", "--job-id", job_id).stdout.startswith(f"gs://{BUCKET}/movierec/artifacts/")
    assert "not found" in run("logs", "--job-id", "nobody", code=3).stderr

    assert run("cluster-status").summary["active"] == []
    assert run("cluster-down").summary["deleted"] is True
    deleted = server.calls_of("DeleteCluster")[0].request
    assert deleted.cluster_uuid == up.summary["uuid"]
    assert run("cluster-down").summary["deleted"] is False
    assert run("cluster-status").summary["state"] is None

    # a new cluster runs the jobs again
    run("cluster-up")
    assert ids_of("submit", conf, "stage_in") != first.summary["jobs"][:1]


def assert_every_file_is_in_the_bucket(server, storage_server, conf):
    names = storage_server.names(BUCKET)
    drivers = [call.request.job.pyspark_job for call in server.calls_of("SubmitJob")]
    for driver in drivers:
        uris = [driver.main_python_file_uri, *driver.python_file_uris, *driver.file_uris]
        assert len(uris) == 4
        assert all(uri.removeprefix(f"gs://{BUCKET}/") in names for uri in uris)
        assert uris[3].endswith(f"/{conf.name}")
    stage_in = list(drivers[0].args)
    assert stage_in[1].removeprefix(f"gs://{BUCKET}/") in names
    assert f"source.archive={stage_in[3]}" in drivers[1].args


def test_a_pipeline_stops_at_the_first_failure_and_a_rerun_goes_on(server, conf):
    run("cluster-up")
    healthy = server.runner

    def runner(running):
        broken = running.pyspark_job.main_python_file_uri.endswith("/tune_als.py")
        return (fail_with("ValueError: 42 is too much\n") if broken else healthy)(running)

    server.runner = runner
    cli = run("pipeline", "--config", conf, code=1)
    assert submitted(server) == JOBS[:5]
    assert "ended in ERROR" in cli.stderr
    assert cli.stdout.endswith("ValueError: 42 is too much\n")

    failed_id = server.calls_of("SubmitJob")[-1].request.job.reference.job_id
    server.runner = healthy
    run("pipeline", "--config", conf)
    assert submitted(server) == [*JOBS[:5], *JOBS[4:]]
    retried = server.calls_of("SubmitJob")[5].request.job.reference.job_id
    assert retried == f"{failed_id}-2"
    run("cluster-down")


def test_force_runs_again_and_deletes_anyway(server, clients, conf):
    run("cluster-up")
    submit = ("submit", "--config", conf, "--job", "run_all")
    first = run(*submit)
    assert "--set workspace=hdfs:///movierec/workspace" in first.stdout
    assert first.summary["output"] == f"gs://{BUCKET}/movierec/results"
    assert run(*submit, "--verbose").summary == first.summary
    force = (*submit, "--force", "--verbose")
    (forced,) = run(*force, "--spark-conf", "spark.executor.memory=5g").summary["jobs"]
    assert forced.startswith("movierec-run-all-")
    driver = server.calls_of("SubmitJob")[1].request.job.pyspark_job
    assert {"--force", "--verbose"} <= {*driver.args}
    assert dict(driver.properties) == {"spark.executor.memory": "5g"}
    assert run(*force).summary["jobs"] == [f"{forced}-2"]
    assert submitted(server) == ["run_all"] * 3
    server.runner = wait_until_cancelled
    clients.submit("theirs", placement={"cluster_name": "movierec"})
    assert "movierec: theirs still running: wait" in run("cluster-down", code=3).stderr
    assert run("cluster-status").summary["active"] == ["theirs"]
    run("cluster-down", "--force")


def test_the_doctor_and_an_export_run_each_time(server, conf):
    run("cluster-up")
    for command, job in (("submit", "doctor"), ("batch", "doctor"), ("submit", "export_results")):
        (first,) = ids_of(command, conf, job)
        assert ids_of(command, conf, job) == [f"{first}-2"]
    assert "--target" in server.calls_of("SubmitJob")[-1].request.job.pyspark_job.args


def put_result(storage_server, stage, config, files):
    """Put a result of a stage into the bucket, as its job leaves it."""
    made = fingerprint(stage, config, archive_sha256=config.source.sha256)
    root = f"movierec/results/{stage.name}/{made}"
    storage_server.put(BUCKET, f"{root}/_manifest.json", b'{"attempt": "a-1", "seconds": 1.5}')
    for name, content in files.items():
        storage_server.put(BUCKET, f"{root}/a-1/{name}", content)


def test_a_workflow_makes_its_cluster_and_leaves_results_in_the_bucket(
    server, storage_server, conf, plan
):
    healthy = server.runner
    server.runner = fail_with("boom\n", exit_code=3)
    failed = run("workflow", "--config", conf, code=1)
    assert "stage-in failed, ingest blocked, partition blocked" in failed.stderr
    assert "step stage-in, job " in failed.stderr
    assert "make logs ID=" in failed.stderr
    server.runner = healthy
    cli = run("workflow", "--config", conf)
    assert cli.summary["output"] == f"gs://{BUCKET}/movierec/results"
    assert "to follow it from elsewhere: make attach OPERATION=projects/" in cli.stderr
    assert "report completed" in cli.stderr
    requests = [call.request for call in server.calls_of("InstantiateInlineWorkflowTemplate")]
    managed = requests[0].template.placement.managed_cluster
    assert managed.config.initialization_actions
    # Dataproc refuses a second workflow with an id only while the first one runs
    assert len(requests) == 2
    assert requests[0].request_id == requests[1].request_id
    mine = ("workflow", "--config", conf, "--set", "twins.min_movies=7")
    for stage in dag.PIPELINE:
        put_result(storage_server, stage, plan.config, {})
        if stage is dag.INGEST:
            assert "so their results are used: ingest\n" in run(*mine).stderr
    again = run(*mine)
    assert again.summary["operation"] is None
    assert "every stage is done in gs://suite/movierec/results: `make fetch`" in again.stderr
    assert len(server.calls_of("InstantiateInlineWorkflowTemplate")) == 3
    assert run(*mine, "--force").summary["operation"]


def test_a_batch_works_on_the_bucket(server, storage_server, conf):
    ingest = ("batch", "--config", conf, "--job", "ingest")
    cli = run(*ingest)
    assert run(*ingest).summary == cli.summary
    forced = run("batch", "--config", conf, "--job", "run_all", "--force")
    first, second = server.calls_of("CreateBatch")
    assert second.request.batch.pyspark_batch.args[-1] == "--force"
    assert forced.summary == {
        "command": "batch",
        "job": "run_all",
        "batch": second.request.batch_id,
        "output": f"gs://{BUCKET}/movierec/results",
    }
    names = storage_server.names(BUCKET)
    for call, job in ((first, "ingest"), (second, "run_all")):
        driver = call.request.batch.pyspark_batch
        assert driver.main_python_file_uri.endswith(f"/{job}.py")
        assert f"workspace=gs://{BUCKET}/movierec/results" in driver.args
        assert not any("hdfs:" in argument for argument in driver.args)
        (archive,) = (one for one in driver.args if one.startswith("source.archive="))
        assert archive.removeprefix(f"source.archive=gs://{BUCKET}/") in names
    assert "estimate: about 0.72 USD per hour with 2 executors, 1.20 with 4" in cli.stderr
    assert "driver output" not in cli.stderr
    # Dataproc keeps the output of runtime 3.0 in Cloud Logging only
    modern = ("--cluster-set", "serverless.version='3.0'")
    later = run("batch", "--config", conf, "--job", "twins", *modern)
    assert len(later.stdout.splitlines()) == 1
    assert "warning: serverless.version 3.0" in later.stderr
    query = f'resource.labels.batch_id="{later.summary["batch"]}" logName="projects/test-project/'
    assert f"{query}logs/dataproc.googleapis.com%2Foutput\"' --project" in later.stderr
    refused = run(*ingest, "--set", "workspace=hdfs:///w", code=2)
    assert "a batch has no HDFS" in refused.stderr


def test_fetch_copies_what_a_local_run_leaves(server, storage_server, conf, tmp_path, plan):
    out = tmp_path / "out"

    def fetch(*options, code=0):
        return run("fetch", "--config", conf, "--out", out, *options, code=code)

    put = partial(put_result, storage_server)
    sha256 = f"source.sha256='{plan.config.source.sha256}'"
    config = load_config(conf.read_text(), origin="tiny", overrides=[sha256])
    assert "no stage of this conf is done there: run `make pipe" in fetch(code=3).stderr
    assert not out.exists()
    put(dag.EVALUATE, config, {"summary.json": b'{"models": {"als": 1}}'})
    put(dag.TWINS, config, {"summary.json": b'{"twins": {"pairs": 2}}', "twins.csv": b"a,b\n"})
    summary = fetch().summary
    assert summary["stages"] == ["evaluate", "twins"]
    assert json.loads((out / "tiny" / "summary.json").read_text()) == {
        "models": {"als": 1},
        "twins": {"pairs": 2},
        "timings": {"evaluate": 1.5, "twins": 1.5},
    }
    assert (out / "tiny" / "twins.csv").read_bytes() == b"a,b\n"
    # what changes the result has a directory of its own, as in a local run
    other = fetch("--set", "twins.min_movies=7").summary
    assert other["output"] == str(out / "tiny+twins.min_movies=7")
    assert other["stages"] == ["evaluate"]
    (archive,) = conf.parent.glob("*.zip")
    assert fetch("--archive", archive).summary == summary
    # on another laptop, without the archive
    copy = archive.rename(tmp_path / "mine.zip")
    assert "source.sha256" in fetch(code=3).stderr
    assert fetch("--set", sha256).summary == summary
    report = {"summary.json": b"{}", "report.json": json.dumps(invented.facts()).encode()}
    put(dag.REPORT, config, report)
    found = fetch("--archive", copy).summary
    assert (found["output"], found["stages"][2]) == (str(out / "tiny+mine"), "report")
    page = (out / "tiny+mine" / "report.html").read_text()
    assert f"make run CONF={conf} ARCHIVE={copy}" in page


def test_a_cluster_of_somebody_else_runs_jobs_but_is_not_deleted(server, clients, conf):
    clients.make_cluster("theirs", config={"config_bucket": "their-bucket"})
    theirs = ("--cluster-set", "cluster.name=theirs")
    for words in (["cluster-up"], ["cluster-down"], ["cluster-down", "--force"]):
        assert "this suite did not create it" in run(*words, *theirs, code=1).stderr
    assert server.calls_of("DeleteCluster") == []
    (job,) = ids_of("submit", conf, "stage_in", *theirs)
    assert run("pipeline", "--config", conf, *theirs).summary["jobs"][0] == job
    assert submitted(server) == JOBS
    assert run("cluster-status", *theirs).summary["state"] == "RUNNING"
    assert run("logs", "--job-id", job).stdout.startswith(f"gs://{BUCKET}/movierec/artifacts/")


def test_cluster_up_warns_of_a_cluster_from_another_conf(server):
    alone = ("--cluster-set", "cluster.primary_workers.count=0")
    warning = "warning: cluster movierec was created from another conf"
    assert warning not in run("cluster-up", *alone).stderr + run("cluster-up", *alone).stderr
    assert warning in run("cluster-up").stderr
    assert warning not in run("cluster-down").stderr


def test_a_cluster_whose_update_failed_still_runs_jobs(server, conf):
    run("cluster-up")
    server.set_cluster_states("ERROR_DUE_TO_UPDATE", "no capacity")
    warned = run("submit", "--config", conf, "--job", "stage_in").stderr
    assert "warning: cluster movierec: an update failed (no capacity): it accepts jobs" in warned
    run("cluster-down")
    run("cluster-up")
    server.set_cluster_states("ERROR", "no capacity")
    refused = run("submit", "--config", conf, "--job", "stage_in", code=3).stderr
    assert "is in the state ERROR and accepts no jobs: it bills until" in refused


def test_a_quota_error_is_explained(server, conf):
    """Before any machine in a new project, also of a workflow, or later, for want of machines."""
    workers = ("--cluster-set", "cluster.primary_workers.machine_type=n2-highmem-8")
    for words in (["cluster-up"], ["workflow", "--config", conf]):
        refused = run(*words, *workers, code=1).stderr
        assert "Insufficient 'CPUS' quota. Requested 20.0, available 12.0" in refused
        assert "lower machine types or counts" in refused
    server.next_cluster_breaks = True
    broken = run("cluster-up", code=1).stderr
    assert "no free machines of this type" in broken
    assert "bills until it is deleted" in broken
    assert len(server.calls_of("CreateCluster")) == 2


def test_a_dry_run_sends_nothing_and_prints_every_request(server, conf, tmp_path):
    scaling = ("--cluster-set", "cluster.autoscaling={policy: p-1, max: 4}")
    folder = tmp_path / "dataproc"
    words = ("--config", conf, "--dry-run", "--out", tmp_path)
    workflow = run("workflow", *words, *scaling).summary
    assert workflow["methods"] == [
        "AutoscalingPolicyService.CreateAutoscalingPolicy",
        "WorkflowTemplateService.InstantiateInlineWorkflowTemplate",
    ]
    assert workflow["gcloud"][1][-1] == f"--file={folder}/workflow.yaml"
    assert "stepId: report" in (folder / "workflow.yaml").read_text()
    assert "maxInstances: 4" in (folder / "p-1.yaml").read_text()
    assert run("pipeline", *words).summary["methods"] == ["JobController.SubmitJob"] * len(JOBS)
    run("cluster-up", "--dry-run", "--cluster-set", "cluster.primary_workers.count=0")
    for command, verb in (("cluster-up", "create"), ("cluster-down", "delete")):
        summary = run(command, "--dry-run").summary
        assert summary["methods"] == [f"ClusterController.{verb.title()}Cluster"]
        assert summary["gcloud"][0][2:4] == ["clusters", verb]
    methods = {"submit": "JobController.SubmitJob", "batch": "BatchController.CreateBatch"}
    for command, group in (("submit", "jobs"), ("batch", "batches")):
        summary = run(command, *words, "--job", "run_all").summary
        assert summary["methods"] == [methods[command]]
        (asked,) = summary["gcloud"]
        service_account = "--user-workload-authentication-type=SERVICE_ACCOUNT" in asked
        assert service_account == (command == "batch")
        assert asked[:5] == ["gcloud", "dataproc", group, "submit", "pyspark"]
        assert asked[5].endswith("/run_all.py")
        assert asked[asked.index("--") + 1 :][:2] == ["--config", "tiny.yaml"]
    assert server.calls == []


def test_a_dry_run_for_airflow_writes_the_operators_arguments(
    server, storage_server, conf, tmp_path
):
    """And the files that they name are those that `upload` puts into the bucket."""
    config = ("--config", conf)
    words = ("--dry-run", "--format", "airflow", "--out", tmp_path)
    scaling = ("--cluster-set", "cluster.autoscaling={policy: p-1, max: 4}")
    sent = []
    for command, operator, options in (
        ("cluster-up", "CreateCluster", ()),
        ("cluster-down", "DeleteCluster", ()),
        ("submit", "SubmitJob", (*config, "--job", "tune")),
        ("pipeline", "SubmitJob", config),
        ("batch", "CreateBatch", (*config, "--job", "ingest")),
        ("workflow", "InstantiateInlineWorkflowTemplate", (*config, *scaling)),
    ):
        cli = CliRunner()
        assert cli.run(command, *words, *options) == 0
        path = tmp_path / "dataproc" / f"{command}.json"
        tasks = json.loads(path.read_text())
        assert path.read_text() == cli.stdout.rpartition('{"command')[0]
        operators = [f"Dataproc{operator}Operator"] * (len(JOBS) if command == "pipeline" else 1)
        assert cli.summary == {
            "command": command,
            "dry_run": True,
            "operators": operators,
            "file": str(path),
        }
        assert [task["operator"] for task in tasks] == operators
        sent += [request_of(task["operator"], task["arguments"]) for task in tasks]
    # Airflow has no operator for policies
    assert "autoscaling-policies import" in cli.stderr
    assert "maxInstances: 4" in (tmp_path / "dataproc" / "p-1.yaml").read_text()
    assert server.calls == []
    run("upload", *config)
    uploaded = {f"gs://{BUCKET}/{name}" for name in storage_server.names(BUCKET)}
    (action,) = sent[0].cluster.config.initialization_actions
    scripts = [request.job.pyspark_job.main_python_file_uri for request in sent[2:13]]
    assert {action.executable_file, *scripts} <= uploaded


def test_a_format_without_a_dry_run_is_refused(conf):
    assert "only with --dry-run" in run("cluster-up", "--format", "airflow", code=2).stderr


@pytest.mark.parametrize(
    "words",
    [
        ["cluster-status", "--dry-run"],
        ["upload", "--config", "c", "--dry-run"],
        ["fetch", "--config", "c", "--dry-run"],
        ["logs", "--job-id", "j", "--dry-run"],
        ["attach", "o", "--dry-run"],
        ["cluster-up", "--dry"],
    ],
)
def test_a_dry_run_is_refused_by_commands_that_cost_nothing(words, capsys):
    with pytest.raises(SystemExit) as caught:
        CliRunner().run(*words)
    assert caught.value.code == 2
    assert f"unrecognized arguments: {words[-1]}" in capsys.readouterr().err


def test_all_problems_of_a_conf_are_printed_at_once(server, tmp_path):
    broken = tmp_path / "cluster.yaml"
    text = CLUSTER_YAML.read_text().replace("idle_delete_minutes: 30", "idle_delete_minute: 30")
    broken.write_text(text.replace("prefix: movierec", "prefix: /movierec/"))
    cli = run("cluster-up", "--cluster", broken, code=2)
    assert "did you mean cluster.idle_delete_minutes?" in cli.stderr
    assert "prefix: a folder" in cli.stderr
    assert "--cluster-set nonsense: write it as section.key=value" in (
        run("cluster-up", "--cluster-set", "nonsense", code=2).stderr
    )


def start_program(*arguments):
    """Start the real program."""
    placed = [word for one in PLACED for word in ("--cluster-set", one)]
    return subprocess.Popen(
        [sys.executable, ROOT / "scripts" / "dataproc.py", *arguments, *placed],
        env=os.environ | {"PYTHONPATH": str(ROOT / "src")},
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # a shell lets its background jobs, perhaps these tests, ignore interrupts
        preexec_fn=partial(signal.signal, signal.SIGINT, signal.SIG_DFL),
    )


def test_a_reader_that_ends_first_is_no_failure():
    program = start_program("cluster-up", "--dry-run")
    program.stdout.close()
    assert "Traceback" not in program.stderr.read()
    assert program.wait(timeout=20) == 141


def test_ctrl_c_on_the_real_program_detaches(server, clients):
    server.runner = wait_until_cancelled
    clients.make_cluster()
    clients.submit("j-1")
    program = start_program("logs", "--job-id", "j-1")
    assert program.stdout.readline() == "größer\n"
    program.send_signal(signal.SIGINT)
    out, err = program.communicate(timeout=20)
    assert program.returncode == 130
    assert out == ""
    assert "job j-1: left running" in err
    assert "Traceback" not in err
    assert clients.get_job("j-1").status.state.name == "RUNNING"
