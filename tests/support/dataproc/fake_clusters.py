"""Clusters, which have a name and a state but no machines, and policies, which scale nothing."""

from __future__ import annotations

import uuid

import grpc
from google.cloud import dataproc_v1 as dp
from google.longrunning import operations_pb2

from tests.support.dataproc import fake_rules as rules
from tests.support.dataproc.fake_behaviour import STAGING_BUCKET, Behaviour
from tests.support.dataproc.fake_operations import FakeOperations
from tests.support.dataproc.fake_server import ApiError

Policy = dp.AutoscalingPolicy
State = dp.ClusterStatus.State
Key = tuple[str, str, str]
NO_MACHINES = "The zone has insufficient resources: ZONE_RESOURCE_POOL_EXHAUSTED"


class FakePolicies:
    """The AutoscalingPolicyService."""

    name = "google.cloud.dataproc.v1.AutoscalingPolicyService"
    rpcs = ("create_autoscaling_policy", "get_autoscaling_policy", "update_autoscaling_policy")

    def __init__(self) -> None:
        self._policies: dict[str, Policy] = {}

    def create_autoscaling_policy(self, request: dp.CreateAutoscalingPolicyRequest) -> Policy:
        rules.split_parent(request.parent)
        policy = Policy(request.policy)
        rules.check_policy(policy)
        policy.name = f"{request.parent}/autoscalingPolicies/{policy.id}"
        if policy.name in self._policies:
            raise rules.already_exists(f"AutoscalingPolicy {policy.name}")
        self._policies[policy.name] = policy
        return policy

    def get_autoscaling_policy(self, request: dp.GetAutoscalingPolicyRequest) -> Policy:
        return self.find(request.name)

    def update_autoscaling_policy(self, request: dp.UpdateAutoscalingPolicyRequest) -> Policy:
        """Replace the policy of the same name; nothing is merged."""
        self.find(request.policy.name)
        rules.check_policy(request.policy)
        self._policies[request.policy.name] = request.policy
        return request.policy

    def find(self, name: str) -> Policy:
        if name not in self._policies:
            raise rules.not_found(f"AutoscalingPolicy {name}")
        return self._policies[name]


class FakeClusters:
    """The ClusterController."""

    name = "google.cloud.dataproc.v1.ClusterController"
    rpcs = ("create_cluster", "get_cluster", "delete_cluster")

    def __init__(
        self, behaviour: Behaviour, operations: FakeOperations, policies: FakePolicies
    ) -> None:
        self._behaviour = behaviour
        self._operations = operations
        self._policies = policies
        self._clusters: dict[Key, dp.Cluster] = {}

    def create_cluster(self, request: dp.CreateClusterRequest) -> operations_pb2.Operation:
        """The cluster is CREATING when this returns."""
        key = (request.project_id, request.region, request.cluster.cluster_name)
        operation = self._behaviour.once(
            "CreateCluster", request.request_id, lambda: self._create(key, request.cluster)
        )
        return self._operations.describe(operation)

    def get_cluster(self, request: dp.GetClusterRequest) -> dp.Cluster:
        with self._behaviour.lock:
            key = (request.project_id, request.region, request.cluster_name)
            return dp.Cluster(self._find(key))

    def delete_cluster(self, request: dp.DeleteClusterRequest) -> operations_pb2.Operation:
        """The cluster is DELETING when this returns; a uuid must be the cluster's."""
        key = (request.project_id, request.region, request.cluster_name)
        operation = self._behaviour.once(
            "DeleteCluster", request.request_id, lambda: self._delete(key, request.cluster_uuid)
        )
        return self._operations.describe(operation)

    def check(self, config: dp.ClusterConfig) -> None:
        """Refuse a cluster, also a workflow's, that Dataproc would not create."""
        rules.check_quota(config)
        rules.check_lifecycle(config.lifecycle_config)
        if uri := config.autoscaling_config.policy_uri:
            yarn = self._policies.find(uri).basic_algorithm.yarn_config
            efm = "dataproc:efm.spark.shuffle" in config.software_config.properties
            if efm and yarn.graceful_decommission_timeout:
                raise rules.invalid("Enhanced Flexibility Mode excludes graceful decommissioning")

    def set_states(self, state: str, detail: str) -> None:
        """Put every cluster into a state."""
        for cluster in self._clusters.values():
            set_state(cluster, State[state], detail)

    def accepting(self, key: Key) -> dp.Cluster:
        """A copy of a cluster that accepts jobs; NOT_FOUND or FAILED_PRECONDITION otherwise."""
        cluster = self._find(key)
        if cluster.status.state not in (State.RUNNING, State.UPDATING, State.ERROR_DUE_TO_UPDATE):
            message = f"cluster '{key[2]}' is in state {cluster.status.state.name}"
            raise ApiError(grpc.StatusCode.FAILED_PRECONDITION, message)
        return dp.Cluster(cluster)

    def _create(self, key: Key, wanted: dp.Cluster) -> str:
        self.check(wanted.config)
        rules.check_name("cluster name", wanted.cluster_name, rules.CLUSTER_NAME)
        rules.check_labels(wanted.labels)
        if key in self._clusters:
            raise rules.already_exists(f"Cluster {key[2]}")
        cluster = self._clusters[key] = dp.Cluster(wanted)
        cluster.cluster_uuid = str(uuid.uuid4())
        cluster.config.config_bucket = wanted.config.config_bucket or STAGING_BUCKET
        set_state(cluster, State.CREATING)
        breaks, self._behaviour.next_cluster_breaks = self._behaviour.next_cluster_breaks, False

        def work() -> None:
            self._behaviour.proceed.wait()
            with self._behaviour.lock:
                if breaks:
                    set_state(cluster, State.ERROR, NO_MACHINES)
                    raise ApiError(grpc.StatusCode.RESOURCE_EXHAUSTED, NO_MACHINES)
                set_state(cluster, State.RUNNING)

        return self._operations.start(key[:2], work)

    def _delete(self, key: Key, cluster_uuid: str) -> str:
        cluster = self._find(key)
        if cluster_uuid not in ("", cluster.cluster_uuid):
            raise rules.not_found(f"Cluster {key[2]} with uuid {cluster_uuid}")
        set_state(cluster, State.DELETING)

        def work() -> None:
            self._behaviour.proceed.wait()
            with self._behaviour.lock:
                del self._clusters[key]

        return self._operations.start(key[:2], work)

    def _find(self, key: Key) -> dp.Cluster:
        if key not in self._clusters:
            raise rules.not_found(f"Cluster {key[2]}")
        return self._clusters[key]


def set_state(cluster: dp.Cluster, state: int, detail: str = "") -> None:
    cluster.status = dp.ClusterStatus(state=state, detail=detail)
