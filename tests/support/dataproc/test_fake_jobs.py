"""Jobs of the fake run, fail, restart, are cancelled and leave their output as Dataproc's do."""

from __future__ import annotations

import threading

import grpc
import pytest
from google.api_core import exceptions
from google.cloud import dataproc_v1 as dp

from tests.support.dataproc.fake_behaviour import fail_with
from tests.support.dataproc.real_clients import PLACE, POLLING

State = dp.JobStatus.State
TRACE = "Traceback (most recent call last):\n  ...\nmovierec.InputError: no archive\n"


def history(job):
    return [status.state.name for status in job.status_history] + [job.status.state.name]


@pytest.fixture
def cluster(clients):
    return clients.make_cluster()


def wait_until_cancelled(started):
    """A runner that tells when it has started and works until it is cancelled."""

    def run(running):
        running.write(b"working\n")
        started.set()
        assert running.cancelled.wait(20)
        running.write(b"stopping\n")
        return 143

    return run


# --- states


def test_a_job_goes_through_its_states(clients, cluster):
    assert clients.submit().status.state == State.PENDING
    job = clients.finish()
    assert history(job) == ["PENDING", "SETUP_DONE", "RUNNING", "DONE"]
    assert job.done
    assert job.job_uuid
    assert job.placement.cluster_uuid == cluster.cluster_uuid
    assert job.reference.project_id == "test-project"


def test_the_runner_gets_the_job_and_the_cluster(dataproc_server, clients, cluster):
    seen = []

    def run(running):
        seen.append((list(running.pyspark_job.args), running.cluster.cluster_uuid, running.job_id))
        return 0

    dataproc_server.runner = run
    clients.submit()
    clients.finish()
    assert seen == [(["--x", "1"], cluster.cluster_uuid, "job-1")]


@pytest.mark.usefixtures("cluster")
def test_a_failed_driver_leaves_its_trace_and_details(dataproc_server, clients):
    dataproc_server.runner = fail_with(TRACE)
    clients.submit()
    job = clients.finish()
    assert job.status.state == State.ERROR
    assert "[movierec.InputError: no archive]" in job.status.details
    assert job.driver_output_resource_uri in job.status.details
    assert dataproc_server.output_of("job-1") == TRACE.encode()


@pytest.mark.usefixtures("cluster")
def test_a_driver_that_fails_silently_is_reported_by_the_agent(dataproc_server, clients):
    dataproc_server.runner = fail_with("no exception here\n", exit_code=137)
    clients.submit()
    assert "Agent reports job failure" in clients.finish().status.details


@pytest.mark.usefixtures("cluster")
def test_an_exception_of_the_runner_is_a_failed_driver(dataproc_server, clients):
    def run(running):
        raise ValueError("from the runner")

    dataproc_server.runner = run
    clients.submit()
    assert "[ValueError: from the runner]" in clients.finish().status.details


@pytest.mark.usefixtures("cluster")
def test_a_driver_that_may_fail_is_started_again(dataproc_server, clients):
    dataproc_server.runner = lambda running: 0 if running.attempt == 2 else 1
    clients.submit(scheduling={"max_failures_per_hour": 2})
    job = clients.finish()
    assert job.status.state == State.DONE
    assert history(job).count("ATTEMPT_FAILURE") == 2
    clients.submit("job-2", scheduling={"max_failures_per_hour": 1})
    job = clients.finish("job-2")
    assert job.status.state == State.ERROR
    assert history(job).count("RUNNING") == 2


# --- what is refused


@pytest.mark.parametrize(
    "fields",
    [
        {"job_id": "a b"},
        {"job_id": "a" * 101},
        {"labels": {"Run": "x"}},
        {"cluster": ""},
        {"pyspark_job": {}},
        {"pyspark_job": {"main_python_file_uri": "gs://b/main.jar"}},
        {"pyspark_job": {"main_python_file_uri": "a.py", "python_file_uris": ["gs://b/a.whl"]}},
        {"pyspark_job": {"main_python_file_uri": "a.py", "archive_uris": ["gs://b/a.7z"]}},
        {"scheduling": {"max_failures_per_hour": 11}},
        {"request_id": "a" * 41},
    ],
)
@pytest.mark.usefixtures("cluster")
def test_a_bad_job_is_refused(clients, fields):
    with pytest.raises(exceptions.InvalidArgument):
        clients.submit(**fields)
    assert list(clients.jobs.list_jobs(request=PLACE)) == []


@pytest.mark.usefixtures("cluster")
def test_a_job_id_is_taken_for_ever(clients):
    clients.submit()
    clients.finish()
    with pytest.raises(exceptions.AlreadyExists, match="job-1"):
        clients.submit()


@pytest.mark.usefixtures("cluster")
def test_a_job_without_an_id_gets_one(clients):
    job = clients.submit("")
    assert clients.finish(job.reference.job_id).status.state == State.DONE


def test_a_job_needs_a_cluster_that_runs(dataproc_server, clients):
    with pytest.raises(exceptions.NotFound):
        clients.submit()
    dataproc_server.break_next_cluster()
    with pytest.raises(exceptions.ResourceExhausted):
        clients.make_cluster()
    with pytest.raises(exceptions.FailedPrecondition, match="ERROR"):
        clients.submit()


def test_a_job_that_is_not_there_is_not_found(clients):
    with pytest.raises(exceptions.NotFound):
        clients.get_job()
    with pytest.raises(exceptions.NotFound):
        clients.jobs.cancel_job(request={**PLACE, "job_id": "job-1"})


# --- answers that are lost


@pytest.mark.usefixtures("cluster")
def test_one_request_id_submits_once(dataproc_server, clients):
    runs = []
    dataproc_server.runner = lambda running: runs.append(running.job_id) or 0
    first = clients.submit("", request_id="r-1")
    again = clients.submit("", request_id="r-1")
    assert again.job_uuid == first.job_uuid
    clients.finish(first.reference.job_id)
    assert runs == [first.reference.job_id]


@pytest.mark.usefixtures("cluster")
def test_a_lost_answer_without_a_request_id_makes_a_duplicate(dataproc_server, clients):
    dataproc_server.fail_next("SubmitJob", grpc.StatusCode.UNAVAILABLE, after=True)
    clients.submit("")
    assert len(list(clients.jobs.list_jobs(request=PLACE))) == 2


@pytest.mark.usefixtures("cluster")
def test_a_lost_answer_with_a_job_id_is_a_conflict(dataproc_server, clients):
    dataproc_server.fail_next("SubmitJob", grpc.StatusCode.UNAVAILABLE, after=True)
    with pytest.raises(exceptions.AlreadyExists):
        clients.submit()
    assert clients.finish().status.state == State.DONE


@pytest.mark.usefixtures("cluster")
def test_a_job_goes_on_while_its_client_is_cut_off(dataproc_server, clients):
    clients.submit()
    dataproc_server.fail_next("GetJob", grpc.StatusCode.UNAVAILABLE, times=3)
    for _ in range(3):
        with pytest.raises(exceptions.ServiceUnavailable):
            clients.jobs.get_job(request={**PLACE, "job_id": "job-1"}, retry=None)
    assert clients.finish().status.state == State.DONE


# --- cancellation


@pytest.mark.usefixtures("cluster")
def test_a_cancelled_job_ends_as_cancelled(dataproc_server, clients):
    started = threading.Event()
    dataproc_server.runner = wait_until_cancelled(started)
    clients.submit()
    assert started.wait(20)
    job = clients.jobs.cancel_job(request={**PLACE, "job_id": "job-1"})
    assert job.status.state == State.CANCEL_PENDING
    job = clients.finish()
    assert history(job)[-4:] == ["RUNNING", "CANCEL_PENDING", "CANCEL_STARTED", "CANCELLED"]
    assert dataproc_server.output_of("job-1") == b"working\nstopping\n"


@pytest.mark.usefixtures("cluster")
def test_a_job_may_be_cancelled_before_it_runs(dataproc_server, clients):
    dataproc_server.state_seconds = 20
    clients.submit()
    clients.jobs.cancel_job(request={**PLACE, "job_id": "job-1"})
    dataproc_server.state_seconds = 0
    job = clients.finish()
    assert job.status.state == State.CANCELLED
    assert "RUNNING" not in history(job)


@pytest.mark.usefixtures("cluster")
def test_a_cancelled_job_is_not_started_again(dataproc_server, clients):
    started = threading.Event()
    dataproc_server.runner = wait_until_cancelled(started)
    clients.submit(scheduling={"max_failures_per_hour": 3})
    assert started.wait(20)
    clients.jobs.cancel_job(request={**PLACE, "job_id": "job-1"})
    assert clients.finish().status.state == State.CANCELLED
    assert dataproc_server.output_of("job-1").count(b"working") == 1


@pytest.mark.usefixtures("cluster")
def test_a_runner_that_does_not_listen_is_left_behind(dataproc_server, clients):
    started, release = threading.Event(), threading.Event()

    def deaf(running):
        started.set()
        release.wait(20)
        running.write(b"too late\n")
        return 0

    dataproc_server.runner, dataproc_server.grace_seconds = deaf, 0.01
    clients.submit()
    assert started.wait(20)
    clients.jobs.cancel_job(request={**PLACE, "job_id": "job-1"})
    assert clients.finish().status.state == State.CANCELLED
    release.set()
    dataproc_server.join_threads(5)
    assert dataproc_server.output_of("job-1") == b""


@pytest.mark.usefixtures("cluster")
def test_a_job_that_is_done_stays_done(clients):
    clients.submit()
    clients.finish()
    job = clients.jobs.cancel_job(request={**PLACE, "job_id": "job-1"})
    assert job.status.state == State.DONE


@pytest.mark.usefixtures("cluster")
def test_jobs_fail_with_their_cluster_and_their_output_has_no_end(
    dataproc_server, storage_server, clients
):
    started = threading.Event()
    dataproc_server.runner = wait_until_cancelled(started)
    clients.submit()
    assert started.wait(20)
    clients.begin_delete().result(polling=POLLING)
    job = clients.get_job()
    assert job.status.state == State.ERROR
    assert "'c1' was deleted" in job.status.details
    dataproc_server.join_threads(5)
    assert list(series(storage_server, job)) == [".000000000"]


# --- operations and lists


@pytest.mark.usefixtures("cluster")
def test_an_operation_of_a_job_ends_as_the_job_does(dataproc_server, clients):
    def begin(job_id):
        job = {
            "reference": {"job_id": job_id},
            "placement": {"cluster_name": "c1"},
            "pyspark_job": {"main_python_file_uri": "gs://b/main.py"},
        }
        return clients.jobs.submit_job_as_operation(request={**PLACE, "job": job})

    assert begin("good").result(polling=POLLING).status.state == State.DONE
    dataproc_server.runner = fail_with(TRACE)
    operation = begin("bad")
    with pytest.raises(exceptions.Aborted, match="InputError"):
        operation.result(polling=POLLING)
    assert operation.metadata.job_id == "bad"


def test_jobs_are_listed_newest_first_and_filtered(dataproc_server, clients):
    started = threading.Event()
    for name in ("c1", "c2"):
        clients.make_cluster(name)
    for number in (1, 2, 3):
        clients.submit(f"done-{number}", labels={"n": str(number)})
        clients.finish(f"done-{number}")
    dataproc_server.runner = wait_until_cancelled(started)
    clients.submit("live-1", cluster="c2")

    def listed(**fields):
        pages = clients.jobs.list_jobs(request={**PLACE, **fields})
        return [job.reference.job_id for job in pages]

    assert listed(page_size=2) == ["live-1", "done-3", "done-2", "done-1"]
    assert len(dataproc_server.calls_of("ListJobs")) == 2
    assert listed(cluster_name="c2") == ["live-1"]
    assert listed(job_state_matcher="ACTIVE") == ["live-1"]
    assert listed(job_state_matcher="NON_ACTIVE") == ["done-3", "done-2", "done-1"]
    assert listed(filter="status.state = NON_ACTIVE AND labels.n = 2") == ["done-2"]
    assert listed(region="us-east1") == []


# --- driver output


def series(storage, job):
    """The names of a job's output objects without their prefix, and their contents."""
    bucket, _, base = job.driver_output_resource_uri.removeprefix("gs://").partition("/")
    names = storage.names(bucket, base)
    return {name.removeprefix(base): storage.get(bucket, name) for name in names}


def test_output_is_a_series_that_an_empty_object_ends(
    dataproc_server, storage_server, clients, cluster
):
    dataproc_server.output_object_bytes = 4
    dataproc_server.runner = lambda running: running.write(b"abcdefghi") or 0
    job = clients.submit()
    assert job.driver_output_resource_uri == (
        "gs://dataproc-staging/google-cloud-dataproc-metainfo/"
        f"{cluster.cluster_uuid}/jobs/job-1/driveroutput"
    )
    clients.finish()
    dataproc_server.join_threads(5)
    assert series(storage_server, job) == {
        ".000000000": b"abcd",
        ".000000001": b"efgh",
        ".000000002": b"i",
        ".000000003": b"",
    }


def test_output_goes_to_the_bucket_of_the_cluster(dataproc_server, storage_server, clients):
    clients.make_cluster(config={"config_bucket": "mine"})
    job = clients.submit()
    clients.finish()
    dataproc_server.join_threads(5)
    assert job.driver_output_resource_uri.startswith("gs://mine/")
    assert series(storage_server, job) == {
        ".000000000": b"gs://b/main.py starts\n--x 1\n",
        ".000000001": b"",
    }


@pytest.mark.usefixtures("cluster")
def test_a_silent_job_leaves_only_the_end(dataproc_server, storage_server, clients):
    dataproc_server.runner = lambda running: 0
    job = clients.submit()
    clients.finish()
    dataproc_server.join_threads(5)
    assert series(storage_server, job) == {".000000000": b""}


@pytest.mark.usefixtures("cluster")
def test_an_object_grows_while_the_job_runs(dataproc_server, storage_server, clients):
    seen = []

    def run(running):
        for line in (b"one\n", b"two\n"):
            running.write(line)
            seen.append(series(storage_server, running.job))
        return 0

    dataproc_server.runner = run
    clients.submit()
    clients.finish()
    assert seen == [{".000000000": b"one\n"}, {".000000000": b"one\ntwo\n"}]


@pytest.mark.usefixtures("cluster")
def test_output_may_come_after_the_job_is_done(dataproc_server, storage_server, clients):
    dataproc_server.output_lag_seconds = 0.3
    job = clients.submit()
    clients.finish()
    assert series(storage_server, job) == {".000000000": b"gs://b/main.py starts\n"}
    dataproc_server.join_threads(5)
    assert series(storage_server, job)[".000000000"].endswith(b"--x 1\n")
    assert series(storage_server, job)[".000000001"] == b""


@pytest.mark.usefixtures("cluster")
def test_output_may_lack_its_end(dataproc_server, storage_server, clients):
    dataproc_server.output_ends = False
    job = clients.submit()
    clients.finish()
    dataproc_server.join_threads(5)
    assert list(series(storage_server, job)) == [".000000000"]
