"""Submitting and following one job or batch (remote_work too) through failures and Ctrl-C."""

import grpc
import pytest
from google.cloud import dataproc_v1 as dp

from movierec_dataproc.google import jobs
from movierec_dataproc.google.errors import WorkError
from movierec_dataproc.google.remote_work import Interrupted, Progress, next_attempt
from tests.support.dataproc.cli_runner import CliRunner, press_ctrl_c
from tests.support.dataproc.fake_behaviour import fail_with, wait_until_cancelled
from tests.support.dataproc.real_clients import LOCATION_PATH, PLACE

ID = "movierec-ingest-1"
MAIN = "gs://suite/movierec/artifacts/0/ingest.py"
both_kinds = pytest.mark.parametrize("kind", ["job", "batch"])
METHODS = {"job": "SubmitJob", "batch": "CreateBatch"}
CANCEL = {"job": "CancelJob", "batch": "CancelOperation"}


@pytest.fixture(autouse=True)
def _cluster(clients):
    clients.make_cluster("c1")


def submit(context, kind="job"):
    driver = {"main_python_file_uri": MAIN, "args": ["--x"]}
    if kind == "job":
        work = jobs.remote_job(context.clients, context.target, ID)
        place = {"reference": {"job_id": ID}, "placement": {"cluster_name": "c1"}}
        job = {**place, "pyspark_job": driver}
        request = dp.SubmitJobRequest({**PLACE, "job": job, "request_id": "r"})
    else:
        work = jobs.remote_batch(context.clients, context.target, ID)
        batch = {"batch": {"pyspark_batch": driver}, "batch_id": ID, "request_id": "r"}
        request = dp.CreateBatchRequest({"parent": LOCATION_PATH, **batch})
    jobs.submit(request, context.clients, name=work.name, terminal=context.terminal)
    return work


@both_kinds
@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("name", ["UNAVAILABLE", "INTERNAL", "ABORTED"])
def test_a_transient_failure_submits_once(server, name, after, kind):
    cli = CliRunner()
    context = cli.context()
    server.fail_next(METHODS[kind], grpc.StatusCode[name], after=after, times=2)
    context.finish(submit(context, kind))
    calls = server.calls_of(METHODS[kind])
    assert len(calls) == 3
    assert len({call.request.request_id for call in calls}) == 1
    assert cli.stdout == f"{MAIN} starts\n--x\n"
    # the library itself retries only UNAVAILABLE, and only for jobs
    assert ("trying again in 1 s" in cli.stderr) == (name != "UNAVAILABLE" or kind == "batch")


@both_kinds
def test_an_existing_id_is_followed(server, clients, kind):
    if kind == "job":
        clients.submit(ID, request_id="somebody-else-s")
    else:
        clients.begin_batch(ID, request_id="somebody-else-s")
    cli = CliRunner()
    context = cli.context()
    context.finish(submit(context, kind))
    assert "is there already; following it" in cli.stderr
    assert cli.stdout.startswith("gs://b/main.py starts\n")
    # complete output is not waited for
    assert cli.clock.time < 8


@both_kinds
def test_a_failed_driver_s_stack_trace_and_its_place_are_printed(server, kind):
    lines = [f"line {number}\n" for number in range(400)]
    trace = "".join(lines) + "Traceback (most recent call last):\nKeyError: 'rating'\n"
    server.runner = fail_with(trace, exit_code=7)
    server.output_is_late = True
    cli = CliRunner()
    context = cli.context()
    state = "ERROR" if kind == "job" else "FAILED"
    with pytest.raises(WorkError, match=f"{kind} {ID}: ended in {state}: .*KeyError"):
        context.finish(submit(context, kind))
    assert cli.stdout == trace
    assert cli.stderr.splitlines()[-2] == "dataproc:   KeyError: 'rating'"
    assert "  line 387" in cli.stderr
    assert "  line 386" not in cli.stderr
    assert cli.stderr.splitlines()[-1].startswith("dataproc: driver output: gs://dataproc-staging/")
    assert f"{kind} {ID}: {state}\n" in cli.stderr


def submit_with_ctrl_c(server, kind, answers):
    """One that runs until it is cancelled; the user presses Ctrl-C while it is followed."""
    server.runner = wait_until_cancelled
    cli = CliRunner(answers=answers)
    cli.clock.during = {4: press_ctrl_c}
    context = cli.context()
    return cli, context, submit(context, kind)


@pytest.mark.parametrize(
    ("kind", "follow", "cancel"),
    [("job", "logs ID", "jobs kill"), ("batch", "logs BATCH", "batches cancel")],
)
@pytest.mark.parametrize("answers", ["", "d\n"])
def test_ctrl_c_leaves_it_running(server, answers, kind, follow, cancel):
    cli, context, work = submit_with_ctrl_c(server, kind, answers)
    with pytest.raises(Interrupted) as caught:
        context.finish(work)
    assert caught.value.exit_code == 130
    message = str(caught.value)
    assert f"follow it: make {follow}={ID}" in message
    assert f"cancel it: gcloud dataproc {cancel} {ID} --project=test-project" in message
    assert (f"cancel {kind} {ID} (c)" in cli.stderr) == bool(answers)
    assert server.calls_of(CANCEL[kind]) == []
    assert not work.progress().ended


@both_kinds
def test_ctrl_c_cancels_it_if_the_user_says_so(server, kind):
    _, context, work = submit_with_ctrl_c(server, kind, "c\n")
    server.fail_next(CANCEL[kind], grpc.StatusCode.ABORTED)
    with pytest.raises(Interrupted, match="cancelling"):
        context.finish(work)
    with pytest.raises(WorkError, match="ended in CANCELLED"):
        context.finish(work)


def test_the_next_attempt_comes_only_after_a_failure():
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


def test_jobs_of_an_earlier_cluster_of_the_name_are_not_listed(clients):
    clients.submit(ID)
    cluster, target = clients.get_cluster(), CliRunner().context().target
    (job,) = jobs.on_cluster(clients, target, cluster)
    assert job.reference.job_id == ID
    cluster.cluster_uuid = "earlier"
    assert jobs.on_cluster(clients, target, cluster) == []
