"""Long-running operations: creating and deleting clusters, and workflows.

They are polled by name until they are done. Google's own Operation.result() gives up after
900 seconds by default, and a workflow takes longer.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from google.cloud import dataproc_v1 as dp

from movierec.errors import ConfigError
from movierec_dataproc.conf.target import Target
from movierec_dataproc.google.clients import Clients
from movierec_dataproc.google.errors import one_line, suggest_fix
from movierec_dataproc.google.remote_work import Progress


@dataclass(frozen=True)
class RemoteOperation:
    """An operation by its full name."""

    clients: Clients
    target: Target
    operation: str
    description: str = "operation"

    @property
    def name(self) -> str:
        """Description and name, for messages."""
        return f"{self.description} ({self.operation})"

    @property
    def follow_command(self) -> str:
        """The command that follows it again."""
        return f"make attach OPERATION={self.operation}"

    @property
    def cancel_command(self) -> str:
        """The command that cancels it."""
        short = self.operation.rpartition("/")[2]
        return f"gcloud dataproc operations cancel {short} {' '.join(self.target.options)}"

    def progress(self) -> Progress:
        """Return its state at Dataproc. Raises what Google's library raises."""
        return operation_progress(self.clients.operations.get_operation(self.operation))

    def cancel(self) -> None:
        """Have Dataproc cancel it; that cancels a workflow's jobs and deletes its cluster."""
        self.clients.operations.cancel_operation(self.operation)


def find_operation(text: str, *, clients: Clients, target: Target) -> RemoteOperation:
    """Return the operation with a full or short name. Raises ConfigError if it is neither."""
    short = text.rpartition("/")[2]
    name = f"{target.parent}/operations/{short}"
    if not short or text not in (short, name):
        raise ConfigError(
            [f"attach {text}: {target.parent}/operations/… or its last part was expected"]
        )
    return RemoteOperation(clients, target, name)


def operation_progress(operation: Any) -> Progress:
    """Return the progress of an operation (google.longrunning); a workflow's note is its steps."""
    failure = operation.error.message if operation.HasField("error") else ""
    ended = bool(operation.done)
    state = "RUNNING"
    if ended:
        state = "ERROR" if operation.HasField("error") else "DONE"
    steps = workflow_steps(operation.metadata)
    details = [failure, *(f"step {step}" for step in steps.failures)]
    return Progress(
        state=state,
        ended=ended,
        succeeded=state == "DONE",
        details=one_line("; ".join(filter(None, details))),
        note=steps.states or cluster_note(operation.metadata),
        fix=suggest_fix(failure),
    )


@dataclass(frozen=True)
class WorkflowSteps:
    """The states of a workflow's steps; both empty for another operation."""

    states: str
    failures: tuple[str, ...]


def workflow_steps(metadata: Any) -> WorkflowSteps:
    """Return the states of a workflow's steps from an operation's metadata (Any)."""
    found = dp.WorkflowMetadata.pb(dp.WorkflowMetadata())
    if not metadata.Unpack(found):
        return WorkflowSteps("", ())
    workflow = dp.WorkflowMetadata.wrap(found)
    nodes = list(workflow.graph.nodes)
    states = ", ".join(f"{node.step_id} {node.state.name.lower()}" for node in nodes)
    failures = tuple(
        f"{node.step_id}, job {node.job_id}: {node.error or node.state.name} "
        f"(make logs ID={node.job_id})"
        for node in nodes
        if node.state.name == "FAILED"
    )
    where = f"on {workflow.cluster_name}: " if workflow.cluster_name else ""
    return WorkflowSteps(f"{where}{states}" if states else "", failures)


def ended_before(operation: Any, *, time: datetime) -> bool:
    """Tell whether the operation is a workflow that has ended and started before the time."""
    found = dp.WorkflowMetadata.pb(dp.WorkflowMetadata())
    if not (operation.done and operation.metadata.Unpack(found)):
        return False
    started: Any = dp.WorkflowMetadata.wrap(found).start_time
    return started is not None and started < time


def cluster_note(metadata: Any) -> str:
    """Return the current step of an operation on a cluster."""
    found = dp.ClusterOperationMetadata.pb(dp.ClusterOperationMetadata())
    if not metadata.Unpack(found):
        return ""
    status = dp.ClusterOperationMetadata.wrap(found).status
    return one_line(status.details or status.inner_state)
