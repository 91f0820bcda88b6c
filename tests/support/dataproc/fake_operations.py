"""Long-running operations; a successful one has no response, which nobody reads."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field

from google.cloud import dataproc_v1 as dp
from google.longrunning import operations_pb2
from google.protobuf import empty_pb2

from tests.support.dataproc.fake_behaviour import Behaviour
from tests.support.dataproc.fake_rules import not_found

POLL_SECONDS = 0.05


@dataclass
class Work:
    """An operation's state; `metadata` may change, to show progress."""

    cancel: Callable[[], None]
    metadata: dp.WorkflowMetadata | None
    done: threading.Event = field(default_factory=threading.Event)
    error: str = ""


class FakeOperations:
    """`google.longrunning.Operations` for all services of one fake."""

    name = "google.longrunning.Operations"
    rpcs = ("get_operation", "cancel_operation")

    def __init__(self, behaviour: Behaviour) -> None:
        self._behaviour = behaviour
        self._works: dict[str, Work] = {}

    def start(
        self,
        parent: tuple[str, str],
        work: Callable[[], None],
        *,
        cancel: Callable[[], None] = lambda: None,
        metadata: dp.WorkflowMetadata | None = None,
    ) -> str:
        """Run `work`, which raises if it fails, in a thread; return the operation's name.

        `cancel` stops it; by default a cancellation has no effect.
        """
        name = "projects/{}/regions/{}/operations/{}".format(*parent, uuid.uuid4())
        entry = self._works[name] = Work(cancel, metadata)

        def run() -> None:
            try:
                work()
            except Exception as error:
                entry.error = str(error) or repr(error)
            entry.done.set()

        self._behaviour.spawn(run)
        return name

    def describe(self, name: str) -> operations_pb2.Operation:
        """The operation as it stands."""
        entry = self._find(name)
        # `done` is read before the metadata: a done operation must not have those of a running one
        operation = operations_pb2.Operation(name=name, done=entry.done.is_set())
        if operation.done and entry.error:
            operation.error.message = entry.error
        if entry.metadata is not None:
            operation.metadata.Pack(dp.WorkflowMetadata.pb(entry.metadata))
        return operation

    def get_operation(
        self, request: operations_pb2.GetOperationRequest
    ) -> operations_pb2.Operation:
        """Answer when the operation is done, or a little later: polling costs hardly any time."""
        self._find(request.name).done.wait(POLL_SECONDS)
        return self.describe(request.name)

    def cancel_operation(self, request: operations_pb2.CancelOperationRequest) -> empty_pb2.Empty:
        """Request the cancellation; GetOperation shows when it has ended."""
        self._find(request.name).cancel()
        return empty_pb2.Empty()

    def _find(self, name: str) -> Work:
        if name not in self._works:
            raise not_found(f"Operation {name}")
        return self._works[name]
