"""Jobs on a cluster and serverless batches: submitted once, followed, cancelled."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, Literal

from google.api_core import exceptions as api
from google.cloud import dataproc_v1 as dp

from movierec_dataproc.conf.target import Target
from movierec_dataproc.google.clients import Clients
from movierec_dataproc.google.remote_work import Progress
from movierec_dataproc.google.retries import submit_once
from movierec_dataproc.google.terminal import Terminal

SubmitRequest = dp.SubmitJobRequest | dp.CreateBatchRequest
ENDED_JOB: Final = {"DONE", "ERROR", "CANCELLED"}
ENDED_BATCH: Final = {"SUCCEEDED", "FAILED", "CANCELLED"}


@dataclass(frozen=True)
class RemoteJob:
    """A job on a cluster, or a serverless batch, by its id."""

    clients: Clients
    target: Target
    id: str
    kind: Literal["job", "batch"] = "job"

    @property
    def name(self) -> str:
        """Kind and id, for messages."""
        return f"{self.kind} {self.id}"

    @property
    def follow_command(self) -> str:
        """The command that follows it again."""
        return f"make logs {'ID' if self.kind == 'job' else 'BATCH'}={self.id}"

    @property
    def cancel_command(self) -> str:
        """The command that cancels it."""
        verb = "jobs kill" if self.kind == "job" else "batches cancel"
        return f"gcloud dataproc {verb} {self.id} {' '.join(self.target.options)}"

    def submit(self, request: SubmitRequest, terminal: Terminal) -> None:
        """Submit it, once. Raises UserError if Dataproc refuses it."""
        create: Callable[..., object] = (
            self.clients.jobs.submit_job
            if self.kind == "job"
            else self.clients.batches.create_batch
        )
        submit_once(lambda: create(request=request), name=self.name, terminal=terminal)

    def progress(self) -> Progress:
        """Return its state at Dataproc. Raises what Google's library raises."""
        if self.kind == "batch":
            return batch_progress(self._get_batch())
        target = self.target
        return job_progress(
            self.clients.jobs.get_job(
                project_id=target.project, region=target.region, job_id=self.id
            )
        )

    def find(self) -> Progress | None:
        """Return its state at Dataproc, None if there is no such job or batch."""
        try:
            return self.progress()
        except api.NotFound:
            return None

    def cancel(self) -> None:
        """Have Dataproc cancel it; a job or batch that has ended stays as it is."""
        if self.kind == "batch":
            # a batch is cancelled through the operation that creates it
            self.clients.operations.cancel_operation(self._get_batch().operation)
            return
        self.clients.jobs.cancel_job(
            project_id=self.target.project, region=self.target.region, job_id=self.id
        )

    def _get_batch(self) -> dp.Batch:
        return self.clients.batches.get_batch(name=f"{self.target.location}/batches/{self.id}")


def job_progress(job: dp.Job) -> Progress:
    """Return the progress of a job; its note is the progress of its last YARN application."""
    state = job.status.state.name
    applications = list(job.yarn_applications)
    note = ""
    if applications and state == "RUNNING":
        last = applications[-1]
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


def on_cluster(clients: Clients, target: Target, cluster: dp.Cluster) -> Iterator[dp.Job]:
    """Yield the jobs of a cluster, without those of an earlier cluster of the same name."""
    request = dp.ListJobsRequest(
        project_id=target.project, region=target.region, cluster_name=cluster.cluster_name
    )
    for job in clients.jobs.list_jobs(request=request):
        if job.placement.cluster_uuid == cluster.cluster_uuid:
            yield job
