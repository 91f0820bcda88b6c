"""Operations that take minutes or hours: clusters made and deleted, workflows run.

They are asked after by name until they are done. Google's own Operation.result() gives up after
900 seconds unless told otherwise, and a workflow takes longer.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from google.cloud import dataproc_v1 as dp

from movierec.errors import ConfigError
from movierec_dataproc.conf.target import Target
from movierec_dataproc.google.clients import Clients
from movierec_dataproc.google.errors import cure, one_line
from movierec_dataproc.google.remote_work import Progress


@dataclass(frozen=True)
class OperationWork:
    """An operation by its full name."""

    clients: Clients
    target: Target
    operation: str
    what: str = "operation"

    @property
    def name(self) -> str:
        """What it does and its name, for messages."""
        return f"{self.what} ({self.operation})"

    @property
    def follow_command(self) -> str:
        """What to type to follow it again."""
        return f"make attach OPERATION={self.operation}"

    @property
    def cancel_command(self) -> str:
        """What to type to cancel it."""
        short = self.operation.rpartition("/")[2]
        where = f"--project={self.target.project} --region={self.target.region}"
        return f"gcloud dataproc operations cancel {short} {where}"

    def progress(self) -> Progress:
        """Ask Dataproc; raises what Google's library does."""
        return operation_progress(self.clients.operations.get_operation(self.operation))

    def cancel(self) -> None:
        """Have Dataproc cancel it: a workflow's jobs are cancelled and its cluster is deleted."""
        self.clients.operations.cancel_operation(self.operation)


def find_operation(text: str, *, clients: Clients, target: Target) -> OperationWork:
    """Return the operation of a full or short name. Raises ConfigError where it is neither."""
    short = text.rpartition("/")[2]
    name = f"{target.parent}/operations/{short}"
    if not short or text not in (short, name):
        raise ConfigError(
            [f"attach {text}: {target.parent}/operations/… or its last part was expected"]
        )
    return OperationWork(clients, target, name)


def operation_progress(operation: Any) -> Progress:
    """Return how far an operation (google.longrunning) is, a workflow's with its steps."""
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
        good=state == "DONE",
        details=one_line("; ".join(filter(None, details))),
        note=steps.states or cluster_note(operation.metadata),
        cure=cure(failure),
    )


@dataclass(frozen=True)
class WorkflowSteps:
    """How far the steps of a workflow are; both empty where it is none."""

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
    """Tell whether the operation is a workflow that has ended and was begun before the time."""
    found = dp.WorkflowMetadata.pb(dp.WorkflowMetadata())
    if not (operation.done and operation.metadata.Unpack(found)):
        return False
    started: Any = dp.WorkflowMetadata.wrap(found).start_time
    return started is not None and started < time


def cluster_note(metadata: Any) -> str:
    """Return what an operation on a cluster says that it is doing."""
    found = dp.ClusterOperationMetadata.pb(dp.ClusterOperationMetadata())
    if not metadata.Unpack(found):
        return ""
    status = dp.ClusterOperationMetadata.wrap(found).status
    return one_line(status.details or status.inner_state)
