"""Serverless batches."""

from __future__ import annotations

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

ENDED: Final = {"SUCCEEDED", "FAILED", "CANCELLED"}


@dataclass(frozen=True)
class BatchWork:
    """A batch by its id."""

    clients: Clients
    target: Target
    batch_id: str

    @property
    def name(self) -> str:
        """Kind and id, for messages."""
        return f"batch {self.batch_id}"

    @property
    def path(self) -> str:
        """Return its full name."""
        return f"{self.target.location}/batches/{self.batch_id}"

    @property
    def follow_command(self) -> str:
        """What to type to follow it again."""
        return f"make logs BATCH={self.batch_id}"

    @property
    def cancel_command(self) -> str:
        """What to type to cancel it."""
        where = f"--project={self.target.project} --region={self.target.region}"
        return f"gcloud dataproc batches cancel {self.batch_id} {where}"

    def progress(self) -> Progress:
        """Ask Dataproc; raises what Google's library does."""
        return batch_progress(self._get())

    def find(self) -> Progress | None:
        """Ask Dataproc; None where there is no such batch."""
        try:
            return self.progress()
        except api.NotFound:
            return None

    def cancel(self) -> None:
        """Have Dataproc cancel it, by way of the operation that makes it."""
        self.clients.operations.cancel_operation(self._get().operation)

    def _get(self) -> dp.Batch:
        return self.clients.batches.get_batch(name=self.path)


def batch_progress(batch: dp.Batch) -> Progress:
    """Return how far a batch is."""
    state = batch.state.name
    return Progress(
        state=state,
        ended=state in ENDED,
        good=state == "SUCCEEDED",
        details=batch.state_message,
        log_uri=batch.runtime_info.output_uri,
    )


def submit_request(batch: dp.Batch, *, batch_id: str, target: Target) -> dp.CreateBatchRequest:
    """Return the request that creates the batch; the same id's is the same request."""
    return dp.CreateBatchRequest(
        parent=target.location,
        batch=batch,
        batch_id=batch_id,
        request_id=request_id(target.project, batch_id),
    )


def submit(
    batch: dp.Batch, *, batch_id: str, clients: Clients, target: Target, terminal: Terminal
) -> BatchWork:
    """Create the batch, once. Raises UserError where Dataproc refuses it."""
    work = BatchWork(clients, target, batch_id)
    request = submit_request(batch, batch_id=batch_id, target=target)
    submit_once(
        lambda: clients.batches.create_batch(request=request), name=work.name, terminal=terminal
    )
    return work
