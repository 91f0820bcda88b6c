"""The fake's server, clusters and policies answer the real clients as Dataproc does."""

from __future__ import annotations

import threading

import grpc
import pytest
from google.api_core import exceptions
from google.cloud import dataproc_v1 as dp

from tests.support.dataproc.fake_dataproc import FakeDataproc
from tests.support.dataproc.real_clients import (
    LOCATION_PATH,
    PLACE,
    POLLING,
    REGION_PATH,
    RealClients,
)

State = dp.ClusterStatus.State
MINUTE, DAY = 60, 86400


def ttl(**seconds):
    return {"config": {"lifecycle_config": {name: {"seconds": s} for name, s in seconds.items()}}}


# --- calls and faults


def test_the_log_has_requests_and_routing(dataproc_server, clients):
    clients.make_cluster()
    (call,) = dataproc_server.calls_of("CreateCluster")
    assert call.request.cluster.cluster_name == "c1"
    assert call.routing == {"project_id": "test-project", "region": "europe-west1"}
    assert dataproc_server.calls[0] is call


def test_a_fault_hits_the_next_calls_only(dataproc_server, clients):
    clients.make_cluster()
    denied = grpc.StatusCode.PERMISSION_DENIED
    dataproc_server.fail_next("GetCluster", denied, times=2, message="no")
    for _ in range(2):
        with pytest.raises(exceptions.PermissionDenied, match="no"):
            clients.get_cluster()
    assert clients.get_cluster().cluster_name == "c1"


def test_a_lasting_fault_goes_when_healed(dataproc_server, clients):
    clients.make_cluster()
    dataproc_server.fail_next("GetCluster", grpc.StatusCode.PERMISSION_DENIED, times=None)
    for _ in range(3):
        with pytest.raises(exceptions.PermissionDenied):
            clients.get_cluster()
    dataproc_server.heal()
    assert clients.get_cluster().status.state == State.RUNNING


def test_the_client_itself_retries_an_unavailable_service(dataproc_server, clients):
    clients.make_cluster()
    dataproc_server.fail_next("GetCluster", grpc.StatusCode.UNAVAILABLE)
    assert clients.get_cluster().cluster_name == "c1"
    assert len(dataproc_server.calls_of("GetCluster")) == 2


def test_a_lost_answer_is_a_call_that_took_effect(dataproc_server, clients):
    dataproc_server.fail_next("CreateCluster", grpc.StatusCode.INTERNAL, after=True)
    with pytest.raises(exceptions.InternalServerError):
        clients.begin_cluster()
    assert clients.get_cluster().cluster_name == "c1"


def test_a_fault_for_no_method_is_refused(dataproc_server):
    with pytest.raises(ValueError, match="SubmitJobs"):
        dataproc_server.fail_next("SubmitJobs", grpc.StatusCode.INTERNAL)


def test_a_server_that_stopped_is_unavailable():
    with FakeDataproc() as server:
        clients = RealClients(server.address)
    with pytest.raises(exceptions.ServiceUnavailable):
        clients.clusters.list_clusters(request=PLACE, retry=None)
    clients.channel.close()


# --- clusters


def test_a_cluster_runs_when_its_operation_is_done(dataproc_server, clients):
    dataproc_server.operation_seconds = 0.2
    operation = clients.begin_cluster(labels={"env": "test"})
    assert not operation.operation.done
    assert clients.get_cluster().status.state == State.CREATING
    cluster = operation.result(polling=POLLING)
    assert cluster.status.state == State.RUNNING
    assert [status.state for status in cluster.status_history] == [State.CREATING]
    assert operation.metadata.operation_type == "CREATE"
    assert operation.metadata.cluster_uuid == cluster.cluster_uuid


def test_what_a_config_leaves_out_is_filled_in(clients):
    cluster = clients.make_cluster(labels={"env": "test"}, config={"temp_bucket": "mine"})
    assert cluster.config.config_bucket == "dataproc-staging"
    assert cluster.config.temp_bucket == "mine"
    assert cluster.labels["env"] == "test"
    assert cluster.labels["goog-dataproc-cluster-uuid"] == cluster.cluster_uuid


@pytest.mark.parametrize("name", ["", "A", "1a", "a-", "a_b", "a" * 52])
def test_a_bad_cluster_name_is_refused(clients, name):
    with pytest.raises(exceptions.InvalidArgument, match="cluster name"):
        clients.begin_cluster(name)


def test_the_longest_cluster_name_is_accepted(clients):
    assert clients.make_cluster("a" * 51).cluster_name == "a" * 51


@pytest.mark.parametrize(
    ("field", "low"), [("idle_delete_ttl", 5 * MINUTE), ("auto_delete_ttl", 10 * MINUTE)]
)
def test_times_to_live_have_bounds(clients, field, low):
    for seconds in (low - 1, 14 * DAY + 1):
        with pytest.raises(exceptions.InvalidArgument, match=field):
            clients.begin_cluster("bad", **ttl(**{field: seconds}))
    clients.make_cluster("low", **ttl(**{field: low}))
    clients.make_cluster("high", **ttl(**{field: 14 * DAY}))


@pytest.mark.parametrize(
    "labels", [{"Env": "x"}, {"env": "X"}, {"1": "x"}, {f"k{i}": "" for i in range(33)}]
)
def test_bad_labels_are_refused(clients, labels):
    with pytest.raises(exceptions.InvalidArgument, match="label"):
        clients.begin_cluster(labels=labels)


def test_a_living_name_is_taken_and_a_dead_one_is_free(clients):
    first = clients.make_cluster()
    with pytest.raises(exceptions.AlreadyExists):
        clients.begin_cluster()
    clients.begin_delete().result(polling=POLLING)
    assert clients.make_cluster().cluster_uuid != first.cluster_uuid


def test_a_cluster_that_is_not_there_is_not_found(clients):
    with pytest.raises(exceptions.NotFound, match="clusters/c1"):
        clients.get_cluster()
    with pytest.raises(exceptions.NotFound):
        clients.begin_delete()


def test_a_deletion_shows_and_ends(dataproc_server, clients):
    clients.make_cluster()
    dataproc_server.operation_seconds = 0.2
    operation = clients.begin_delete()
    assert clients.get_cluster().status.state == State.DELETING
    with pytest.raises(exceptions.FailedPrecondition):
        clients.begin_delete()
    operation.result(polling=POLLING)
    with pytest.raises(exceptions.NotFound):
        clients.get_cluster()


def test_a_deletion_with_a_uuid_spares_another_cluster(clients):
    cluster = clients.make_cluster()
    with pytest.raises(exceptions.NotFound):
        clients.begin_delete(cluster_uuid="another")
    clients.begin_delete(cluster_uuid=cluster.cluster_uuid).result(polling=POLLING)


def test_a_cluster_may_be_deleted_while_it_is_made(dataproc_server, clients):
    dataproc_server.operation_seconds = 0.1
    creation = clients.begin_cluster()
    clients.begin_delete().result(polling=POLLING)
    with pytest.raises(exceptions.Aborted):
        creation.result(polling=POLLING)


def test_clusters_are_listed_by_pages_and_filters(clients):
    for name, env in [("a1", "test"), ("a2", "test"), ("a3", "live")]:
        clients.make_cluster(name, labels={"env": env})

    def listed(**fields):
        pages = clients.clusters.list_clusters(request={**PLACE, **fields})
        return [cluster.cluster_name for cluster in pages]

    assert listed(page_size=2) == ["a1", "a2", "a3"]
    assert listed(filter="labels.env = test AND status.state = ACTIVE") == ["a1", "a2"]
    assert listed(filter="labels.env = test clusterName = a2") == ["a2"]
    assert listed(filter="status.state = INACTIVE") == []
    assert listed(region="us-east1") == []
    for bad in ("whatever", "size = 3"):
        with pytest.raises(exceptions.InvalidArgument):
            listed(filter=bad)


def test_a_quota_error_arrives_with_the_operation_and_leaves_the_cluster(dataproc_server, clients):
    dataproc_server.break_next_cluster()
    operation = clients.begin_cluster()
    with pytest.raises(exceptions.ResourceExhausted, match="Insufficient 'CPUS' quota"):
        operation.result(polling=POLLING)
    cluster = clients.get_cluster()
    assert cluster.status.state == State.ERROR
    assert "CPUS" in cluster.status.detail
    with pytest.raises(exceptions.AlreadyExists):
        clients.begin_cluster()
    clients.begin_delete().result(polling=POLLING)
    assert clients.make_cluster().status.state == State.RUNNING


# --- request ids


def test_one_request_id_makes_one_cluster(dataproc_server, clients):
    first = clients.begin_cluster(request_id="r-1")
    again = clients.begin_cluster(request_id="r-1")
    assert again.operation.name == first.operation.name
    with pytest.raises(exceptions.AlreadyExists):
        clients.begin_cluster(request_id="r-2")


def test_one_request_id_deletes_once(clients):
    clients.make_cluster()
    first = clients.begin_delete(request_id="r-1")
    first.result(polling=POLLING)
    clients.make_cluster()
    assert clients.begin_delete(request_id="r-1").operation.name == first.operation.name
    assert clients.get_cluster().status.state == State.RUNNING


def test_a_request_that_failed_may_come_again(clients):
    clients.make_cluster()
    with pytest.raises(exceptions.AlreadyExists):
        clients.begin_cluster(request_id="r-1")
    clients.begin_delete().result(polling=POLLING)
    assert clients.begin_cluster(request_id="r-1").result(polling=POLLING)


@pytest.mark.parametrize("request_id", ["a" * 41, "a b", "a.b"])
def test_a_bad_request_id_is_refused(clients, request_id):
    with pytest.raises(exceptions.InvalidArgument, match="request id"):
        clients.begin_cluster(request_id=request_id)


def test_a_lost_answer_with_a_request_id_makes_no_second_cluster(dataproc_server, clients):
    dataproc_server.fail_next("CreateCluster", grpc.StatusCode.UNAVAILABLE, after=True)
    assert clients.begin_cluster(request_id="r-1").result(polling=POLLING)
    assert len(dataproc_server.calls_of("CreateCluster")) == 2


# --- operations


def test_an_operation_that_is_not_there_is_not_found(clients):
    with pytest.raises(exceptions.NotFound):
        clients.clusters.get_operation(request={"name": f"{REGION_PATH}/operations/none"})


def test_an_operation_can_be_taken_up_by_its_name(clients):
    name = clients.begin_cluster().operation.name
    assert name.startswith(f"{REGION_PATH}/operations/")
    clients.clusters.cancel_operation(request={"name": name})
    operation = clients.clusters.get_operation(request={"name": name})
    assert operation.done
    assert not operation.HasField("error")


def test_a_server_that_stops_waits_for_nothing():
    release = threading.Event()

    def stubborn(running):
        release.wait(20)
        return 0

    with FakeDataproc(runner=stubborn, operation_seconds=0, grace_seconds=0.05) as server:
        clients = RealClients(server.address)
        clients.make_cluster()
        clients.submit()
        server.operation_seconds = 3600
        clients.begin_cluster("c2")
        clients.channel.close()
        release.set()
    assert not any(thread.is_alive() for thread in server.threads)


# --- autoscaling policies

POLICY = {
    "id": "policy-1",
    "worker_config": {"min_instances": 2, "max_instances": 2},
    "secondary_worker_config": {"max_instances": 8},
    "basic_algorithm": {
        "yarn_config": {
            "scale_up_factor": 0.5,
            "scale_down_factor": 1.0,
            "graceful_decommission_timeout": {"seconds": 600},
        }
    },
}
POLICY_PATH = f"{REGION_PATH}/autoscalingPolicies/policy-1"


def create_policy(clients, **fields):
    return clients.policies.create_autoscaling_policy(
        request={"parent": REGION_PATH, "policy": {**POLICY, **fields}}
    )


def test_a_policy_is_created_once_and_replaced(clients):
    assert create_policy(clients).name == POLICY_PATH
    with pytest.raises(exceptions.AlreadyExists):
        create_policy(clients)
    policy = clients.policies.get_autoscaling_policy(request={"name": POLICY_PATH})
    policy.secondary_worker_config.max_instances = 20
    clients.policies.update_autoscaling_policy(request={"policy": policy})
    policy = clients.policies.get_autoscaling_policy(request={"name": POLICY_PATH})
    assert policy.secondary_worker_config.max_instances == 20


def test_a_policy_that_is_not_there_is_not_found(clients):
    with pytest.raises(exceptions.NotFound):
        clients.policies.get_autoscaling_policy(request={"name": POLICY_PATH})
    with pytest.raises(exceptions.NotFound):
        clients.policies.update_autoscaling_policy(
            request={"policy": {**POLICY, "name": POLICY_PATH}}
        )


@pytest.mark.parametrize(
    "fields",
    [
        {"id": "ab"},
        {"worker_config": {"min_instances": 1, "max_instances": 2}},
        {"worker_config": {"min_instances": 3, "max_instances": 2}},
        {"basic_algorithm": {"yarn_config": {"scale_up_factor": 0.5}}},
        {"basic_algorithm": {**POLICY["basic_algorithm"], "cooldown_period": {"seconds": 60}}},
    ],
)
def test_a_policy_out_of_bounds_is_refused(clients, fields):
    with pytest.raises(exceptions.InvalidArgument):
        create_policy(clients, **fields)


def test_a_cluster_needs_the_policy_that_it_names(clients):
    config = {"autoscaling_config": {"policy_uri": f"{LOCATION_PATH}/autoscalingPolicies/policy-1"}}
    with pytest.raises(exceptions.NotFound):
        clients.begin_cluster(config=config)
    create_policy(clients)
    assert clients.make_cluster(config=config).status.state == State.RUNNING


def test_a_policy_of_another_region_is_refused(clients):
    elsewhere = REGION_PATH.replace("europe", "us")
    clients.policies.create_autoscaling_policy(request={"parent": elsewhere, "policy": POLICY})
    config = {"autoscaling_config": {"policy_uri": f"{elsewhere}/autoscalingPolicies/policy-1"}}
    with pytest.raises(exceptions.InvalidArgument, match="another project or region"):
        clients.begin_cluster(config=config)
