"""Jobs on a cluster and serverless batches: submitted once, followed, cancelled."""

from __future__ import annotations

from typing import Final

from google.api_core import exceptions as api
from google.cloud import dataproc_v1 as dp

from movierec_dataproc.conf.target import Target
from movierec_dataproc.google.clients import Clients
from movierec_dataproc.google.remote_work import Progress, RemoteWork
from movierec_dataproc.google.retries import send
from movierec_dataproc.google.terminal import Terminal

SubmitRequest = dp.SubmitJobRequest | dp.CreateBatchRequest
ENDED_JOB: Final = {"DONE", "ERROR", "CANCELLED"}
ENDED_BATCH: Final = {"SUCCEEDED", "FAILED", "CANCELLED"}


def remote_job(clients: Clients, target: Target, job_id: str) -> RemoteWork:
    """Return a job on a cluster by its id."""
    job = target.place | {"job_id": job_id}
    return RemoteWork(
        name=f"job {job_id}",
        follow_command=f"make logs ID={job_id}",
        cancel_command=f"gcloud dataproc jobs kill {job_id} {' '.join(target.options)}",
        progress=lambda: job_progress(clients.jobs.get_job(**job)),
        cancel=lambda: clients.jobs.cancel_job(**job),
    )


def remote_batch(clients: Clients, target: Target, batch_id: str) -> RemoteWork:
    """Return a serverless batch by its id."""
    name = f"{target.location}/batches/{batch_id}"

    def cancel() -> None:
        # a batch is cancelled through the operation that creates it
        clients.operations.cancel_operation(clients.batches.get_batch(name=name).operation)

    return RemoteWork(
        name=f"batch {batch_id}",
        follow_command=f"make logs BATCH={batch_id}",
        cancel_command=f"gcloud dataproc batches cancel {batch_id} {' '.join(target.options)}",
        progress=lambda: batch_progress(clients.batches.get_batch(name=name)),
        cancel=cancel,
        log_command=logging_command(target, batch_id),
    )


def logging_command(target: Target, batch_id: str) -> str:
    """Return the command that prints a batch's output from Cloud Logging.

    Runtimes from 3.0 on write it nowhere else.
    """
    log = f"projects/{target.project}/logs/dataproc.googleapis.com%2Foutput"
    query = f'resource.type="cloud_dataproc_batch" resource.labels.batch_id="{batch_id}"'
    options = f"--project={target.project} --order=asc --freshness=14d"
    return (
        f"gcloud logging read '{query} logName=\"{log}\"' {options} "
        "--format='value(jsonPayload.message)'"
    )


def find(work: RemoteWork) -> Progress | None:
    """Return its state at Dataproc, None if there is no such job or batch."""
    try:
        return work.progress()
    except api.NotFound:
        return None


def submit(request: SubmitRequest, clients: Clients, *, name: str, terminal: Terminal) -> None:
    """Submit a job or batch with an id of ours: a repeated request finds the first one by it.

    `name` is for messages. Raises UserError if Dataproc refuses it.
    """

    def attempt() -> None:
        try:
            if isinstance(request, dp.SubmitJobRequest):
                clients.jobs.submit_job(request=request)
            else:
                clients.batches.create_batch(request=request)
        except api.Aborted:  # a subclass of Conflict in Google's library
            raise
        except api.Conflict:
            terminal.say(f"{name}: is there already; following it")

    send(attempt, place=name, terminal=terminal)


def job_progress(job: dp.Job) -> Progress:
    """Return the progress of a job; its note is the progress of its last YARN application."""
    state, note = job.status.state.name, ""
    if job.yarn_applications and state == "RUNNING":
        last = job.yarn_applications[-1]
        note = f"({last.name}: {last.state.name.lower()}, {last.progress:.0%})"
    return Progress(
        state=state,
        ended=state in ENDED_JOB,
        succeeded=state == "DONE",
        details=job.status.details,
        note=note,
        log_uri=job.driver_output_resource_uri,
    )


def batch_progress(batch: dp.Batch) -> Progress:
    """Return the progress of a batch."""
    state = batch.state.name
    return Progress(
        state=state,
        ended=state in ENDED_BATCH,
        succeeded=state == "SUCCEEDED",
        details=batch.state_message,
        log_uri=batch.runtime_info.output_uri,
    )


def on_cluster(clients: Clients, target: Target, cluster: dp.Cluster) -> list[dp.Job]:
    """Return the jobs of a cluster, without those of an earlier cluster of the same name."""
    request = dp.ListJobsRequest(**target.place, cluster_name=cluster.cluster_name)
    jobs = clients.jobs.list_jobs(request=request)
    return [job for job in jobs if job.placement.cluster_uuid == cluster.cluster_uuid]
