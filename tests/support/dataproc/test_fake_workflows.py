"""Workflows and batches of the fake end as Dataproc's do, whatever happens to their jobs."""

from __future__ import annotations

import threading

import pytest
from google.api_core import exceptions
from google.cloud import dataproc_v1 as dp

from tests.support.dataproc.fake_behaviour import fail_with
from tests.support.dataproc.real_clients import LOCATION_PATH, PLACE, POLLING, step

DIAMOND = (
    step("evaluate", "popularity", "tune"),
    step("popularity", "ingest"),
    step("tune", "ingest"),
    step("ingest"),
)


def nodes(operation):
    return {node.step_id: node.state.name for node in operation.metadata.graph.nodes}


def clusters(clients):
    return [cluster.cluster_name for cluster in clients.clusters.list_clusters(request=PLACE)]


def step_of(running):
    return running.job.labels["goog-dataproc-workflow-step-id"]


def fail_at(step_id):
    return lambda running: 1 if step_of(running) == step_id else 0


# --- workflows


def test_steps_run_in_order_on_a_cluster_that_then_goes(dataproc_server, clients):
    order, made = [], set()

    def run(running):
        order.append(step_of(running))
        made.add(running.cluster.cluster_name)
        return 0

    dataproc_server.runner = run
    operation = clients.begin_workflow(*DIAMOND)
    operation.result(polling=POLLING)
    assert order[0] == "ingest"
    assert order[-1] == "evaluate"
    assert set(nodes(operation).values()) == {"COMPLETED"}
    metadata = operation.metadata
    assert made == {metadata.cluster_name}
    assert metadata.cluster_name.startswith("flow-")
    assert metadata.state == dp.WorkflowMetadata.State.DONE
    assert metadata.create_cluster.done
    assert metadata.delete_cluster.done
    assert clusters(clients) == []


def test_steps_that_need_not_wait_run_together(dataproc_server, clients):
    both = threading.Barrier(2, timeout=10)

    def run(running):
        both.wait()
        return 0

    dataproc_server.runner = run
    clients.begin_workflow(step("left"), step("right")).result(polling=POLLING)


def test_nodes_show_what_is_to_come(dataproc_server, clients):
    release = threading.Event()
    dataproc_server.runner = lambda running: 0 if release.wait(20) else 1
    dataproc_server.operation_seconds = 0.1
    operation = clients.begin_workflow(*DIAMOND)
    assert nodes(operation) == {
        "evaluate": "BLOCKED",
        "popularity": "BLOCKED",
        "tune": "BLOCKED",
        "ingest": "RUNNABLE",
    }
    while nodes(operation)["ingest"] != "RUNNING":
        operation.done()
    (node,) = [node for node in operation.metadata.graph.nodes if node.step_id == "ingest"]
    assert clients.get_job(node.job_id).status.state.name in ("PENDING", "SETUP_DONE", "RUNNING")
    release.set()
    operation.result(polling=POLLING)


def test_a_failed_step_blocks_what_needs_it(dataproc_server, clients):
    dataproc_server.runner = fail_at("ingest")
    operation = clients.begin_workflow(*DIAMOND)
    with pytest.raises(exceptions.Aborted, match="step 'ingest' failed"):
        operation.result(polling=POLLING)
    assert nodes(operation) == {
        "evaluate": "BLOCKED",
        "popularity": "BLOCKED",
        "tune": "BLOCKED",
        "ingest": "FAILED",
    }
    assert clusters(clients) == []


def test_a_failed_step_ends_its_peers(dataproc_server, clients):
    def run(running):
        if step_of(running) == "tune":
            return 1
        return 0 if step_of(running) == "ingest" or running.cancelled.wait(20) else 1

    dataproc_server.runner = run
    operation = clients.begin_workflow(*DIAMOND)
    with pytest.raises(exceptions.Aborted, match="step 'tune' failed"):
        operation.result(polling=POLLING)
    assert nodes(operation) == {
        "evaluate": "BLOCKED",
        "popularity": "FAILED",
        "tune": "FAILED",
        "ingest": "COMPLETED",
    }


def test_a_workflow_without_a_cluster_runs_nothing(dataproc_server, clients):
    dataproc_server.break_next_cluster()
    operation = clients.begin_workflow(*DIAMOND)
    with pytest.raises(exceptions.ResourceExhausted, match="quota"):
        operation.result(polling=POLLING)
    assert "quota" in operation.metadata.create_cluster.error
    assert list(clients.jobs.list_jobs(request=PLACE)) == []
    assert clusters(clients) == []


def test_a_cancelled_workflow_ends_its_job_and_its_cluster(dataproc_server, clients):
    started = threading.Event()

    def run(running):
        started.set()
        return 0 if running.cancelled.wait(20) else 1

    dataproc_server.runner = run
    operation = clients.begin_workflow(*DIAMOND)
    assert started.wait(20)
    operation.cancel()
    with pytest.raises(exceptions.Cancelled):
        operation.result(polling=POLLING)
    (job,) = clients.jobs.list_jobs(request=PLACE)
    assert job.status.state.name == "CANCELLED"
    assert clusters(clients) == []


def test_a_workflow_cancelled_early_starts_no_job(dataproc_server, clients):
    dataproc_server.operation_seconds = 0.1
    operation = clients.begin_workflow(*DIAMOND)
    operation.cancel()
    with pytest.raises(exceptions.Cancelled):
        operation.result(polling=POLLING)
    assert list(clients.jobs.list_jobs(request=PLACE)) == []
    assert clusters(clients) == []


def test_one_request_id_starts_one_workflow(clients):
    first = clients.begin_workflow(step("ingest"), request_id="r-1")
    again = clients.begin_workflow(step("ingest"), request_id="r-1")
    assert again.operation.name == first.operation.name
    first.result(polling=POLLING)
    assert len(list(clients.jobs.list_jobs(request=PLACE))) == 1


def test_labels_go_to_the_cluster_and_the_jobs(dataproc_server, clients):
    seen = []

    def run(running):
        seen.append((running.cluster.labels["run"], running.job.labels["run"]))
        return 0

    dataproc_server.runner = run
    clients.begin_workflow(step("ingest"), labels={"run": "r1"}).result(polling=POLLING)
    assert seen == [("r1", "r1")]


@pytest.mark.parametrize(
    ("steps", "fields", "message"),
    [
        ([], {}, "at least one job"),
        ([step("aaa", "zzz")], {}, "unknown prerequisite 'zzz'"),
        ([step("aaa", "bbb"), step("bbb", "aaa"), step("ccc")], {}, "cycle: aaa, bbb"),
        ([step("aaa"), step("aaa")], {}, "unique"),
        ([step("ab")], {}, "step id"),
        ([step("aaa", scheduling={"max_failures_per_hour": 1})], {}, "restartable"),
        ([step("aaa")], {"dag_timeout": {"seconds": 599}}, "dag_timeout"),
        ([step("aaa")], {"placement": {"managed_cluster": {"cluster_name": "a" * 36}}}, "prefix"),
        ([step("aaa")], {"placement": {}}, "managed_cluster is required"),
    ],
)
def test_a_bad_template_is_refused(clients, steps, fields, message):
    with pytest.raises(exceptions.InvalidArgument, match=message):
        clients.begin_workflow(*steps, **fields)


# --- batches


def get_batch(clients, batch_id="batch-1"):
    return clients.batches.get_batch(request={"name": f"{LOCATION_PATH}/batches/{batch_id}"})


def test_a_batch_runs_and_succeeds(dataproc_server, storage_server, clients):
    operation = clients.begin_batch(runtime_config={"properties": {"spark.x": "1"}})
    assert operation.metadata.batch == f"{LOCATION_PATH}/batches/batch-1"
    batch = operation.result(polling=POLLING)
    assert batch.state.name == "SUCCEEDED"
    assert [past.state.name for past in batch.state_history] == ["PENDING", "RUNNING"]
    assert get_batch(clients).uuid == batch.uuid
    bucket, _, base = batch.runtime_info.output_uri.removeprefix("gs://").partition("/")
    assert storage_server.get(bucket, f"{base}.000000000") == dataproc_server.output_of("batch-1")


def test_the_runner_gets_the_batch_as_a_job(dataproc_server, clients):
    seen = []

    def run(running):
        seen.append((running.job_id, dict(running.pyspark_job.properties), running.cluster))
        return 0

    dataproc_server.runner = run
    operation = clients.begin_batch(runtime_config={"properties": {"spark.x": "1"}})
    operation.result(polling=POLLING)
    assert seen == [("batch-1", {"spark.x": "1"}, None)]


def test_a_failed_batch_says_why(dataproc_server, clients):
    dataproc_server.runner = fail_with("Traceback\nValueError: bad\n")
    operation = clients.begin_batch()
    with pytest.raises(exceptions.Aborted, match="ValueError: bad"):
        operation.result(polling=POLLING)
    assert get_batch(clients).state.name == "FAILED"
    assert "ValueError: bad" in get_batch(clients).state_message


def test_a_batch_is_cancelled_by_its_operation(dataproc_server, clients):
    started = threading.Event()

    def run(running):
        started.set()
        return 0 if running.cancelled.wait(20) else 1

    dataproc_server.runner = run
    operation = clients.begin_batch()
    assert started.wait(20)
    operation.cancel()
    with pytest.raises(exceptions.Cancelled):
        operation.result(polling=POLLING)
    assert [past.state.name for past in get_batch(clients).state_history] == [
        "PENDING",
        "RUNNING",
        "CANCELLING",
    ]
    assert get_batch(clients).state.name == "CANCELLED"


def test_a_batch_id_is_taken_and_a_request_id_repeats(clients):
    first = clients.begin_batch(request_id="r-1")
    assert clients.begin_batch(request_id="r-1").operation.name == first.operation.name
    with pytest.raises(exceptions.AlreadyExists):
        clients.begin_batch()
    with pytest.raises(exceptions.InvalidArgument):
        clients.begin_batch("Bad")
    with pytest.raises(exceptions.InvalidArgument):
        clients.begin_batch("batch-2", pyspark_batch={"main_python_file_uri": "main.jar"})


def test_batches_are_listed_newest_first_and_filtered(clients):
    for number in (1, 2, 3):
        clients.begin_batch(f"batch-{number}", labels={"n": str(number)}).result(polling=POLLING)

    def listed(**fields):
        pages = clients.batches.list_batches(request={"parent": LOCATION_PATH, **fields})
        return [batch.name.rpartition("/")[2] for batch in pages]

    assert listed(page_size=2) == ["batch-3", "batch-2", "batch-1"]
    assert listed(filter="state = SUCCEEDED and labels.n=2") == ["batch-2"]
    assert listed(filter="state = FAILED") == []


def test_a_batch_that_is_not_there_is_not_found(clients):
    with pytest.raises(exceptions.NotFound):
        get_batch(clients)
