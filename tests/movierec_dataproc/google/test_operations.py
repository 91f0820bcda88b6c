"""Long-running operations (and clusters), also longer than Google's library waits by default.

Covers `movierec_dataproc.google.clusters`, `movierec_dataproc.google.remote_work`,
`movierec_dataproc.google.terminal`.
"""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import grpc
import pytest
from google.api_core.operation import Operation

from movierec.errors import ConfigError, UserError
from movierec_dataproc.google import clusters
from movierec_dataproc.google.errors import WorkError
from movierec_dataproc.google.operations import ended_before, operation_name, remote_operation
from movierec_dataproc.google.remote_work import Interrupted
from tests.support.dataproc.cli_runner import BUCKET, CliRunner
from tests.support.dataproc.fake_behaviour import RunningJob, fail_with
from tests.support.dataproc.fake_dataproc import FakeDataproc
from tests.support.dataproc.real_clients import RealClients, step


@pytest.fixture(autouse=True)
def _library_s_own_wait_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
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
    cli = CliRunner()
    code = cli.run(
        *("cluster-up", "--cluster-set", "timeouts.poll_seconds=300"),
        *("--cluster-set", "timeouts.cluster_minutes=1440"),
    )
    assert code == 0, cli.stderr
    assert cli.clock.time > 900
    assert cli.summary["state"] == "RUNNING"


def test_a_time_limit_leaves_the_operation_and_says_how_to_follow_it(
    dataproc_server: FakeDataproc,
) -> None:
    slow(dataproc_server).storage.create_bucket(BUCKET)  # type: ignore[union-attr]
    cli = CliRunner()
    again = ("--cluster-set", "timeouts.poll_seconds=60", "--cluster-set")
    assert cli.run("cluster-up", *again, "timeouts.cluster_minutes=1") == 1
    assert (
        "at the end of timeouts.cluster_minutes = 1; it goes on: follow it with "
        "`make attach OPERATION=projects/" in cli.stderr
    )
    operation = cli.stderr.rpartition("OPERATION=")[2].partition("`")[0]
    attached = CliRunner()
    assert attached.run("attach", operation) == 0, attached.stderr
    assert attached.summary == {"command": "attach", "operation": operation, "good": True}
    # a second `cluster-up` finds the cluster
    assert CliRunner().run("cluster-up") == 0
    assert len(dataproc_server.calls_of("CreateCluster")) == 1


def test_a_cluster_in_creation_is_waited_for(dataproc_server: FakeDataproc) -> None:
    slow(dataproc_server).storage.create_bucket(BUCKET)  # type: ignore[union-attr]
    first, second = CliRunner(), CliRunner()
    first.clock.ctrl_c = {1}
    assert first.run("cluster-up") == 130
    assert "left running" in first.stderr
    assert second.run("cluster-up") == 0, second.stderr
    assert "cluster movierec: CREATING" in second.stderr
    assert second.summary["made"] is False


def test_a_cluster_under_repair_is_waited_for(
    dataproc_server: FakeDataproc, monkeypatch: pytest.MonkeyPatch
) -> None:
    dataproc_server.storage.create_bucket(BUCKET)  # type: ignore[union-attr]
    assert CliRunner().run("cluster-up") == 0
    real, looks = clusters.get, iter(range(2))

    def get(*words: Any) -> Any:
        found = real(*words)
        if found is not None and next(looks, None) is not None:
            found.status.state = "REPAIRING"
        return found

    monkeypatch.setattr(clusters, "get", get)
    cli = CliRunner()
    assert cli.run("cluster-up") == 0, cli.stderr
    assert "cluster movierec: REPAIRING" in cli.stderr
    assert cli.summary["state"] == "RUNNING"


def test_a_cluster_that_appears_before_our_request_is_used(
    dataproc_server: FakeDataproc, clients: RealClients, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is created between our check and our request."""
    dataproc_server.storage.create_bucket(BUCKET)  # type: ignore[union-attr]
    assert CliRunner().run("cluster-up") == 0
    real, looks = clusters.get, iter([None])
    monkeypatch.setattr(clusters, "get", lambda *words: next(looks, real(*words)))
    cli = CliRunner()
    assert cli.run("cluster-up") == 0, cli.stderr
    assert len(dataproc_server.calls_of("CreateCluster")) == 2
    assert "cluster movierec: RUNNING" in cli.stderr


@pytest.mark.parametrize("name", ["UNAVAILABLE", "INTERNAL", "ABORTED"])
@pytest.mark.parametrize("method", ["CreateCluster", "GetOperation"])
def test_transient_failures_make_one_cluster(
    dataproc_server: FakeDataproc, name: str, method: str
) -> None:
    dataproc_server.storage.create_bucket(BUCKET)  # type: ignore[union-attr]
    dataproc_server.fail_next(method, grpc.StatusCode[name], after=True, times=2)
    cli = CliRunner()
    assert cli.run("cluster-up") == 0, cli.stderr
    assert cli.summary["made"] is True
    ids = {call.request.request_id for call in dataproc_server.calls_of("CreateCluster")}
    assert len(ids) == 1


def test_a_cluster_made_again_is_another_request(dataproc_server: FakeDataproc) -> None:
    """For the first one's id Dataproc would return its operation and create nothing."""
    dataproc_server.storage.create_bucket(BUCKET)  # type: ignore[union-attr]
    for command in ("cluster-up", "cluster-down", "cluster-up"):
        assert CliRunner().run(command) == 0
    ids = [call.request.request_id for call in dataproc_server.calls_of("CreateCluster")]
    assert len(set(ids)) == 2


def test_a_workflow_s_steps_are_printed(
    dataproc_server: FakeDataproc, clients: RealClients
) -> None:
    dataproc_server.runner = lambda running: (
        fail_with("no\n", 2)(running) if "tune" in running.pyspark_job.main_python_file_uri else 0
    )
    begun = clients.begin_workflow(step("ingest"), step("tune", "ingest"), step("export", "tune"))
    cli = CliRunner()
    context = cli.context("timeouts.poll_seconds=300")
    name = operation_name(begun.operation.name, context.target)
    work = remote_operation(context.clients, context.target, name)
    with pytest.raises(WorkError, match=r"step tune, job \S+: .*\(make logs ID=") as caught:
        context.finish(work)
    assert "\n" not in str(caught.value)
    assert "ingest completed, tune failed, export" in cli.stderr


def test_cancelling_a_workflow_at_ctrl_c(
    dataproc_server: FakeDataproc, clients: RealClients
) -> None:
    def runner(running: RunningJob) -> int:
        running.cancelled.wait(20)
        return 1

    dataproc_server.runner = runner
    begun = clients.begin_workflow(step("ingest"))
    cli = CliRunner(answers="c\n")
    cli.clock.ctrl_c = {3}
    context = cli.context()
    name = operation_name(begun.operation.name.rpartition("/")[2], context.target)
    work = remote_operation(context.clients, context.target, name)
    with pytest.raises(Interrupted, match="cancelling"):
        context.finish(work)
    assert len(dataproc_server.calls_of("CancelOperation")) == 1
    with pytest.raises(UserError, match="ended in ERROR"):
        context.finish(work)


def test_an_operation_of_another_project_is_refused(dataproc_server: FakeDataproc) -> None:
    context = CliRunner().context()
    for text in ("projects/other/regions/europe-west1/operations/1", "a/b", "operations/"):
        with pytest.raises(ConfigError, match="projects/test-project/regions/europe-west1"):
            operation_name(text, context.target)


def test_an_old_workflow_is_recognized_by_its_start(
    dataproc_server: FakeDataproc, clients: RealClients
) -> None:
    begun = clients.begin_workflow(step("ingest"))
    cli = CliRunner()
    context = cli.context()
    work = remote_operation(context.clients, context.target, begun.operation.name)
    now = datetime.now(timezone.utc)
    context.finish(work)
    ended = context.clients.operations.get_operation(begun.operation.name)
    assert ended_before(ended, time=now + timedelta(minutes=1))
    assert not ended_before(ended, time=now - timedelta(minutes=1))
    ended.done = False
    assert not ended_before(ended, time=now + timedelta(minutes=1))
