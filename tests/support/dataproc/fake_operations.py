"""Long-running operations, and request ids, by which a repeated request has one effect."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import grpc
from google.longrunning import operations_pb2
from google.protobuf import any_pb2, empty_pb2
from google.rpc import status_pb2

from tests.support.dataproc.fake_behaviour import Behaviour
from tests.support.dataproc.fake_rules import REQUEST_ID, check_name, not_found
from tests.support.dataproc.fake_server import ApiError

POLL_SECONDS = 0.05


@dataclass
class Work:
    """An operation's state; `metadata` is called at every poll, so it shows progress."""

    metadata: Callable[[], Any]
    cancel: Callable[[], None]
    done: threading.Event = field(default_factory=threading.Event)
    response: Any = None
    error: ApiError | None = None


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
        *,
        metadata: Callable[[], Any],
        work: Callable[[], Any],
        cancel: Callable[[], None] = lambda: None,
    ) -> str:
        """Run `work` in a thread and return the operation's name.

        `work` returns the response or raises ApiError. `cancel` stops it; by default a cancellation
        has no effect.
        """
        name = "projects/{}/regions/{}/operations/{}".format(*parent, uuid.uuid4())
        entry = self._works[name] = Work(metadata=metadata, cancel=cancel)

        def run() -> None:
            try:
                entry.response = work()
            except ApiError as error:
                entry.error = error
            except Exception as error:
                entry.error = ApiError(grpc.StatusCode.INTERNAL, repr(error))
            entry.done.set()

        self._behaviour.spawn(run)
        return name

    def wait(self, name: str) -> None:
        """Return when the operation is done, or raise its error."""
        entry = self._works[name]
        entry.done.wait()
        if entry.error:
            raise entry.error

    def describe(self, name: str) -> operations_pb2.Operation:
        """The operation as it stands."""
        entry = self._find(name)
        # read before the metadata: a done operation must not have those of a running one
        done = entry.done.is_set()
        with self._behaviour.lock:
            metadata = packed(entry.metadata())
        operation = operations_pb2.Operation(name=name, done=done, metadata=metadata)
        if done and entry.error:
            # a StatusCode's value is its number and its text
            number = int(entry.error.code.value[0])
            operation.error.CopyFrom(
                status_pb2.Status(code=number, message=entry.error.message)  # type: ignore[arg-type, unused-ignore]
            )
        elif done:
            operation.response.CopyFrom(packed(entry.response))
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


class RequestIds:
    """Remembers the result of each request id."""

    def __init__(self, behaviour: Behaviour) -> None:
        self._lock = behaviour.lock
        self._made: dict[tuple[str, str], Any] = {}

    def once(self, method: str, request_id: str, make: Callable[[], Any]) -> Any:
        """Return what `make` returned at the first request with this id.

        A failed request is not remembered; a request without an id is always new.
        """
        with self._lock:
            if not request_id:
                return make()
            check_name("request id", request_id, REQUEST_ID)
            key = (method, request_id)
            if key not in self._made:
                self._made[key] = make()
            return self._made[key]


def packed(message: Any) -> any_pb2.Any:
    """The message, proto-plus or plain, in an Any."""
    pack = any_pb2.Any()
    pack.Pack(type(message).pb(message) if hasattr(type(message), "pb") else message)
    return pack
