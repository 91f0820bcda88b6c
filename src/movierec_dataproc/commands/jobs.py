"""upload, submit, pipeline, batch, logs and attach."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from google.cloud import dataproc_v1 as dp

from movierec_dataproc.commands import deletion_guard
from movierec_dataproc.commands.context import Context, Summary
from movierec_dataproc.commands.dry_run import Call, show
from movierec_dataproc.commands.preparation import RunOptions, prepare, upload_plan
from movierec_dataproc.google import clusters
from movierec_dataproc.google.jobs import RemoteJob, SubmitRequest, on_cluster
from movierec_dataproc.google.operations import find_operation
from movierec_dataproc.google.remote_work import TimeLimit, next_attempt
from movierec_dataproc.plan.plan import DOCTOR, EXPORT, STAGE_IN, Plan, Step
from movierec_dataproc.requests import gcloud
from movierec_dataproc.requests import jobs as requests

UNKNOWN_UUID: Final = "known-once-there-is-a-cluster"


def upload(options: RunOptions, context: Context) -> Summary:
    """Upload the artifacts and the archive."""
    plan = prepare(options, context, place="cluster")
    artifacts = plan.suite.artifacts
    sent = upload_plan(plan, context, archive=True)
    return {
        "command": "upload",
        "artifacts": artifacts.digest,
        "files": [artifacts.uri(context.target, name) for name in artifacts.names()],
        "archive": plan.archive.uri,
        "sent": len(sent),
    }


def submit(options: RunOptions, context: Context, *, job: str) -> Summary:
    """Run one job on the cluster, or follow the one that runs already."""
    plan = prepare(options, context, place="cluster")
    return _run(plan, [plan.step(job)], context, command="submit", redo=options.force)


def pipeline(options: RunOptions, context: Context) -> Summary:
    """Run every job on the cluster, one after the other, until one fails."""
    plan = prepare(options, context, place="cluster")
    return _run(plan, plan.steps, context, command="pipeline", redo=options.force)


def batch(options: RunOptions, context: Context, *, job: str) -> Summary:
    """Run one job as a serverless batch, or follow the one that runs already."""
    plan = prepare(options, context, place="serverless")
    return _run(plan, [plan.step(job)], context, command="batch", redo=options.force)


def logs(context: Context, *, job_id: str | None, batch_id: str | None) -> Summary:
    """Follow a job or a batch from the beginning of its driver's output."""
    if batch_id is not None:
        work = RemoteJob(context.clients, context.target, batch_id, "batch")
    else:
        work = RemoteJob(context.clients, context.target, job_id or "")
    _finish(work, context)
    return {"command": "logs", "work": work.name, "good": True}


def attach(context: Context, *, operation: str) -> Summary:
    """Follow an operation that was left running."""
    work = find_operation(operation, clients=context.clients, target=context.target)
    context.finish(work)
    return {"command": "attach", "operation": work.operation, "good": True}


def _run(
    plan: Plan, steps: Sequence[Step], context: Context, *, command: str, redo: bool
) -> Summary:
    """Run steps in their order, on the cluster or as batches; a failed one raises WorkError."""
    name = context.config.cluster.name
    cluster = dp.Cluster(cluster_name=name) if plan.place == "cluster" else None
    if context.dry_run:
        return show(command, [_call(plan, step, cluster, context) for step in steps], context)
    if cluster is not None:
        cluster = clusters.require(context.clients, context.target, name)
    # on a cluster only stage_in reads the bucket; every batch does
    archive = cluster is None or any(step.job == STAGE_IN for step in steps)
    upload_plan(plan, context, archive=archive)
    ids = []
    for number, step in enumerate(steps, 1):
        context.say(f"step {number} of {len(steps)}: {step.job}")
        ids.append(_run_step(plan, step, cluster, context, redo=redo))
    where: Summary = {"cluster": name, "jobs": ids}
    if cluster is None:
        where = {"job": steps[0].job, "batch": ids[0]}
    output = plan.results if steps[-1].job == EXPORT else plan.workspace
    return {"command": command, **where, "output": output}


def _run_step(
    plan: Plan, step: Step, cluster: dp.Cluster | None, context: Context, *, redo: bool
) -> str:
    """Run one step until it succeeds, unless it has before, and return its id."""
    clients, target = context.clients, context.target
    if step.job == DOCTOR:
        # it checks the present state
        redo = True
    if step.job == EXPORT and cluster is not None:
        # its arguments do not change when there is something new to export
        found = deletion_guard.unexported_jobs(on_cluster(clients, target, cluster))
        redo = redo or any(one.labels.get("run") == step.labels["run"] for one in found)

    def remote(attempt: str) -> RemoteJob:
        return RemoteJob(clients, target, attempt, "job" if cluster is not None else "batch")

    uuid = cluster.cluster_uuid if cluster is not None else None
    first = requests.first_id(plan, step, cluster_uuid=uuid)
    attempt, progress = next_attempt(first, lambda one: remote(one).find(), redo=redo)
    work = remote(attempt)
    if progress is not None and progress.ended:
        context.say(f"{work.name}: has succeeded already")
        return attempt
    if progress is None:
        work.submit(_request(plan, step, attempt, cluster, context), context.terminal)
    _finish(work, context)
    return attempt


def _finish(work: RemoteJob, context: Context) -> None:
    """Follow a job within the conf's time limit; a batch has its own, serverless.ttl_hours."""
    hours = context.config.timeouts.job_hours if work.kind == "job" else None
    limit = TimeLimit(3600 * hours, f"timeouts.job_hours = {hours:g}") if hours else None
    context.finish(work, limit=limit)


def _request(
    plan: Plan, step: Step, attempt: str, cluster: dp.Cluster | None, context: Context
) -> SubmitRequest:
    if cluster is None:
        return requests.batch_request(plan, step, context.config, batch_id=attempt)
    return requests.job_request(plan, step, context.config, job_id=attempt, cluster=cluster)


def _call(plan: Plan, step: Step, cluster: dp.Cluster | None, context: Context) -> Call:
    """Return the request for a step; a cluster's UUID is not known yet."""
    uuid = UNKNOWN_UUID if cluster is not None else None
    first = requests.first_id(plan, step, cluster_uuid=uuid)
    request = _request(plan, step, first, cluster, context)
    method = "JobController.SubmitJob" if cluster is not None else "BatchController.CreateBatch"
    command = gcloud.submit(request, target=context.target)
    return Call(method=method, request=request, command=command)
