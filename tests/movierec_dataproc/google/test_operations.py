"""Long-running operations (and clusters), also longer than Google's library waits by default.

Covers `movierec_dataproc.google.clusters`, `movierec_dataproc.google.remote_work`,
`movierec_dataproc.google.terminal`.
"""

import grpc
import pytest
from google.api_core import operation as library

from movierec.errors import ConfigError, UserError
from movierec_dataproc.google import clusters
from movierec_dataproc.google.operations import operation_name, remote_operation
from movierec_dataproc.google.remote_work import Interrupted
from tests.support.dataproc.cli_runner import CliRunner, press_ctrl_c
from tests.support.dataproc.fake_behaviour import wait_until_cancelled
from tests.support.dataproc.real_clients import REGION_PATH, step


@pytest.fixture(autouse=True)
def _library_s_own_wait_is_not_used(monkeypatch):
    def result(*_, **__):
        raise AssertionError("Operation.result() gives up after 900 seconds")

    monkeypatch.setattr(library.Operation, "result", result)


def cluster_up(*overrides, code=0, during=None):
    cli = CliRunner()
    cli.clock.during = during or {}
    words = [word for one in overrides for word in ("--cluster-set", one)]
    assert cli.run("cluster-up", *words) == code, cli.stderr
    return cli


def test_a_cluster_that_takes_longer_than_900_seconds(server):
    server.proceed.clear()
    overrides = ("timeouts.poll_seconds=300", "timeouts.cluster_minutes=1440")
    cli = cluster_up(*overrides, during={4: server.proceed.set})
    assert cli.clock.time > 900
    assert cli.summary["state"] == "RUNNING"


def test_a_time_limit_leaves_the_operation_and_says_how_to_follow_it(server):
    server.proceed.clear()
    cli = cluster_up("timeouts.poll_seconds=60", "timeouts.cluster_minutes=1", code=1)
    assert (
        "at the end of timeouts.cluster_minutes = 1; it goes on: follow it with "
        "`make attach OPERATION=projects/" in cli.stderr
    )
    operation = cli.stderr.rpartition("OPERATION=")[2].partition("`")[0]
    server.proceed.set()
    attached = CliRunner()
    assert attached.run("attach", operation) == 0, attached.stderr
    assert attached.summary == {"command": "attach", "operation": operation, "good": True}
    # a second `cluster-up` finds the cluster
    cluster_up()
    assert len(server.calls_of("CreateCluster")) == 1


def test_a_cluster_in_creation_is_waited_for(server):
    server.proceed.clear()
    first = cluster_up(code=130, during={1: press_ctrl_c})
    assert "left running" in first.stderr
    second = cluster_up(during={1: server.proceed.set})
    assert "cluster movierec: CREATING" in second.stderr
    assert second.summary["made"] is False


def test_a_cluster_under_repair_is_waited_for(server):
    cluster_up()
    server.set_cluster_states("REPAIRING", "")
    cli = cluster_up(during={1: lambda: server.set_cluster_states("RUNNING", "")})
    assert "cluster movierec: REPAIRING" in cli.stderr
    assert cli.summary["state"] == "RUNNING"


def test_a_cluster_that_appears_before_our_request_is_used(server, monkeypatch):
    """It is created between our check and our request."""
    cluster_up()
    real, looks = clusters.get, iter([None])
    monkeypatch.setattr(clusters, "get", lambda *words: next(looks, real(*words)))
    cli = cluster_up()
    assert len(server.calls_of("CreateCluster")) == 2
    assert "cluster movierec: RUNNING" in cli.stderr


@pytest.mark.parametrize("name", ["UNAVAILABLE", "INTERNAL", "ABORTED"])
@pytest.mark.parametrize("method", ["CreateCluster", "GetOperation"])
def test_transient_failures_make_one_cluster(server, name, method):
    server.fail_next(method, grpc.StatusCode[name], after=True, times=2)
    cli = cluster_up()
    assert cli.summary["made"] is True
    ids = {call.request.request_id for call in server.calls_of("CreateCluster")}
    assert len(ids) == 1


def test_the_autoscaling_policy_is_made_once_and_updated(server, clients):
    for most, calls in ((3, []), (4, ["UpdateAutoscalingPolicy"])):
        scaling = f"cluster.autoscaling={{policy: p-1, max: {most}}}"
        cluster_up(scaling)
        found = clients.policies.get_autoscaling_policy(
            name=f"{REGION_PATH}/autoscalingPolicies/p-1"
        )
        assert found.secondary_worker_config.max_instances == most
        assert [one.method for one in server.calls_of("UpdateAutoscalingPolicy")] == calls
        assert CliRunner().run("cluster-down") == 0
    found.labels["suite"] = "theirs"
    clients.policies.update_autoscaling_policy(policy=found)
    refused = cluster_up(scaling, code=1).stderr
    assert "autoscaling policy p-1: exists and is not this suite's: choose" in refused


def test_cancelling_a_workflow_at_ctrl_c(server, clients):
    """It is followed by its short name."""
    server.runner = wait_until_cancelled
    cli = CliRunner(answers="c\n")
    cli.clock.during = {3: press_ctrl_c}
    context, begun = cli.context(), clients.begin_workflow(step("ingest")).operation.name
    name = operation_name(begun.rpartition("/")[2], context.target)
    assert name == begun
    work = remote_operation(context.clients, context.target, name)
    with pytest.raises(Interrupted, match="cancelling"):
        context.finish(work)
    assert len(server.calls_of("CancelOperation")) == 1
    with pytest.raises(UserError, match="ended in ERROR"):
        context.finish(work)


def test_an_operation_of_another_project_is_refused():
    target = CliRunner().context().target
    for text in ("projects/other/regions/europe-west1/operations/1", "a/b", "operations/"):
        with pytest.raises(ConfigError, match="projects/test-project/regions/europe-west1"):
            operation_name(text, target)
