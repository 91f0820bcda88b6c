"""Clusters: found, made, deleted; and autoscaling policies."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from google.api_core import exceptions as api
from google.cloud import dataproc_v1 as dp

from movierec.errors import InputError
from movierec_dataproc.conf.naming import new_request_id
from movierec_dataproc.conf.target import Target
from movierec_dataproc.google.clients import Clients
from movierec_dataproc.google.errors import REMOTE, WorkError, explain
from movierec_dataproc.google.operations import OperationWork
from movierec_dataproc.google.remote_work import Progress
from movierec_dataproc.google.retries import retried
from movierec_dataproc.google.terminal import Terminal

USABLE: Final = {"RUNNING", "UPDATING"}
WAITING: Final = {"CREATING", "STARTING", "REPAIRING"}
"""What passes by itself."""
CURES: Final = {
    "ERROR": "it bills until it is deleted: `make cluster-down FORCE=1`",
    "ERROR_DUE_TO_UPDATE": "it bills until it is deleted: `make cluster-down FORCE=1`",
    "DELETING": "try again when it is gone",
    "STOPPED": "start it with `gcloud dataproc clusters start`",
    "STOPPING": "start it with `gcloud dataproc clusters start`",
}


@dataclass(frozen=True)
class ClusterWork:
    """A cluster that somebody else is making, or that Dataproc is repairing."""

    clients: Clients
    target: Target
    cluster_name: str

    @property
    def name(self) -> str:
        """Kind and name, for messages."""
        return f"cluster {self.cluster_name}"

    @property
    def follow_command(self) -> str:
        """What to type to look at it again."""
        return "make cluster-status"

    @property
    def cancel_command(self) -> str:
        """What to type to delete it."""
        return "make cluster-down FORCE=1"

    def progress(self) -> Progress:
        """Ask Dataproc; raises what Google's library does."""
        cluster = get(self.clients, self.target, self.cluster_name)
        state = cluster.status.state.name if cluster else "DELETED"
        return Progress(
            state=state,
            ended=state not in WAITING,
            good=state in USABLE,
            details=cluster.status.detail if cluster else "somebody deleted it",
            cure=CURES.get(state, ""),
        )

    def cancel(self) -> None:
        """Have Dataproc delete it."""
        self.clients.clusters.delete_cluster(
            project_id=self.target.project,
            region=self.target.region,
            cluster_name=self.cluster_name,
        )


def get(clients: Clients, target: Target, name: str) -> dp.Cluster | None:
    """Return the cluster, None where there is none."""
    try:
        return clients.clusters.get_cluster(
            project_id=target.project, region=target.region, cluster_name=name
        )
    except api.NotFound:
        return None


def require(clients: Clients, target: Target, name: str) -> dp.Cluster:
    """Return a cluster that takes jobs. Raises InputError where there is none, with the cure."""
    cluster = get(clients, target, name)
    if cluster is None:
        raise InputError(
            f"cluster {name}: there is none in {target.project}, {target.region}: make it with "
            "`make cluster-up`"
        )
    state = cluster.status.state.name
    if state not in USABLE:
        cure = CURES.get(state, "wait for it with `make cluster-up`")
        raise InputError(f"cluster {name}: is in the state {state} and takes no jobs: {cure}")
    return cluster


def create_request(cluster: dp.Cluster, *, target: Target) -> dp.CreateClusterRequest:
    """Return the request that makes the cluster."""
    return dp.CreateClusterRequest(
        project_id=target.project,
        region=target.region,
        cluster=cluster,
        request_id=new_request_id(),
    )


def create(
    request: dp.CreateClusterRequest, *, clients: Clients, target: Target, terminal: Terminal
) -> OperationWork | ClusterWork:
    """Have the cluster made and return what to follow, also where somebody has just begun it.

    Raises UserError where Dataproc refuses it, as it does when quota is short.
    """
    name = request.cluster.cluster_name

    def send() -> OperationWork | ClusterWork:
        try:
            made = clients.clusters.create_cluster(request=request)
        except api.Aborted:
            raise
        except api.Conflict:
            return ClusterWork(clients, target, name)
        return OperationWork(clients, target, made.operation.name, what=f"making {name}")

    try:
        return retried(send, place=f"cluster {name}", terminal=terminal)
    except REMOTE as error:
        raise explain(error, place=f"cluster {name}") from None


def delete_request(cluster: dp.Cluster, *, target: Target) -> dp.DeleteClusterRequest:
    """Return the request that deletes this cluster and none that has its name later."""
    return dp.DeleteClusterRequest(
        project_id=target.project,
        region=target.region,
        cluster_name=cluster.cluster_name,
        cluster_uuid=cluster.cluster_uuid,
        request_id=new_request_id(),
    )


def delete(
    request: dp.DeleteClusterRequest, *, clients: Clients, target: Target, terminal: Terminal
) -> OperationWork:
    """Have the cluster deleted and return what to follow. Raises UserError where that fails."""
    name = request.cluster_name

    def send() -> OperationWork:
        gone = clients.clusters.delete_cluster(request=request)
        return OperationWork(clients, target, gone.operation.name, what=f"deleting {name}")

    try:
        return retried(send, place=f"cluster {name}", terminal=terminal)
    except REMOTE as error:
        raise explain(error, place=f"cluster {name}") from None


def put_policy(policy: dp.AutoscalingPolicy, *, clients: Clients, target: Target) -> None:
    """Make the autoscaling policy, or bring one of its name up to date.

    Raises WorkError where one of its name is not ours.
    """
    name = f"{target.parent}/autoscalingPolicies/{policy.id}"
    try:
        found = clients.policies.get_autoscaling_policy(name=name)
    except api.NotFound:
        clients.policies.create_autoscaling_policy(parent=target.parent, policy=policy)
        return
    if found.labels.get("suite") != policy.labels["suite"]:
        raise WorkError(
            f"autoscaling policy {policy.id}: there is one that is not this suite's: take "
            "another name for cluster.autoscaling.policy"
        )
    changed = dp.AutoscalingPolicy(policy)
    changed.name = name
    clients.policies.update_autoscaling_policy(policy=changed)
