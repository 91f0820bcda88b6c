"""Jobs on a cluster."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from google.api_core import exceptions as api
from google.cloud import dataproc_v1 as dp

from movierec_dataproc.conf.naming import request_id
from movierec_dataproc.conf.target import Target
from movierec_dataproc.google.clients import Clients
from movierec_dataproc.google.remote_work import Progress
from movierec_dataproc.google.retries import submit_once
from movierec_dataproc.google.terminal import Terminal

ENDED: Final = {"DONE", "ERROR", "CANCELLED"}


@dataclass(frozen=True)
class JobWork:
    """A job by its id."""

    clients: Clients
    target: Target
    job_id: str

    @property
    def name(self) -> str:
        """Kind and id, for messages."""
        return f"job {self.job_id}"

    @property
    def follow_command(self) -> str:
        """What to type to follow it again."""
        return f"make logs ID={self.job_id}"

    @property
    def cancel_command(self) -> str:
        """What to type to cancel it."""
        where = f"--project={self.target.project} --region={self.target.region}"
        return f"gcloud dataproc jobs kill {self.job_id} {where}"

    def progress(self) -> Progress:
        """Ask Dataproc; raises what Google's library does."""
        return job_progress(
            self.clients.jobs.get_job(
                project_id=self.target.project, region=self.target.region, job_id=self.job_id
            )
        )

    def find(self) -> Progress | None:
        """Ask Dataproc; None where there is no such job."""
        try:
            return self.progress()
        except api.NotFound:
            return None

    def cancel(self) -> None:
        """Have Dataproc cancel it; nothing happens to one that has ended."""
        self.clients.jobs.cancel_job(
            project_id=self.target.project, region=self.target.region, job_id=self.job_id
        )


def job_progress(job: dp.Job) -> Progress:
    """Return how far a job is, with the progress of its last YARN application as the note."""
    state = job.status.state.name
    applications = list(job.yarn_applications)
    note = ""
    if applications and state == "RUNNING":
        last = applications[-1]
        note = f"({last.name}: {last.state.name.lower()}, {last.progress:.0%})"
    return Progress(
        state=state,
        ended=state in ENDED,
        good=state == "DONE",
        details=job.status.details,
        note=note,
        log_uri=job.driver_output_resource_uri,
    )


def submit_request(job: dp.Job, *, target: Target) -> dp.SubmitJobRequest:
    """Return the request that submits the job; the same job's is the same request."""
    return dp.SubmitJobRequest(
        project_id=target.project,
        region=target.region,
        job=job,
        request_id=request_id(target.project, job.reference.job_id),
    )


def submit(job: dp.Job, *, clients: Clients, target: Target, terminal: Terminal) -> JobWork:
    """Submit the job, once. Raises UserError where Dataproc refuses it."""
    work = JobWork(clients, target, job.reference.job_id)
    request = submit_request(job, target=target)
    submit_once(lambda: clients.jobs.submit_job(request=request), name=work.name, terminal=terminal)
    return work


def on_cluster(
    clients: Clients, target: Target, *, cluster_name: str, cluster_uuid: str
) -> Iterator[dp.Job]:
    """Yield the jobs of a cluster, not those of an earlier one of the same name."""
    request = dp.ListJobsRequest(
        project_id=target.project, region=target.region, cluster_name=cluster_name
    )
    for job in clients.jobs.list_jobs(request=request):
        if job.placement.cluster_uuid == cluster_uuid:
            yield job
