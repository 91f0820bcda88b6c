"""Submitting and following one job when something goes wrong, with the real client."""

from __future__ import annotations

import grpc
import pytest
from google.api_core import exceptions as api
from google.cloud import dataproc_v1 as dp

from movierec.errors import UserError
from movierec_dataproc.commands.context import Context
from movierec_dataproc.google import jobs
from movierec_dataproc.google.errors import WorkError
from movierec_dataproc.google.remote_work import Interrupted, Progress, TimeLimit, next_attempt
from tests.support.dataproc.cli_runner import CliRunner
from tests.support.dataproc.fake_behaviour import RunningJob
from tests.support.dataproc.fake_dataproc import FakeDataproc
from tests.support.dataproc.real_clients import RealClients

PREFIX = "gs://suite/movierec/artifacts/0"


@pytest.fixture(autouse=True)
def _cluster(clients: RealClients) -> None:
    clients.make_cluster("c1")


def a_job(job_id: str = "movierec-ingest-1") -> dp.Job:
    return dp.Job(
        reference=dp.JobReference(job_id=job_id),
        placement=dp.JobPlacement(cluster_name="c1"),
        pyspark_job=dp.PySparkJob(main_python_file_uri=f"{PREFIX}/ingest.py", args=["--x"]),
    )


def submit(cli: CliRunner, context: Context, job: dp.Job | None = None) -> jobs.JobWork:
    return jobs.submit(
        job or a_job(),
        clients=context.clients,
        target=context.target,
        terminal=cli.terminal,
    )


def wait_for(running: RunningJob) -> int:
    """A job that runs until it is cancelled."""
    running.write(b"at work\n")
    running.cancelled.wait(20)
    return 1


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("name", ["UNAVAILABLE", "INTERNAL", "ABORTED"])
def test_a_failure_that_passes_submits_once(
    dataproc_server: FakeDataproc, name: str, after: bool
) -> None:
    cli = CliRunner()
    context = cli.context()
    dataproc_server.fail_next("SubmitJob", grpc.StatusCode[name], after=after, times=2)
    work = submit(cli, context)
    context.finish(work)
    assert len(dataproc_server.calls_of("SubmitJob")) == 3
    listed = context.clients.jobs.list_jobs(project_id="test-project", region="europe-west1")
    assert [job.reference.job_id for job in listed] == ["movierec-ingest-1"]
    # the library itself tries again after UNAVAILABLE alone
    assert ("trying again in 1 s" in cli.stderr) == (name != "UNAVAILABLE")


def test_a_failure_that_stays_is_told_in_a_line(dataproc_server: FakeDataproc) -> None:
    cli = CliRunner()
    code = grpc.StatusCode.INTERNAL
    dataproc_server.fail_next("SubmitJob", code, times=None, message="out\nof order")
    with pytest.raises(UserError, match=r"tried 8 times: .*out of order") as caught:
        submit(cli, cli.context())
    assert "\n" not in str(caught.value)
    assert len(dataproc_server.calls_of("SubmitJob")) == 8


def test_a_job_id_that_is_there_is_followed(
    dataproc_server: FakeDataproc, clients: RealClients
) -> None:
    clients.submit("movierec-ingest-1", cluster="c1", request_id="somebody-else-s")
    cli = CliRunner()
    context = cli.context()
    work = submit(cli, context)
    context.finish(work)
    assert "is there already; following it" in cli.stderr
    assert cli.stdout == "gs://b/main.py starts\n--x 1\n"
    # an output that is complete is not waited for
    assert cli.clock.time < 8


def test_a_job_that_fails_tells_its_stack_trace_and_where_it_is(
    dataproc_server: FakeDataproc,
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
    work = submit(cli, context)
    with pytest.raises(WorkError, match="job movierec-ingest-1: ended in ERROR: "):
        context.finish(work)
    assert cli.stdout == trace
    assert cli.stderr.splitlines()[-2] == "dataproc:   KeyError: 'rating'"
    assert "  line 387" in cli.stderr
    assert "  line 386" not in cli.stderr
    assert cli.stderr.splitlines()[-1].startswith("dataproc: driver output: gs://dataproc-staging/")
    states = [line.rpartition(" ")[2] for line in cli.stderr.splitlines() if ": job " in line]
    assert states[-1] == "ERROR"


def test_an_output_that_never_ends_is_not_waited_for_for_ever(
    dataproc_server: FakeDataproc,
) -> None:
    dataproc_server.output_ends = False
    cli = CliRunner()
    context = cli.context()
    context.finish(submit(cli, context))
    assert cli.stdout.endswith("--x\n")
    assert 10 <= cli.clock.time < 60


def test_asking_after_a_job_outlives_failures_that_pass(dataproc_server: FakeDataproc) -> None:
    cli = CliRunner()
    context = cli.context()
    work = submit(cli, context)
    dataproc_server.fail_next("GetJob", grpc.StatusCode.ABORTED, times=2)
    context.finish(work)
    assert "trying again in 2 s" in cli.stderr


def test_a_wait_has_an_end_where_the_conf_says_so(dataproc_server: FakeDataproc) -> None:
    dataproc_server.runner = wait_for
    cli = CliRunner()
    context = cli.context("timeouts.poll_seconds=60")
    work = submit(cli, context)
    with pytest.raises(
        WorkError, match=r"still .* of timeouts.job_hours = 0.5; it goes on: make logs ID="
    ):
        context.finish(work, limit=TimeLimit(1800, "timeouts.job_hours = 0.5"))
    assert 1800 <= cli.clock.time < 2000
    state = work.progress().state
    assert state in ("PENDING", "SETUP_DONE", "RUNNING")


@pytest.mark.parametrize("answers", ["", "d\n"])
def test_ctrl_c_leaves_a_job_running(dataproc_server: FakeDataproc, answers: str) -> None:
    dataproc_server.runner = wait_for
    cli = CliRunner(answers=answers)
    cli.clock.ctrl_c = {4}
    context = cli.context()
    work = submit(cli, context)
    with pytest.raises(Interrupted) as caught:
        context.finish(work)
    assert caught.value.exit_code == 130
    said = str(caught.value)
    assert "follow it: make logs ID=movierec-ingest-1" in said
    assert "cancel it: gcloud dataproc jobs kill movierec-ingest-1 --project=test-project" in said
    assert ("cancel job movierec-ingest-1 (c)" in cli.stderr) == bool(answers)
    assert dataproc_server.calls_of("CancelJob") == []
    assert not work.progress().ended


def test_ctrl_c_cancels_where_the_user_says_so(dataproc_server: FakeDataproc) -> None:
    dataproc_server.runner = wait_for
    cli = CliRunner(answers="c\n")
    cli.clock.ctrl_c = {4}
    context = cli.context()
    work = submit(cli, context)
    dataproc_server.fail_next("CancelJob", grpc.StatusCode.ABORTED)
    with pytest.raises(Interrupted, match="cancelling"):
        context.finish(work)
    with pytest.raises(WorkError, match="ended in CANCELLED"):
        context.finish(work)


def test_the_next_attempt_comes_after_a_failure_only() -> None:
    done = Progress(state="DONE", ended=True, good=True)
    error = Progress(state="ERROR", ended=True, good=False)
    running = Progress(state="RUNNING", ended=False, good=False)
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


def test_progress_of_yarn_is_told(dataproc_server: FakeDataproc) -> None:
    job = dp.Job(
        status=dp.JobStatus(state="RUNNING"),
        yarn_applications=[dp.YarnApplication(name="movierec tune_als", state=5, progress=0.25)],
    )
    assert jobs.job_progress(job).note == "(movierec tune_als: running, 25%)"
    job.status.state = dp.JobStatus.State.DONE
    assert jobs.job_progress(job) == Progress(state="DONE", ended=True, good=True)


def test_jobs_of_an_earlier_cluster_of_the_name_are_not_listed(
    dataproc_server: FakeDataproc, clients: RealClients
) -> None:
    cli = CliRunner()
    context = cli.context()
    context.finish(submit(cli, context))
    uuid = clients.get_cluster("c1").cluster_uuid
    listed = jobs.on_cluster(context.clients, context.target, cluster_name="c1", cluster_uuid=uuid)
    assert [job.reference.job_id for job in listed] == ["movierec-ingest-1"]
    none = jobs.on_cluster(
        context.clients, context.target, cluster_name="c1", cluster_uuid="earlier"
    )
    assert list(none) == []


def test_aborted_is_no_conflict_although_the_library_says_so() -> None:
    """What submit relies on: whoever catches Conflict catches Aborted too."""
    assert issubclass(api.Aborted, api.Conflict)
    assert issubclass(api.AlreadyExists, api.Conflict)
