"""Submitting and following one job or batch (remote_work too) through failures and Ctrl-C."""

from __future__ import annotations

from typing import Literal

import grpc
import pytest
from google.api_core import exceptions as api
from google.cloud import dataproc_v1 as dp

from movierec.errors import UserError
from movierec_dataproc.commands.context import Context
from movierec_dataproc.google import jobs
from movierec_dataproc.google.errors import WorkError
from movierec_dataproc.google.remote_work import (
    Interrupted,
    Progress,
    RemoteWork,
    TimeLimit,
    next_attempt,
)
from tests.support.dataproc.cli_runner import CliRunner
from tests.support.dataproc.fake_behaviour import RunningJob
from tests.support.dataproc.fake_dataproc import FakeDataproc
from tests.support.dataproc.real_clients import LOCATION_PATH, PLACE, RealClients

ID = "movierec-ingest-1"
MAIN = "gs://suite/movierec/artifacts/0/ingest.py"
Kind = Literal["job", "batch"]
both_kinds = pytest.mark.parametrize("kind", ["job", "batch"])
METHODS = {"job": "SubmitJob", "batch": "CreateBatch"}


@pytest.fixture(autouse=True)
def _cluster(clients: RealClients) -> None:
    clients.make_cluster("c1")


def submit(cli: CliRunner, context: Context, kind: Kind = "job") -> RemoteWork:
    make = jobs.remote_job if kind == "job" else jobs.remote_batch
    work = make(context.clients, context.target, ID)
    driver = {"main_python_file_uri": MAIN, "args": ["--x"]}
    job = {
        "reference": {"job_id": ID},
        "placement": {"cluster_name": "c1"},
        "pyspark_job": driver,
    }
    batch = {"batch": {"pyspark_batch": driver}, "batch_id": ID, "request_id": "r"}
    request = {
        "job": dp.SubmitJobRequest({**PLACE, "job": job, "request_id": "r"}),
        "batch": dp.CreateBatchRequest({"parent": LOCATION_PATH, **batch}),
    }[kind]
    jobs.submit(request, context.clients, name=work.name, terminal=cli.terminal)
    return work


def wait_for(running: RunningJob) -> int:
    """A job that runs until it is cancelled."""
    running.write(b"at work\n")
    running.cancelled.wait(20)
    return 1


@both_kinds
@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("name", ["UNAVAILABLE", "INTERNAL", "ABORTED"])
def test_a_transient_failure_submits_once(
    dataproc_server: FakeDataproc, name: str, after: bool, kind: Kind
) -> None:
    cli = CliRunner()
    context = cli.context()
    dataproc_server.fail_next(METHODS[kind], grpc.StatusCode[name], after=after, times=2)
    context.finish(submit(cli, context, kind))
    calls = dataproc_server.calls_of(METHODS[kind])
    assert len(calls) == 3
    assert len({call.request.request_id for call in calls}) == 1
    assert cli.stdout == f"{MAIN} starts\n--x\n"
    # the library itself retries only UNAVAILABLE, and only for jobs
    assert ("trying again in 1 s" in cli.stderr) == (name != "UNAVAILABLE" or kind == "batch")


def test_a_lasting_failure_ends_in_one_line(dataproc_server: FakeDataproc) -> None:
    cli = CliRunner()
    code = grpc.StatusCode.INTERNAL
    dataproc_server.fail_next("SubmitJob", code, times=None, message="out\nof order")
    with pytest.raises(UserError, match=r"tried 8 times: .*out of order") as caught:
        submit(cli, cli.context())
    assert "\n" not in str(caught.value)
    assert len(dataproc_server.calls_of("SubmitJob")) == 8


@both_kinds
def test_an_existing_id_is_followed(
    dataproc_server: FakeDataproc, clients: RealClients, kind: Kind
) -> None:
    if kind == "job":
        clients.submit(ID, cluster="c1", request_id="somebody-else-s")
    else:
        clients.begin_batch(ID, request_id="somebody-else-s")
    cli = CliRunner()
    context = cli.context()
    context.finish(submit(cli, context, kind))
    assert "is there already; following it" in cli.stderr
    assert cli.stdout.startswith("gs://b/main.py starts\n")
    # complete output is not waited for
    assert cli.clock.time < 8


@both_kinds
def test_a_failed_driver_s_stack_trace_and_its_place_are_printed(
    dataproc_server: FakeDataproc, kind: Kind
) -> None:
    lines = [f"line {number}\n" for number in range(400)]
    trace = "".join(lines) + "Traceback (most recent call last):\nKeyError: 'rating'\n"

    def runner(running: RunningJob) -> int:
        running.write(trace.encode())
        return 7

    dataproc_server.runner = runner
    dataproc_server.output_object_bytes = 1000
    dataproc_server.output_lag_seconds = 0.02
    cli = CliRunner()
    context = cli.context()
    state = "ERROR" if kind == "job" else "FAILED"
    with pytest.raises(WorkError, match=f"{kind} {ID}: ended in {state}: .*KeyError"):
        context.finish(submit(cli, context, kind))
    assert cli.stdout == trace
    assert cli.stderr.splitlines()[-2] == "dataproc:   KeyError: 'rating'"
    assert "  line 387" in cli.stderr
    assert "  line 386" not in cli.stderr
    assert cli.stderr.splitlines()[-1].startswith("dataproc: driver output: gs://dataproc-staging/")
    states = [line.rpartition(" ")[2] for line in cli.stderr.splitlines() if f": {kind} " in line]
    assert states[-1] == state


def test_output_that_never_ends_is_waited_for_10_seconds(dataproc_server: FakeDataproc) -> None:
    dataproc_server.output_ends = False
    cli = CliRunner()
    context = cli.context()
    context.finish(submit(cli, context))
    assert cli.stdout.endswith("--x\n")
    assert 10 <= cli.clock.time < 60


def test_polling_a_job_survives_transient_failures(dataproc_server: FakeDataproc) -> None:
    cli = CliRunner()
    context = cli.context()
    work = submit(cli, context)
    dataproc_server.fail_next("GetJob", grpc.StatusCode.ABORTED, times=2)
    context.finish(work)
    assert "trying again in 2 s" in cli.stderr


def test_a_time_limit_ends_the_wait_and_not_the_job(dataproc_server: FakeDataproc) -> None:
    dataproc_server.runner = wait_for
    cli = CliRunner()
    context = cli.context("timeouts.poll_seconds=60")
    work = submit(cli, context)
    expected = r"still .* of timeouts.job_hours = 0.5; it goes on: follow it with `make logs ID="
    with pytest.raises(WorkError, match=expected):
        context.finish(work, limit=TimeLimit(1800, "timeouts.job_hours = 0.5"))
    assert 1800 <= cli.clock.time < 2000
    assert work.progress().state in ("PENDING", "SETUP_DONE", "RUNNING")


@pytest.mark.parametrize(
    ("kind", "follow", "cancel"),
    [("job", "logs ID", "jobs kill"), ("batch", "logs BATCH", "batches cancel")],
)
@pytest.mark.parametrize("answers", ["", "d\n"])
def test_ctrl_c_leaves_it_running(
    dataproc_server: FakeDataproc, answers: str, kind: Kind, follow: str, cancel: str
) -> None:
    dataproc_server.runner = wait_for
    cli = CliRunner(answers=answers)
    cli.clock.ctrl_c = {4}
    context = cli.context()
    work = submit(cli, context, kind)
    with pytest.raises(Interrupted) as caught:
        context.finish(work)
    assert caught.value.exit_code == 130
    message = str(caught.value)
    assert f"follow it: make {follow}={ID}" in message
    assert f"cancel it: gcloud dataproc {cancel} {ID} --project=test-project" in message
    assert (f"cancel {kind} {ID} (c)" in cli.stderr) == bool(answers)
    assert dataproc_server.calls_of("CancelJob") == []
    assert not work.progress().ended


@both_kinds
def test_ctrl_c_cancels_it_if_the_user_says_so(dataproc_server: FakeDataproc, kind: Kind) -> None:
    dataproc_server.runner = wait_for
    cli = CliRunner(answers="c\n")
    cli.clock.ctrl_c = {4}
    context = cli.context()
    work = submit(cli, context, kind)
    dataproc_server.fail_next("CancelJob", grpc.StatusCode.ABORTED)
    with pytest.raises(Interrupted, match="cancelling"):
        context.finish(work)
    with pytest.raises(WorkError, match="ended in CANCELLED"):
        context.finish(work)


def test_the_next_attempt_comes_only_after_a_failure() -> None:
    done = Progress(state="DONE", ended=True, succeeded=True)
    error = Progress(state="ERROR", ended=True, succeeded=False)
    running = Progress(state="RUNNING", ended=False, succeeded=False)
    for history, redo, expected in [
        ([], False, ("j", None)),
        ([running], False, ("j", running)),
        ([running], True, ("j", running)),
        ([done], False, ("j", done)),
        ([done], True, ("j-2", None)),
        ([error], False, ("j-2", None)),
        ([error, error], False, ("j-3", None)),
        ([error, running], False, ("j-2", running)),
        ([error, done], False, ("j-2", done)),
        ([error, done], True, ("j-3", None)),
    ]:
        ids = dict(zip(("j", "j-2", "j-3"), history, strict=False))
        assert next_attempt("j", ids.get, redo=redo) == expected


def test_the_note_of_a_running_job_is_yarn_s_progress() -> None:
    job = dp.Job(
        status=dp.JobStatus(state="RUNNING"),
        yarn_applications=[dp.YarnApplication(name="movierec tune_als", state=5, progress=0.25)],
    )
    assert jobs.job_progress(job).note == "(movierec tune_als: running, 25%)"
    job.status.state = dp.JobStatus.State.DONE
    assert jobs.job_progress(job) == Progress(state="DONE", ended=True, succeeded=True)


def test_jobs_of_an_earlier_cluster_of_the_name_are_not_listed(clients: RealClients) -> None:
    cli = CliRunner()
    context = cli.context()
    context.finish(submit(cli, context))
    cluster = clients.get_cluster("c1")
    (job,) = jobs.on_cluster(context.clients, context.target, cluster)
    assert job.reference.job_id == ID
    cluster.cluster_uuid = "earlier"
    assert jobs.on_cluster(context.clients, context.target, cluster) == []


def test_google_s_library_makes_aborted_a_conflict() -> None:
    """jobs.submit relies on this: code that catches Conflict catches Aborted too."""
    assert issubclass(api.Aborted, api.Conflict)
    assert issubclass(api.AlreadyExists, api.Conflict)
