"""upload, submit, pipeline, batch, logs, attach and fetch."""

from __future__ import annotations

from google.cloud import dataproc_v1 as dp

from movierec.config.loader import load_config
from movierec_dataproc.commands import deletion_guard
from movierec_dataproc.commands import fetch as results
from movierec_dataproc.commands.context import Context, Summary
from movierec_dataproc.commands.dry_run import Call, show
from movierec_dataproc.commands.preparation import Wanted, archive_sha256, prepare, read_text, send
from movierec_dataproc.conf.target import split_uri
from movierec_dataproc.google import batches, clusters, jobs
from movierec_dataproc.google.batches import BatchWork
from movierec_dataproc.google.bucket import Bucket
from movierec_dataproc.google.jobs import JobWork
from movierec_dataproc.google.operations import find_operation
from movierec_dataproc.google.remote_work import Limit, next_attempt
from movierec_dataproc.plan.plan import DOCTOR, EXPORT, STAGE_IN, Plan, Step, results_uri
from movierec_dataproc.requests import gcloud
from movierec_dataproc.requests import jobs as requests
from movierec_report.drawing import draw, run_command

UNKNOWN_UUID = "known-once-there-is-a-cluster"


def upload(wanted: Wanted, context: Context) -> Summary:
    """Upload the artifacts and the archive."""
    plan = prepare(wanted, context, place="cluster")
    files = [plan.suite.artifacts.uri(context.target, one) for one in plan.suite.artifacts.names()]
    summary = {"command": "upload", "artifacts": plan.suite.artifacts.digest, "files": files}
    sent = send(plan, context, archive=True)
    return summary | {"archive": plan.archive.uri, "sent": len(sent)}


def submit(wanted: Wanted, context: Context, *, job: str) -> Summary:
    """Run one job on the cluster, or take up the one that runs."""
    plan = prepare(wanted, context, place="cluster")
    step = plan.step(job)
    # what it would find now is not what it found then
    redo = wanted.force or step.job == DOCTOR
    return _run(plan, [step], context, command="submit", redo=redo)


def pipeline(wanted: Wanted, context: Context) -> Summary:
    """Run every job on the cluster, one after the other, until one fails."""
    plan = prepare(wanted, context, place="cluster")
    return _run(plan, list(plan.steps), context, command="pipeline", redo=wanted.force)


def batch(wanted: Wanted, context: Context, *, job: str) -> Summary:
    """Run one job as a serverless batch, or take up the one that runs."""
    plan = prepare(wanted, context, place="serverless")
    step, target = plan.step(job), context.target
    first = requests.first_batch_id(plan, step)
    message = requests.batch(plan, step, context.config)
    if context.dry_run:
        request = batches.submit_request(message, batch_id=first, target=target)
        command = gcloud.submit_batch(message, batch_id=first, target=target)
        method = "BatchController.CreateBatch"
        return show("batch", [Call(method=method, request=request, command=command)], context)
    send(plan, context, archive=True)
    batch_id, progress = next_attempt(
        first,
        lambda one: BatchWork(context.clients, target, one).find(),
        redo=wanted.force or step.job == DOCTOR,
    )
    work = BatchWork(context.clients, target, batch_id)
    if progress is None:
        batches.submit(
            message,
            batch_id=batch_id,
            clients=context.clients,
            target=target,
            terminal=context.terminal,
        )
    if progress is None or not progress.ended:
        context.finish(work)
    else:
        context.say(f"{work.name}: has ended well already")
    return {"command": "batch", "job": step.job, "batch": batch_id, "output": plan.workspace}


def logs(context: Context, *, job_id: str | None, batch_id: str | None) -> Summary:
    """Follow a job or a batch from the beginning of its driver's output."""
    work: JobWork | BatchWork = BatchWork(context.clients, context.target, batch_id or "")
    # a batch has an end of its own, serverless.ttl_hours
    limit = None
    if job_id is not None:
        work, limit = JobWork(context.clients, context.target, job_id), _limit(context)
    context.finish(work, limit=limit)
    return {"command": "logs", "work": work.name, "good": True}


def attach(context: Context, *, operation: str) -> Summary:
    """Follow an operation that was left running."""
    work = find_operation(operation, clients=context.clients, target=context.target)
    context.finish(work)
    return {"command": "attach", "operation": work.operation, "good": True}


def fetch(wanted: Wanted, context: Context) -> Summary:
    """Copy what people look at from the bucket to this conf's directory, and draw the report.

    The archive is not needed where the conf has its checksum.
    """
    text, origin = read_text(wanted.conf), str(wanted.conf)
    config = load_config(text, origin=origin, overrides=wanted.overrides)
    bucket, root = split_uri(results_uri(config.workspace, context.target))
    store = Bucket(context.clients.storage, bucket)
    out = context.out / wanted.conf.stem
    found = results.fingerprints(config, archive_sha256=archive_sha256(config, context))
    summary = results.fetch(store.read, root=root, found=found, out=out)
    draw(out, commands=[run_command(str(wanted.conf), wanted.overrides)])
    return {"command": "fetch", "output": str(out), "stages": [*summary["timings"]]}


def _run(plan: Plan, steps: list[Step], context: Context, *, command: str, redo: bool) -> Summary:
    """Run steps on the cluster, in order; a failed one ends it with a WorkError."""
    name = context.config.cluster.name
    if context.dry_run:
        return show(command, [_call(plan, step, context) for step in steps], context)
    cluster = clusters.require(context.clients, context.target, name)
    send(plan, context, archive=any(step.job == STAGE_IN for step in steps))
    done = []
    for number, step in enumerate(steps, 1):
        context.say(f"step {number} of {len(steps)}: {step.job}")
        done.append(_run_step(plan, step, cluster, context, redo=redo))
    return {
        "command": command,
        "cluster": name,
        "jobs": done,
        "output": plan.results if steps[-1].job == EXPORT else plan.workspace,
    }


def _run_step(plan: Plan, step: Step, cluster: dp.Cluster, context: Context, *, redo: bool) -> str:
    """Run one step to its good end and return its job's id."""
    clients, target = context.clients, context.target
    place = {"cluster_name": cluster.cluster_name, "cluster_uuid": cluster.cluster_uuid}
    if step.job == EXPORT:
        # its arguments stay the same when there is something new to export
        found = deletion_guard.unexported_jobs(jobs.on_cluster(clients, target, **place))
        redo = redo or any(one.labels.get("run") == step.labels["run"] for one in found)
    job_id, progress = next_attempt(
        requests.first_job_id(plan, step, cluster_uuid=cluster.cluster_uuid),
        lambda one: JobWork(clients, target, one).find(),
        redo=redo,
    )
    work = JobWork(clients, target, job_id)
    if progress is not None and progress.ended:
        context.say(f"{work.name}: has ended well already")
        return job_id
    if progress is None:
        labels = context.config.cluster.labels
        job = requests.job(plan, step, job_id=job_id, labels=labels, **place)
        jobs.submit(job, clients=clients, target=target, terminal=context.terminal)
    context.finish(work, limit=_limit(context))
    return job_id


def _call(plan: Plan, step: Step, context: Context) -> Call:
    """Return the request that submits a step, as far as it is known without the cluster."""
    target, nodes = context.target, context.config.cluster
    job = requests.job(
        plan,
        step,
        job_id=requests.first_job_id(plan, step, cluster_uuid=UNKNOWN_UUID),
        cluster_name=nodes.name,
        cluster_uuid="",
        labels=nodes.labels,
    )
    request = jobs.submit_request(job, target=target)
    command = gcloud.submit_job(job, target=target)
    return Call(method="JobController.SubmitJob", request=request, command=command)


def _limit(context: Context) -> Limit | None:
    hours = context.config.timeouts.job_hours
    return None if hours is None else Limit(3600 * hours, f"timeouts.job_hours = {hours:g}")
