"""Clusters: found, created, deleted; and autoscaling policies."""

from __future__ import annotations

from functools import partial
from typing import Final

from google.api_core import exceptions as api
from google.cloud import dataproc_v1 as dp

from movierec.errors import InputError
from movierec_dataproc.conf.naming import new_request_id
from movierec_dataproc.conf.target import Target
from movierec_dataproc.google.clients import Clients
from movierec_dataproc.google.errors import WorkError, one_line
from movierec_dataproc.google.operations import remote_operation
from movierec_dataproc.google.remote_work import Progress, RemoteWork
from movierec_dataproc.google.retries import send
from movierec_dataproc.google.terminal import Terminal

USABLE: Final = {"RUNNING", "UPDATING", "ERROR_DUE_TO_UPDATE"}
WAITING: Final = {"CREATING", "STARTING", "REPAIRING"}
"""States that end by themselves."""
FIXES: Final = {
    "ERROR": "it bills until it is deleted: `make cluster-down FORCE=1`",
    "DELETING": "try again when it is deleted",
    "STOPPED": "start it with `gcloud dataproc clusters start`",
    "STOPPING": "start it with `gcloud dataproc clusters start`",
}


def remote_cluster(clients: Clients, target: Target, name: str) -> RemoteWork:
    """Return a cluster that another request creates, or that Dataproc repairs."""

    def progress() -> Progress:
        cluster = get(clients, target, name)
        state = cluster.status.state.name if cluster else "DELETED"
        return Progress(
            state=state,
            ended=state not in WAITING,
            succeeded=state in USABLE,
            details=cluster.status.detail if cluster else "somebody deleted it",
            fix=FIXES.get(state, ""),
        )

    return RemoteWork(
        name=f"cluster {name}",
        follow_command="make cluster-status",
        cancel_command="make cluster-down FORCE=1",
        progress=progress,
        cancel=lambda: clients.clusters.delete_cluster(**target.place, cluster_name=name),
    )


def get(clients: Clients, target: Target, name: str) -> dp.Cluster | None:
    """Return the cluster, None if there is none."""
    try:
        return clients.clusters.get_cluster(**target.place, cluster_name=name)
    except api.NotFound:
        return None


def require(clients: Clients, target: Target, name: str, *, terminal: Terminal) -> dp.Cluster:
    """Return a cluster that accepts jobs. Raises InputError if there is none.

    Warns of one whose update failed: it accepts jobs, but no other update.
    """
    cluster = get(clients, target, name)
    if cluster is None:
        raise InputError(
            f"cluster {name}: there is none in {target.project}, {target.region}: create it with "
            "`make cluster-up`"
        )
    state = cluster.status.state.name
    if state == "ERROR_DUE_TO_UPDATE":
        terminal.say(
            f"warning: cluster {name}: an update failed ({one_line(cluster.status.detail)}): it "
            "accepts jobs, but no other update: run what is left, then `make cluster-down` and "
            "`make cluster-up`"
        )
    if state not in USABLE:
        fix = FIXES.get(state, "wait for it with `make cluster-up`")
        raise InputError(f"cluster {name}: is in the state {state} and accepts no jobs: {fix}")
    return cluster


def create_request(cluster: dp.Cluster, *, target: Target) -> dp.CreateClusterRequest:
    """Return the request that creates the cluster, without machines that fail to start."""
    return dp.CreateClusterRequest(
        **target.place,
        cluster=cluster,
        request_id=new_request_id(),
        action_on_failed_primary_workers=dp.FailureAction.DELETE,
    )


def create(
    request: dp.CreateClusterRequest, *, clients: Clients, target: Target, terminal: Terminal
) -> RemoteWork:
    """Create the cluster and return what to follow; it may be another request that creates it.

    Raises UserError if Dataproc refuses it, as it does if the quota is used up.
    """
    name = request.cluster.cluster_name

    def request_it() -> RemoteWork:
        try:
            made = clients.clusters.create_cluster(request=request)
        except api.Aborted:  # a subclass of Conflict in Google's library
            raise
        except api.Conflict:
            return remote_cluster(clients, target, name)
        return remote_operation(clients, target, made.operation.name, f"making {name}")

    return send(request_it, place=f"cluster {name}", terminal=terminal)


def delete_request(cluster: dp.Cluster, *, target: Target) -> dp.DeleteClusterRequest:
    """Return the request that deletes this cluster and no later cluster of its name."""
    return dp.DeleteClusterRequest(
        **target.place,
        cluster_name=cluster.cluster_name,
        cluster_uuid=cluster.cluster_uuid,
        request_id=new_request_id(),
    )


def delete(
    request: dp.DeleteClusterRequest, *, clients: Clients, target: Target, terminal: Terminal
) -> RemoteWork:
    """Delete the cluster and return what to follow. Raises UserError if Dataproc refuses."""
    name = request.cluster_name
    request_it = partial(clients.clusters.delete_cluster, request=request)
    gone = send(request_it, place=f"cluster {name}", terminal=terminal)
    return remote_operation(clients, target, gone.operation.name, f"deleting {name}")


def put_policy(policy: dp.AutoscalingPolicy, *, clients: Clients, target: Target) -> None:
    """Create or update the autoscaling policy.

    Raises WorkError if a policy of its name belongs to somebody else.
    """
    name = f"{target.parent}/autoscalingPolicies/{policy.id}"
    try:
        found = clients.policies.get_autoscaling_policy(name=name)
    except api.NotFound:
        clients.policies.create_autoscaling_policy(parent=target.parent, policy=policy)
        return
    if found.labels.get("suite") != policy.labels["suite"]:
        raise WorkError(
            f"autoscaling policy {policy.id}: exists and is not this suite's: choose another "
            "name for cluster.autoscaling.policy"
        )
    changed = dp.AutoscalingPolicy(policy)
    changed.name = name
    clients.policies.update_autoscaling_policy(policy=changed)
