"""Clusters, which have a name and a state but no machines."""

from __future__ import annotations

import uuid
from collections.abc import Callable

import grpc
from google.cloud import dataproc_v1 as dp
from google.longrunning import operations_pb2
from google.protobuf import empty_pb2

from tests.support.dataproc import fake_rules as rules
from tests.support.dataproc.fake_behaviour import Behaviour, now
from tests.support.dataproc.fake_operations import FakeOperations, RequestIds
from tests.support.dataproc.fake_policies import FakePolicies
from tests.support.dataproc.fake_server import ApiError

State = dp.ClusterStatus.State
Key = tuple[str, str, str]


class FakeClusters:
    """The ClusterController.

    `before_delete` are called with a cluster's key when its deletion starts. `broken` are the
    operations' errors of the next creations; those clusters stay in the state ERROR until they are
    deleted.
    """

    name = "google.cloud.dataproc.v1.ClusterController"
    rpcs = ("create_cluster", "get_cluster", "delete_cluster")

    def __init__(
        self,
        behaviour: Behaviour,
        operations: FakeOperations,
        request_ids: RequestIds,
        policies: FakePolicies,
    ) -> None:
        self.before_delete: list[Callable[[Key], None]] = []
        self.broken: list[ApiError] = []
        self._behaviour = behaviour
        self._operations = operations
        self._request_ids = request_ids
        self._policies = policies
        self._clusters: dict[Key, dp.Cluster] = {}

    def create_cluster(self, request: dp.CreateClusterRequest) -> operations_pb2.Operation:
        """The cluster is CREATING when this returns."""
        parent = (request.project_id, request.region)
        operation = self._request_ids.once(
            "CreateCluster",
            parent,
            request.request_id,
            lambda: self.create((*parent, request.cluster.cluster_name), request.cluster),
        )
        return self._operations.describe(operation)

    def get_cluster(self, request: dp.GetClusterRequest) -> dp.Cluster:
        """A copy of the cluster as it stands."""
        with self._behaviour.lock:
            key = (request.project_id, request.region, request.cluster_name)
            return dp.Cluster(self._find(key))

    def delete_cluster(self, request: dp.DeleteClusterRequest) -> operations_pb2.Operation:
        """The cluster is DELETING when this returns; a uuid must be the cluster's."""
        parent = (request.project_id, request.region)
        operation = self._request_ids.once(
            "DeleteCluster",
            parent,
            request.request_id,
            lambda: self.delete((*parent, request.cluster_name), request.cluster_uuid),
        )
        return self._operations.describe(operation)

    def create(self, key: Key, wanted: dp.Cluster) -> str:
        """Start to create a cluster; return the operation's name."""
        rules.check_name("cluster name", wanted.cluster_name, rules.CLUSTER_NAME)
        rules.check_labels(wanted.labels)
        rules.check_lifecycle(wanted.config.lifecycle_config)
        self._policies.check_uri(key[:2], wanted.config.autoscaling_config.policy_uri)
        with self._behaviour.lock:
            if key in self._clusters:
                raise rules.already_exists(f"Failed to create cluster: Cluster {cluster_path(key)}")
            cluster = self._clusters[key] = self._filled(key, wanted)
            error = self.broken.pop(0) if self.broken else None

        def work() -> dp.Cluster:
            self._behaviour.pause(self._behaviour.operation_seconds)
            with self._behaviour.lock:
                if cluster.status.state != State.CREATING:
                    raise ApiError(grpc.StatusCode.ABORTED, "The cluster was deleted meanwhile")
                if error:
                    set_state(cluster, State.ERROR, error.message)
                    raise error
                set_state(cluster, State.RUNNING)
                return dp.Cluster(cluster)

        return self._operations.start(
            key[:2], metadata=lambda: describe_work(cluster, "CREATE"), work=work
        )

    def delete(self, key: Key, cluster_uuid: str = "") -> str:
        """Start to delete a cluster; return the operation's name."""
        with self._behaviour.lock:
            cluster = self._find(key)
            if cluster_uuid and cluster_uuid != cluster.cluster_uuid:
                raise rules.not_found(f"Cluster {cluster_path(key)} with uuid {cluster_uuid}")
            if cluster.status.state == State.DELETING:
                raise ApiError(
                    grpc.StatusCode.FAILED_PRECONDITION,
                    f"Cannot delete cluster '{key[2]}' while it has other pending delete "
                    "operations.",
                )
            set_state(cluster, State.DELETING)

        def work() -> empty_pb2.Empty:
            for listener in self.before_delete:
                listener(key)
            self._behaviour.pause(self._behaviour.operation_seconds)
            with self._behaviour.lock:
                del self._clusters[key]
            return empty_pb2.Empty()

        return self._operations.start(
            key[:2], metadata=lambda: describe_work(cluster, "DELETE"), work=work
        )

    def accepting(self, key: Key) -> dp.Cluster:
        """A copy of a cluster that accepts jobs; NOT_FOUND or FAILED_PRECONDITION otherwise."""
        with self._behaviour.lock:
            cluster = self._find(key)
            if cluster.status.state != State.RUNNING:
                raise ApiError(
                    grpc.StatusCode.FAILED_PRECONDITION,
                    f"Unable to submit job, cluster '{key[2]}' is in state "
                    f"{cluster.status.state.name} and cannot accept jobs.",
                )
            return dp.Cluster(cluster)

    def _find(self, key: Key) -> dp.Cluster:
        if key not in self._clusters:
            raise rules.not_found(f"Cluster {cluster_path(key)}")
        return self._clusters[key]

    def _filled(self, key: Key, wanted: dp.Cluster) -> dp.Cluster:
        cluster = dp.Cluster(wanted)
        cluster.project_id = key[0]
        cluster.cluster_uuid = str(uuid.uuid4())
        cluster.config.config_bucket = wanted.config.config_bucket or self._behaviour.staging_bucket
        cluster.config.temp_bucket = wanted.config.temp_bucket or self._behaviour.temp_bucket
        cluster.labels["goog-dataproc-cluster-name"] = key[2]
        cluster.labels["goog-dataproc-cluster-uuid"] = cluster.cluster_uuid
        cluster.labels["goog-dataproc-location"] = key[1]
        cluster.status = dp.ClusterStatus(state=State.CREATING, state_start_time=now())
        return cluster


def set_state(cluster: dp.Cluster, state: int, detail: str = "") -> None:
    """The previous state goes to the history."""
    cluster.status_history.append(cluster.status)
    cluster.status = dp.ClusterStatus(state=state, detail=detail, state_start_time=now())


def describe_work(cluster: dp.Cluster, kind: str) -> dp.ClusterOperationMetadata:
    """The metadata of an operation on a cluster."""
    return dp.ClusterOperationMetadata(
        cluster_name=cluster.cluster_name,
        cluster_uuid=cluster.cluster_uuid,
        operation_type=kind,
        labels=dict(cluster.labels),
    )


def cluster_path(key: Key) -> str:
    """The cluster's resource name."""
    return "projects/{}/regions/{}/clusters/{}".format(*key)
