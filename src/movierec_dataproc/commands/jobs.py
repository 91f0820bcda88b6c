"""upload, submit, pipeline, batch, logs and attach."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from functools import partial
from typing import Final

from google.cloud import dataproc_v1 as dp

from movierec_dataproc.commands.context import Context, Summary
from movierec_dataproc.commands.cost import batch_line
from movierec_dataproc.commands.dry_run import Call, show
from movierec_dataproc.commands.preparation import prepare, upload_plan
from movierec_dataproc.google import clusters
from movierec_dataproc.google import jobs as remote
from movierec_dataproc.google.operations import operation_name, remote_operation
from movierec_dataproc.google.remote_work import next_attempt
from movierec_dataproc.plan.artifacts import collect_actions
from movierec_dataproc.plan.artifacts import upload as upload_artifacts
from movierec_dataproc.plan.plan import DOCTOR, EXPORT, LISTS, STAGE_IN, Plan, Step
from movierec_dataproc.requests import gcloud
from movierec_dataproc.requests import jobs as requests

UNKNOWN_UUID: Final = "known-once-there-is-a-cluster"


def upload(context: Context, arguments: argparse.Namespace) -> Summary:
    """Upload the package, jobs, conf, archive, and the machines' start scripts to the bucket."""
    plan = prepare(arguments, context, place="cluster")
    artifacts = plan.suite.artifacts
    actions = collect_actions(context.config.cluster.initialization_actions, root=context.root)
    sent = upload_artifacts(actions, bucket=context.bucket(), target=context.target)
    sent += upload_plan(plan, context, archive=True)
    return {
        "command": "upload",
        "artifacts": artifacts.digest,
        "files": [artifacts.uri(context.target, name) for name in artifacts.names()],
        "archive": plan.archive.uri,
        "sent": len(sent),
    }


def submit(context: Context, arguments: argparse.Namespace) -> Summary:
    """Run one job on the cluster, or follow the one that runs already."""
    plan = prepare(arguments, context, place="cluster")
    return _run(plan, [plan.step(arguments.job)], context, arguments)


def pipeline(context: Context, arguments: argparse.Namespace) -> Summary:
    """Run every job on the cluster, one after the other, until one fails."""
    plan = prepare(arguments, context, place="cluster")
    return _run(plan, plan.steps, context, arguments)


def batch(context: Context, arguments: argparse.Namespace) -> Summary:
    """Run one job as a serverless batch on the bucket, or follow the one that runs already."""
    plan = prepare(arguments, context, place="serverless")
    serverless = context.config.serverless
    context.say(batch_line(serverless, context.config.prices))
    if serverless.version == "3.0":
        context.say("warning: serverless.version 3.0: this suite is not tested on its Spark, 4.0")
    return _run(plan, [plan.step(arguments.job)], context, arguments)


def logs(context: Context, arguments: argparse.Namespace) -> Summary:
    """Follow a job or a batch from the beginning of its driver's output."""
    make = remote.remote_job if arguments.batch_id is None else remote.remote_batch
    work = make(context.clients, context.target, arguments.batch_id or arguments.job_id)
    context.finish(work)
    return {"command": "logs", "work": work.name, "good": True}


def attach(context: Context, arguments: argparse.Namespace) -> Summary:
    """Follow an operation that was left running."""
    name = operation_name(arguments.operation, context.target)
    context.finish(remote_operation(context.clients, context.target, name))
    return {"command": "attach", "operation": name, "good": True}


def _run(
    plan: Plan, steps: Sequence[Step], context: Context, arguments: argparse.Namespace
) -> Summary:
    """Run steps in their order, on the cluster or as batches; a failed one raises WorkError."""
    command, name = arguments.command, context.config.cluster.name
    cluster = dp.Cluster(cluster_name=name) if plan.place == "cluster" else None
    if context.dry_run:
        return show(command, [_call(plan, step, cluster, context) for step in steps], context)
    if cluster is not None:
        cluster = clusters.require(context.clients, context.target, name, terminal=context.terminal)
    # on a cluster only stage_in reads the bucket; every batch does
    archive = cluster is None or any(step.job == STAGE_IN for step in steps)
    upload_plan(plan, context, archive=archive)
    ids = []
    for number, step in enumerate(steps, 1):
        context.say(f"step {number} of {len(steps)}: {step.job}")
        ids.append(_run_step(plan, step, cluster, context, redo=arguments.force))
    where: Summary = {"cluster": name, "jobs": ids}
    if cluster is None:
        where = {"job": steps[0].job, "batch": ids[0]}
    # the last argument of export_lists is its --to
    output = steps[-1].args[-1] if steps[-1].job == LISTS else plan.results
    return {"command": command, **where, "output": output}


def _run_step(
    plan: Plan, step: Step, cluster: dp.Cluster | None, context: Context, *, redo: bool
) -> str:
    """Run one step until it succeeds, unless it has before, and return its id."""
    clients, target = context.clients, context.target
    # they depend on the present state
    redo = redo or step.job in (DOCTOR, EXPORT)
    kind = remote.remote_job if cluster is not None else remote.remote_batch
    make = partial(kind, clients, target)
    first = _first_id(plan, step, cluster)
    attempt, progress = next_attempt(first, lambda one: remote.find(make(one)), redo=redo)
    work = make(attempt)
    if progress is not None and progress.ended:
        context.say(f"{work.name}: has succeeded already")
        return attempt
    if progress is None:
        request = _request(plan, step, attempt, cluster, context)
        remote.submit(request, clients, name=work.name, terminal=context.terminal)
    context.finish(work)
    return attempt


def _first_id(plan: Plan, step: Step, cluster: dp.Cluster | None) -> str:
    uuid = None if cluster is None else cluster.cluster_uuid or UNKNOWN_UUID
    return requests.first_id(plan, step, cluster_uuid=uuid)


def _request(
    plan: Plan, step: Step, attempt: str, cluster: dp.Cluster | None, context: Context
) -> remote.SubmitRequest:
    if cluster is None:
        return requests.batch_request(plan, step, context.config, batch_id=attempt)
    name = cluster.cluster_name
    return requests.job_request(plan, step, context.config, job_id=attempt, cluster=name)


def _call(plan: Plan, step: Step, cluster: dp.Cluster | None, context: Context) -> Call:
    """Return the request for a step; a cluster's UUID is not known yet."""
    request = _request(plan, step, _first_id(plan, step, cluster), cluster, context)
    method = "JobController.SubmitJob" if cluster is not None else "BatchController.CreateBatch"
    command = gcloud.submit(request, target=context.target)
    return Call(name=step.id, method=method, request=request, command=command)
