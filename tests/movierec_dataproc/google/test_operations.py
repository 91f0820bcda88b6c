"""Operations that take longer than Google's library waits by itself."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import grpc
import pytest
from google.api_core.operation import Operation

from movierec.errors import ConfigError, UserError
from movierec_dataproc.google import clusters as found_clusters
from movierec_dataproc.google.errors import WorkError
from movierec_dataproc.google.operations import OperationWork, ended_before, find_operation
from movierec_dataproc.google.remote_work import Interrupted
from tests.support.dataproc.fake_behaviour import RunningJob, fail_with
from tests.support.dataproc.fake_dataproc import FakeDataproc
from tests.support.dataproc.real_clients import RealClients, step
from tests.support.dataproc.scenes import BUCKET, Scene


@pytest.fixture(autouse=True)
def _nobody_waits_the_library_s_way(monkeypatch: pytest.MonkeyPatch) -> None:
    def result(*_: Any, **__: Any) -> None:
        raise AssertionError("Operation.result() gives up after 900 seconds")

    monkeypatch.setattr(Operation, "result", result)


def slow(dataproc_server: FakeDataproc) -> FakeDataproc:
    """Polled every 300 s of the tests' clock, an operation takes more than 900 s."""
    dataproc_server.operation_seconds = 2.0
    return dataproc_server


def test_a_cluster_that_takes_longer_than_900_seconds(
    dataproc_server: FakeDataproc,
) -> None:
    slow(dataproc_server).storage.create_bucket(BUCKET)  # type: ignore[union-attr]
    scene = Scene()
    code = scene.run(
        *("cluster-up", "--cluster-set", "timeouts.poll_seconds=300"),
        *("--cluster-set", "timeouts.cluster_minutes=1440"),
    )
    assert code == 0, scene.said
    assert scene.clock.time > 900
    assert scene.summary["state"] == "RUNNING"


def test_giving_up_leaves_the_operation_and_says_how_to_go_on(
    dataproc_server: FakeDataproc,
) -> None:
    slow(dataproc_server).storage.create_bucket(BUCKET)  # type: ignore[union-attr]
    scene = Scene()
    again = ("--cluster-set", "timeouts.poll_seconds=60", "--cluster-set")
    assert scene.run("cluster-up", *again, "timeouts.cluster_minutes=1") == 1
    assert (
        "at the end of timeouts.cluster_minutes = 1; it goes on: make attach OPERATION=projects/"
        in scene.said
    )
    operation = scene.said.rpartition("OPERATION=")[2].partition(";")[0]
    attached = Scene()
    assert attached.run("attach", operation) == 0, attached.said
    assert attached.summary == {"command": "attach", "operation": operation, "good": True}
    # a second `cluster-up` finds the cluster
    assert Scene().run("cluster-up") == 0
    assert len(dataproc_server.calls_of("CreateCluster")) == 1


def test_a_cluster_that_is_being_made_is_waited_for(dataproc_server: FakeDataproc) -> None:
    slow(dataproc_server).storage.create_bucket(BUCKET)  # type: ignore[union-attr]
    first, second = Scene(), Scene()
    first.clock.ctrl_c = {1}
    assert first.run("cluster-up") == 130
    assert "left running" in first.said
    assert second.run("cluster-up") == 0, second.said
    assert "cluster movierec: CREATING" in second.said
    assert second.summary["made"] is False


def test_a_cluster_under_repair_is_waited_for(
    dataproc_server: FakeDataproc, monkeypatch: pytest.MonkeyPatch
) -> None:
    dataproc_server.storage.create_bucket(BUCKET)  # type: ignore[union-attr]
    assert Scene().run("cluster-up") == 0
    real, looks = found_clusters.get, iter(range(2))

    def get(*words: Any) -> Any:
        found = real(*words)
        if found is not None and next(looks, None) is not None:
            found.status.state = "REPAIRING"
        return found

    monkeypatch.setattr(found_clusters, "get", get)
    scene = Scene()
    assert scene.run("cluster-up") == 0, scene.said
    assert "cluster movierec: REPAIRING" in scene.said
    assert scene.summary["state"] == "RUNNING"


def test_somebody_was_faster_with_the_cluster(
    dataproc_server: FakeDataproc, clients: RealClients, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It comes between our look and our request."""
    dataproc_server.storage.create_bucket(BUCKET)  # type: ignore[union-attr]
    assert Scene().run("cluster-up") == 0
    real, looks = found_clusters.get, iter([None])
    monkeypatch.setattr(found_clusters, "get", lambda *words: next(looks, real(*words)))
    scene = Scene()
    assert scene.run("cluster-up") == 0, scene.said
    assert len(dataproc_server.calls_of("CreateCluster")) == 2
    assert "cluster movierec: RUNNING" in scene.said


@pytest.mark.parametrize("name", ["UNAVAILABLE", "INTERNAL", "ABORTED"])
@pytest.mark.parametrize("method", ["CreateCluster", "GetOperation"])
def test_failures_that_pass_make_one_cluster(
    dataproc_server: FakeDataproc, name: str, method: str
) -> None:
    dataproc_server.storage.create_bucket(BUCKET)  # type: ignore[union-attr]
    dataproc_server.fail_next(method, grpc.StatusCode[name], after=True, times=2)
    scene = Scene()
    assert scene.run("cluster-up") == 0, scene.said
    assert scene.summary["made"] is True
    ids = {call.request.request_id for call in dataproc_server.calls_of("CreateCluster")}
    assert len(ids) == 1


def test_a_cluster_made_again_is_another_request(dataproc_server: FakeDataproc) -> None:
    """Under the first one's id Dataproc would answer with its operation and make nothing."""
    dataproc_server.storage.create_bucket(BUCKET)  # type: ignore[union-attr]
    for command in ("cluster-up", "cluster-down", "cluster-up"):
        assert Scene().run(command) == 0
    ids = [call.request.request_id for call in dataproc_server.calls_of("CreateCluster")]
    assert len(set(ids)) == 2


def test_a_workflow_s_steps_are_told_as_they_go(
    dataproc_server: FakeDataproc, clients: RealClients
) -> None:
    dataproc_server.runner = lambda running: (
        fail_with("no\n", 2)(running) if "tune" in running.pyspark_job.main_python_file_uri else 0
    )
    begun = clients.begin_workflow(step("ingest"), step("tune", "ingest"), step("export", "tune"))
    scene = Scene()
    context = scene.context("timeouts.poll_seconds=300")
    work = find_operation(begun.operation.name, clients=context.clients, target=context.target)
    with pytest.raises(WorkError, match=r"step tune, job \S+: .*\(make logs ID=") as caught:
        context.finish(work)
    assert "\n" not in str(caught.value)
    assert "ingest completed, tune failed, export" in scene.said


def test_cancelling_a_workflow_at_ctrl_c(
    dataproc_server: FakeDataproc, clients: RealClients
) -> None:
    def runner(running: RunningJob) -> int:
        running.cancelled.wait(20)
        return 1

    dataproc_server.runner = runner
    begun = clients.begin_workflow(step("ingest"))
    scene = Scene(answers="c\n")
    scene.clock.ctrl_c = {3}
    context = scene.context()
    work = find_operation(
        begun.operation.name.rpartition("/")[2], clients=context.clients, target=context.target
    )
    with pytest.raises(Interrupted, match="cancelling"):
        context.finish(work)
    assert len(dataproc_server.calls_of("CancelOperation")) == 1
    with pytest.raises(UserError, match="ended in ERROR"):
        context.finish(work)


def test_an_operation_elsewhere_is_refused(dataproc_server: FakeDataproc) -> None:
    context = Scene().context()
    for text in ("projects/other/regions/europe-west1/operations/1", "a/b", "operations/"):
        with pytest.raises(ConfigError, match="projects/test-project/regions/europe-west1"):
            find_operation(text, clients=context.clients, target=context.target)


def test_an_old_workflow_is_known_by_when_it_began(
    dataproc_server: FakeDataproc, clients: RealClients
) -> None:
    begun = clients.begin_workflow(step("ingest"))
    scene = Scene()
    context = scene.context()
    work = OperationWork(context.clients, context.target, begun.operation.name)
    now = datetime.now(timezone.utc)
    context.finish(work)
    ended = context.clients.operations.get_operation(begun.operation.name)
    assert ended_before(ended, time=now + timedelta(minutes=1))
    assert not ended_before(ended, time=now - timedelta(minutes=1))
    ended.done = False
    assert not ended_before(ended, time=now + timedelta(minutes=1))
