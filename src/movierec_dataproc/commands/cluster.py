"""cluster-up, cluster-down and cluster-status."""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from typing import Final

from google.cloud import dataproc_v1 as dp

from movierec.config.loader import to_dict
from movierec.errors import InputError
from movierec_dataproc.commands.context import Context, Summary
from movierec_dataproc.commands.cost import estimate_lines
from movierec_dataproc.commands.dry_run import Call, show
from movierec_dataproc.conf.naming import digest
from movierec_dataproc.google import clusters
from movierec_dataproc.google.errors import REMOTE, WorkError
from movierec_dataproc.google.jobs import ENDED_JOB, on_cluster
from movierec_dataproc.google.remote_work import RemoteWork, TimeLimit, failure
from movierec_dataproc.plan.artifacts import Artifacts, collect_actions, upload
from movierec_dataproc.requests import clusters as cluster_requests
from movierec_dataproc.requests import gcloud

_DEFINITION: Final = "definition"
"""The label of every cluster that this suite creates."""


def cluster_up(context: Context, _: argparse.Namespace) -> Summary:
    """Create the cluster unless it exists, and wait until it accepts jobs."""
    nodes, target = context.config.cluster, context.target
    for line in estimate_lines(nodes, context.config.prices, hours=nodes.auto_delete_hours):
        context.say(line)
    if nodes.service_account is None:
        context.say(
            "warning: cluster.service_account is null: the machines run as Compute Engine's "
            "default account, which has more permissions than these jobs need: name an account"
        )
    actions = collect_actions(nodes.initialization_actions, root=context.root)
    cluster = cluster_requests.cluster(
        nodes, target=target, actions=action_uris(actions, context), commit=context.commit
    )
    request = clusters.create_request(cluster, target=target)
    if context.dry_run:
        command = gcloud.create_cluster(request, target=target)
        if nodes.extra and context.format == "gcloud":
            context.say("cluster.extra: in the request, but not among gcloud's options")
        call = Call(
            name="cluster-up",
            method="ClusterController.CreateCluster",
            request=request,
            command=command,
        )
        return show("cluster-up", [*policy_calls(context), call], context)
    found = clusters.get(context.clients, target, nodes.name)
    if found is None:
        prepare_cluster(actions, context)
        work = clusters.create(
            request, clients=context.clients, target=target, terminal=context.terminal
        )
        _wait(work, context)
    else:
        _check_made_here(found)
        if found.labels[_DEFINITION] != digest(to_dict(nodes)):
            context.say(
                f"warning: cluster {nodes.name} was created from another conf: run "
                "`make cluster-down` and `make cluster-up` to update it"
            )
        if found.status.state.name not in clusters.USABLE:
            _wait(clusters.remote_cluster(context.clients, target, nodes.name), context)
    made = clusters.require(context.clients, target, nodes.name, terminal=context.terminal)
    return {
        "command": "cluster-up",
        "cluster": nodes.name,
        "uuid": made.cluster_uuid,
        "state": made.status.state.name,
        "made": found is None,
    }


def cluster_down(context: Context, arguments: argparse.Namespace) -> Summary:
    """Delete the cluster, unless jobs run on it.

    Raises InputError if they do, without --force, and WorkError if this suite did not create it.
    """
    name, target = context.config.cluster.name, context.target
    summary = {"command": "cluster-down", "cluster": name}
    if context.dry_run:
        call = Call(
            name="cluster-down",
            method="ClusterController.DeleteCluster",
            request=clusters.delete_request(dp.Cluster(cluster_name=name), target=target),
            command=gcloud.delete_cluster(name, target=target),
        )
        return show("cluster-down", [call], context)
    found = clusters.get(context.clients, target, name)
    if found is None:
        context.say(f"cluster {name}: there is none")
        return summary | {"deleted": False}
    _check_made_here(found)
    active = _active(on_cluster(context.clients, target, found))
    if active and not arguments.force:
        raise InputError(
            f"cluster {name}: {', '.join(active)} still running: wait (`make logs ID=…`), cancel "
            "them, or delete the cluster anyway with FORCE=1 (--force)"
        )
    request = clusters.delete_request(found, target=target)
    work = clusters.delete(
        request, clients=context.clients, target=target, terminal=context.terminal
    )
    context.say(f"{work.name}: to follow it from elsewhere: {work.follow_command}")
    context.finish(work, limit=_limit(context))
    return summary | {"deleted": True}


def cluster_status(context: Context, _: argparse.Namespace) -> Summary:
    """Show the cluster's state, its web interfaces and its jobs."""
    name = context.config.cluster.name
    found = clusters.get(context.clients, context.target, name)
    if found is None:
        return {"command": "cluster-status", "cluster": name, "state": None}
    jobs = on_cluster(context.clients, context.target, found)
    for job in jobs:
        context.say(f"job {job.reference.job_id}: {job.status.state.name}")
    for port, url in found.config.endpoint_config.http_ports.items():
        context.say(f"{port}: {url}")
    return {
        "command": "cluster-status",
        "cluster": name,
        "uuid": found.cluster_uuid,
        "state": found.status.state.name,
        "detail": found.status.detail,
        "active": _active(jobs),
    }


def action_uris(actions: Artifacts, context: Context) -> list[str]:
    """Return the URIs of the uploaded initialization actions, in the conf's order."""
    wanted = context.config.cluster.initialization_actions or ()
    return [actions.uri(context.target, action.rpartition("/")[2]) for action in wanted]


def policy_calls(context: Context) -> list[Call]:
    """Return the request for the autoscaling policy, empty if the conf has none."""
    nodes, target = context.config.cluster, context.target
    if nodes.autoscaling is None:
        return []
    primaries = nodes.primary_workers.count
    policy = cluster_requests.autoscaling_policy(nodes.autoscaling, primaries=primaries)
    file = f"dataproc/{policy.id}.yaml"
    return [
        Call(
            name="autoscaling-policy",
            method="AutoscalingPolicyService.CreateAutoscalingPolicy",
            request=dp.CreateAutoscalingPolicyRequest(parent=target.parent, policy=policy),
            command=gcloud.import_policy(policy.id, str(context.out / file), target=target),
            file=file,
            content=policy,
        )
    ]


def prepare_cluster(actions: Artifacts, context: Context) -> None:
    """Upload the initialization actions, and create or update the autoscaling policy."""
    upload(actions, bucket=context.bucket(), target=context.target)
    for call in policy_calls(context):
        clusters.put_policy(call.content, clients=context.clients, target=context.target)


def _wait(work: RemoteWork, context: Context) -> None:
    name = context.config.cluster.name
    context.say(f"{work.name}: to follow it from elsewhere: {work.follow_command}")
    progress = context.follow(work, limit=_limit(context))
    if progress.succeeded:
        return
    try:
        found = clusters.get(context.clients, context.target, name)
    except REMOTE:
        # report the original failure
        found = None
    if found and found.status.state.name == "ERROR":
        context.say(f"cluster {name}: left in the state ERROR: {clusters.FIXES['ERROR']}")
    raise failure(work, progress)


def _check_made_here(cluster: dp.Cluster) -> None:
    """Raise WorkError if this suite did not create the cluster."""
    if _DEFINITION not in cluster.labels:
        raise WorkError(
            f"cluster {cluster.cluster_name}: exists, and this suite did not create it: set "
            "another cluster.name in conf/cluster.yaml"
        )


def _active(jobs: Iterable[dp.Job]) -> list[str]:
    """Return the ids of the jobs that have not ended, including those of other suites."""
    return [job.reference.job_id for job in jobs if job.status.state.name not in ENDED_JOB]


def _limit(context: Context) -> TimeLimit:
    minutes = context.config.timeouts.cluster_minutes
    return TimeLimit(60 * minutes, f"timeouts.cluster_minutes = {minutes:g}")
