"""Clusters, which have a name and a state but no machines."""

from __future__ import annotations

import uuid
from functools import partial

import grpc
from google.cloud import dataproc_v1 as dp
from google.longrunning import operations_pb2
from google.protobuf import empty_pb2

from tests.support.dataproc import fake_rules as rules
from tests.support.dataproc.fake_behaviour import STAGING_BUCKET, Behaviour, now
from tests.support.dataproc.fake_operations import FakeOperations, RequestIds
from tests.support.dataproc.fake_policies import FakePolicies
from tests.support.dataproc.fake_server import ApiError

State = dp.ClusterStatus.State
Key = tuple[str, str, str]


class FakeClusters:
    """The ClusterController.

    `broken` are the operations' errors of the next creations; those clusters stay in the state
    ERROR until they are deleted.
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
        self.broken: list[ApiError] = []
        self._behaviour = behaviour
        self._operations = operations
        self._request_ids = request_ids
        self._policies = policies
        self._clusters: dict[Key, dp.Cluster] = {}

    def create_cluster(self, request: dp.CreateClusterRequest) -> operations_pb2.Operation:
        """The cluster is CREATING when this returns."""
        key = (request.project_id, request.region, request.cluster.cluster_name)
        operation = self._request_ids.once(
            "CreateCluster", request.request_id, lambda: self.create(key, request.cluster)
        )
        return self._operations.describe(operation)

    def get_cluster(self, request: dp.GetClusterRequest) -> dp.Cluster:
        with self._behaviour.lock:
            key = (request.project_id, request.region, request.cluster_name)
            return dp.Cluster(self._find(key))

    def delete_cluster(self, request: dp.DeleteClusterRequest) -> operations_pb2.Operation:
        """The cluster is DELETING when this returns; a uuid must be the cluster's."""
        key = (request.project_id, request.region, request.cluster_name)
        operation = self._request_ids.once(
            "DeleteCluster", request.request_id, lambda: self.delete(key, request.cluster_uuid)
        )
        return self._operations.describe(operation)

    def create(self, key: Key, wanted: dp.Cluster, *, workflow: bool = False) -> str:
        """Start to create a cluster; return the operation's name."""
        rules.check_quota(wanted.config, workflow=workflow)
        rules.check_name("cluster name", wanted.cluster_name, rules.CLUSTER_NAME)
        rules.check_labels(wanted.labels)
        rules.check_lifecycle(wanted.config.lifecycle_config)
        if policy := wanted.config.autoscaling_config.policy_uri:
            efm = "dataproc:efm.spark.shuffle" in wanted.config.software_config.properties
            self._policies.check_exists(policy, flexible=efm)
        with self._behaviour.lock:
            if key in self._clusters:
                raise rules.already_exists(f"Cluster {key[2]}")
            cluster = self._clusters[key] = dp.Cluster(wanted)
            cluster.cluster_uuid = str(uuid.uuid4())
            cluster.config.config_bucket = wanted.config.config_bucket or STAGING_BUCKET
            set_state(cluster, State.CREATING)
            error = self.broken.pop(0) if self.broken else None

        def work() -> dp.Cluster:
            self._behaviour.proceed.wait()
            with self._behaviour.lock:
                if error:
                    set_state(cluster, State.ERROR, error.message)
                    raise error
                set_state(cluster, State.RUNNING)
                return dp.Cluster(cluster)

        return self._operations.start(key[:2], metadata=partial(describe, cluster), work=work)

    def delete(self, key: Key, cluster_uuid: str = "") -> str:
        """Start to delete a cluster; return the operation's name."""
        with self._behaviour.lock:
            cluster = self._find(key)
            if cluster_uuid not in ("", cluster.cluster_uuid):
                raise rules.not_found(f"Cluster {key[2]} with uuid {cluster_uuid}")
            set_state(cluster, State.DELETING)

        def work() -> empty_pb2.Empty:
            self._behaviour.proceed.wait()
            with self._behaviour.lock:
                del self._clusters[key]
            return empty_pb2.Empty()

        return self._operations.start(key[:2], metadata=partial(describe, cluster), work=work)

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

    def _find(self, key: Key) -> dp.Cluster:
        if key not in self._clusters:
            raise rules.not_found(f"Cluster {key[2]}")
        return self._clusters[key]


def set_state(cluster: dp.Cluster, state: int, detail: str = "") -> None:
    cluster.status = dp.ClusterStatus(state=state, detail=detail, state_start_time=now())


def describe(cluster: dp.Cluster) -> dp.ClusterOperationMetadata:
    return dp.ClusterOperationMetadata(cluster_name=cluster.cluster_name)
