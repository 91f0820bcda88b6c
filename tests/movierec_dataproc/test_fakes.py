"""The fake servers answer the real clients as Google's do, in all that other tests rely on."""

from __future__ import annotations

import threading
from typing import Any

import grpc
import pytest
from google.api_core import exceptions
from google.cloud import dataproc_v1 as dp

from tests.support.dataproc.fake_behaviour import RunningJob, fail_with
from tests.support.dataproc.fake_dataproc import FakeDataproc
from tests.support.dataproc.fake_storage import FakeStorage
from tests.support.dataproc.real_clients import (
    LOCATION_PATH,
    PLACE,
    POLLING,
    REGION_PATH,
    RealClients,
    step,
)

DIAMOND = (
    step("evaluate", "popularity", "tune"),
    step("popularity", "ingest"),
    step("tune", "ingest"),
    step("ingest"),
)
POLICY = {
    "id": "policy-1",
    "worker_config": {"min_instances": 2, "max_instances": 2},
    "basic_algorithm": {"yarn_config": {"graceful_decommission_timeout": {"seconds": 600}}},
}


def states(history: Any, last: Any) -> list[str]:
    return [one.state.name for one in history] + [last.state.name]


def output_of(storage: FakeStorage, uri: str) -> dict[str, bytes]:
    """A driver's output objects, by the endings of their names."""
    bucket, _, base = uri.removeprefix("gs://").partition("/")
    names = storage.names(bucket, base)
    return {name.removeprefix(base): storage.get(bucket, name) for name in names}


def test_a_cluster_goes_through_its_states(
    dataproc_server: FakeDataproc, clients: RealClients
) -> None:
    dataproc_server.operation_seconds = 0.2
    creation = clients.begin_cluster()
    assert clients.get_cluster().status.state.name == "CREATING"
    made = creation.result(polling=POLLING)
    assert states(made.status_history, made.status) == ["CREATING", "RUNNING"]
    with pytest.raises(exceptions.AlreadyExists):
        clients.begin_cluster()
    with pytest.raises(exceptions.NotFound):
        clients.begin_delete(cluster_uuid="another")
    deletion = clients.begin_delete(cluster_uuid=made.cluster_uuid)
    assert clients.get_cluster().status.state.name == "DELETING"
    deletion.result(polling=POLLING)
    with pytest.raises(exceptions.NotFound, match="clusters/c1"):
        clients.get_cluster()


def test_a_quota_error_leaves_a_cluster_that_accepts_no_jobs(
    dataproc_server: FakeDataproc, clients: RealClients
) -> None:
    dataproc_server.break_next_cluster()
    with pytest.raises(exceptions.ResourceExhausted, match="Insufficient 'CPUS' quota"):
        clients.make_cluster()
    assert "CPUS" in clients.get_cluster().status.detail
    with pytest.raises(exceptions.FailedPrecondition, match="ERROR"):
        clients.submit()


def test_a_request_id_has_one_effect_and_a_lost_answer_has_its_effect(
    dataproc_server: FakeDataproc, clients: RealClients
) -> None:
    dataproc_server.fail_next("CreateCluster", grpc.StatusCode.INTERNAL, after=True)
    with pytest.raises(exceptions.InternalServerError):
        clients.begin_cluster(request_id="r-1")
    first = clients.begin_cluster(request_id="r-1")
    first.result(polling=POLLING)
    ids = {clients.submit("", request_id="r-1").job_uuid for _ in range(2)}
    assert len(ids) == 1
    assert len(list(clients.jobs.list_jobs(request=PLACE))) == 1
    clients.submit("j")
    with pytest.raises(exceptions.AlreadyExists):
        clients.submit("j")
    clients.begin_delete(request_id="r-1").result(polling=POLLING)
    # the id of a deleted cluster's request creates nothing
    again = clients.begin_cluster(request_id="r-1")
    assert again.operation.name == first.operation.name
    with pytest.raises(exceptions.NotFound):
        clients.get_cluster()
    with pytest.raises(ValueError, match="SubmitJobs"):
        dataproc_server.fail_next("SubmitJobs", grpc.StatusCode.INTERNAL)


def test_a_job_goes_through_its_states_and_leaves_a_series_of_objects(
    dataproc_server: FakeDataproc, storage_server: FakeStorage, clients: RealClients
) -> None:
    cluster = clients.make_cluster(config={"config_bucket": "mine"})
    dataproc_server.output_object_bytes = 4
    dataproc_server.runner = lambda running: running.write(b"abcdefghi") or 0
    assert clients.submit().status.state.name == "PENDING"
    job = clients.finish()
    assert states(job.status_history, job.status) == ["PENDING", "SETUP_DONE", "RUNNING", "DONE"]
    assert job.placement.cluster_uuid == cluster.cluster_uuid
    dataproc_server.join_threads(5)
    uri = job.driver_output_resource_uri
    assert uri == (
        f"gs://mine/google-cloud-dataproc-metainfo/{cluster.cluster_uuid}/jobs/job-1/driveroutput"
    )
    series = [b"abcd", b"efgh", b"i", b""]
    expected = {f".{index:09d}": data for index, data in enumerate(series)}
    assert output_of(storage_server, uri) == expected


def test_failed_cancelled_and_orphaned_jobs(
    dataproc_server: FakeDataproc, storage_server: FakeStorage, clients: RealClients
) -> None:
    clients.make_cluster()
    dataproc_server.runner = fail_with("Traceback\nmovierec.InputError: no archive\n")
    clients.submit("failed")
    job = clients.finish("failed")
    assert job.status.state.name == "ERROR"
    assert "[movierec.InputError: no archive]" in job.status.details
    started = threading.Semaphore(0)

    def wait(running: RunningJob) -> int:
        running.write(b"working\n")
        started.release()
        running.cancelled.wait(20)
        return 143

    dataproc_server.runner = wait
    clients.submit("cancelled")
    assert started.acquire(timeout=20)
    clients.jobs.cancel_job(request={**PLACE, "job_id": "cancelled"})
    job = clients.finish("cancelled")
    assert states(job.status_history, job.status)[-3:] == [
        *("CANCEL_PENDING", "CANCEL_STARTED", "CANCELLED")
    ]
    clients.submit("orphaned")
    assert started.acquire(timeout=20)
    clients.begin_delete().result(polling=POLLING)
    job = clients.get_job("orphaned")
    assert "'c1' was deleted" in job.status.details
    dataproc_server.join_threads(5)
    # the end of its output was never written
    series = output_of(storage_server, job.driver_output_resource_uri)
    assert series == {".000000000": b"working\n"}


@pytest.mark.parametrize("failing", [None, "tune"])
def test_a_workflow_runs_its_steps_in_order_and_deletes_its_cluster(
    dataproc_server: FakeDataproc, clients: RealClients, failing: str | None
) -> None:
    order, clusters = [], set()

    def run(running: RunningJob) -> int:
        name = running.job.labels["goog-dataproc-workflow-step-id"]
        order.append(name)
        assert running.cluster is not None
        clusters.add(running.cluster.cluster_name)
        if failing and name == "popularity":
            running.cancelled.wait(20)
        return int(name == failing)

    dataproc_server.runner = run
    operation = clients.begin_workflow(*DIAMOND)
    if failing:
        with pytest.raises(exceptions.Aborted, match="step 'tune' failed"):
            operation.result(polling=POLLING)
    else:
        operation.result(polling=POLLING)
        assert order[-1] == "evaluate"
    assert order[0] == "ingest"
    assert {node.step_id: node.state.name for node in operation.metadata.graph.nodes} == {
        "ingest": "COMPLETED",
        "popularity": "FAILED" if failing else "COMPLETED",
        "tune": "FAILED" if failing else "COMPLETED",
        "evaluate": "BLOCKED" if failing else "COMPLETED",
    }
    (cluster,) = clusters
    assert operation.metadata.delete_cluster.done
    with pytest.raises(exceptions.NotFound):
        clients.get_cluster(cluster)


def test_batches_succeed_fail_and_are_cancelled(
    dataproc_server: FakeDataproc, clients: RealClients
) -> None:
    batch = clients.begin_batch().result(polling=POLLING)
    assert states(batch.state_history, batch) == ["PENDING", "RUNNING", "SUCCEEDED"]
    with pytest.raises(exceptions.AlreadyExists):
        clients.begin_batch()
    dataproc_server.runner = fail_with("Traceback\nValueError: bad\n")
    with pytest.raises(exceptions.Aborted, match="ValueError: bad"):
        clients.begin_batch("failed").result(polling=POLLING)
    started = threading.Event()

    def wait(running: RunningJob) -> int:
        started.set()
        return 0 if running.cancelled.wait(20) else 1

    dataproc_server.runner = wait
    operation = clients.begin_batch("cancelled")
    assert started.wait(20)
    operation.cancel()
    with pytest.raises(exceptions.Cancelled):
        operation.result(polling=POLLING)
    batch = clients.batches.get_batch(request={"name": f"{LOCATION_PATH}/batches/cancelled"})
    assert batch.state.name == "CANCELLED"


def test_requests_against_the_rules_are_refused(clients: RealClients) -> None:
    clients.make_cluster()
    ttl = {"lifecycle_config": {"idle_delete_ttl": {"seconds": 299}}}
    wheel = {"main_python_file_uri": "a.py", "python_file_uris": ["gs://b/a.whl"]}
    circle = (step("aaa", "bbb"), step("bbb", "aaa"))
    bad_policy = {**POLICY, "worker_config": {"min_instances": 1, "max_instances": 2}}
    for request in (
        lambda: clients.begin_cluster("a" * 52),
        lambda: clients.begin_cluster("c2", config=ttl),
        lambda: clients.begin_cluster("c2", labels={"Env": "x"}),
        lambda: clients.begin_cluster("c2", request_id="a b"),
        lambda: clients.submit("a b"),
        lambda: clients.submit("j", pyspark_job=wheel),
        lambda: clients.begin_batch("Bad"),
        lambda: clients.begin_workflow(*circle),
        lambda: clients.begin_workflow(step("aaa", "zzz")),
        lambda: clients.begin_workflow(step("aaa"), dag_timeout={"seconds": 599}),
        lambda: clients.policies.create_autoscaling_policy(
            request={"parent": REGION_PATH, "policy": bad_policy}
        ),
    ):
        with pytest.raises(exceptions.InvalidArgument):
            request()
    config = {"autoscaling_config": {"policy_uri": f"{REGION_PATH}/autoscalingPolicies/policy-1"}}
    with pytest.raises(exceptions.NotFound):
        clients.begin_cluster("c2", config=config)
    clients.policies.create_autoscaling_policy(request={"parent": REGION_PATH, "policy": POLICY})
    made: dp.Cluster = clients.make_cluster("c2", config=config)
    assert made.status.state.name == "RUNNING"


def test_storage_has_preconditions_and_ranges(storage_server: FakeStorage) -> None:
    bucket = storage_server.create_bucket("b1")
    bucket.blob("x").upload_from_string("one\ntwo\n", if_generation_match=0)
    with pytest.raises(exceptions.PreconditionFailed):
        bucket.blob("x").upload_from_string("2", if_generation_match=0)
    assert bucket.get_blob("x").download_as_bytes(start=4, end=7) == b"two\n"
    assert bucket.get_blob("none") is None
