"""Long-running operations: creating and deleting clusters, and workflows.

They are polled by name until they are done. Google's own Operation.result() gives up after
900 seconds by default, and a workflow takes longer.
"""

from __future__ import annotations

from typing import Any

from google.cloud import dataproc_v1 as dp

from movierec.errors import ConfigError
from movierec_dataproc.conf.target import Target
from movierec_dataproc.google.clients import Clients
from movierec_dataproc.google.errors import one_line, suggest_fix
from movierec_dataproc.google.remote_work import Progress, RemoteWork


def remote_operation(
    clients: Clients, target: Target, operation: str, description: str = "operation"
) -> RemoteWork:
    """Return an operation by its full name."""
    short = operation.rpartition("/")[2]
    return RemoteWork(
        name=f"{description} ({operation})",
        follow_command=f"make attach OPERATION={operation}",
        cancel_command=f"gcloud dataproc operations cancel {short} {' '.join(target.options)}",
        progress=lambda: operation_progress(clients.operations.get_operation(operation)),
        # that of a workflow cancels its jobs and deletes its cluster
        cancel=lambda: clients.operations.cancel_operation(operation),
    )


def operation_name(text: str, target: Target) -> str:
    """Return an operation's full name, given in full or its last part. Raises ConfigError."""
    short = text.rpartition("/")[2]
    name = f"{target.parent}/operations/{short}"
    if not short or text not in (short, name):
        raise ConfigError(
            [f"attach {text}: {target.parent}/operations/… or its last part was expected"]
        )
    return name


def operation_progress(operation: Any) -> Progress:
    """Return the progress of an operation (google.longrunning); a workflow's note is its steps."""
    failure = operation.error.message if operation.HasField("error") else ""
    ended = bool(operation.done)
    state = "RUNNING"
    if ended:
        state = "ERROR" if operation.HasField("error") else "DONE"
    steps, failed = workflow_steps(operation.metadata)
    return Progress(
        state=state,
        ended=ended,
        succeeded=state == "DONE",
        details=one_line("; ".join(filter(None, [failure, *failed]))),
        note=steps or cluster_note(operation.metadata),
        fix=suggest_fix(failure),
    )


def workflow_steps(metadata: Any) -> tuple[str, list[str]]:
    """Return the states of a workflow's steps, and a text per failed one, from an operation's
    metadata (Any); both are empty for another operation."""
    workflow = _unpack(metadata, dp.WorkflowMetadata)
    if workflow is None:
        return "", []
    nodes = workflow.graph.nodes
    states = ", ".join(f"{node.step_id} {node.state.name.lower()}" for node in nodes)
    failures = [
        f"step {node.step_id}, job {node.job_id}: {node.error or node.state.name} "
        f"(make logs ID={node.job_id})"
        for node in nodes
        if node.state.name == "FAILED"
    ]
    where = f"on {workflow.cluster_name}: " if workflow.cluster_name else ""
    return f"{where}{states}" if states else "", failures


def cluster_note(metadata: Any) -> str:
    """Return the current step of an operation on a cluster, empty for another operation."""
    operation = _unpack(metadata, dp.ClusterOperationMetadata)
    status = operation.status if operation is not None else None
    return one_line(status.details or status.inner_state) if status is not None else ""


def _unpack(metadata: Any, kind: Any) -> Any:
    """Return the message of this kind in an Any, None if it holds another."""
    found = kind.pb(kind())
    return kind.wrap(found) if metadata.Unpack(found) else None
