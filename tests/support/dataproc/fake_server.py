"""A gRPC server on this machine that logs its calls and fails on order.

google-cloud-dataproc ships no servicer bases. A generic handler needs only to know how a message is
read and written, and the annotations of a service's methods say which messages those are.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent import futures
from dataclasses import dataclass, field
from typing import Any, Protocol, get_type_hints
from urllib.parse import parse_qsl

import grpc


class ApiError(Exception):
    """What an RPC, or an operation, ends with when it fails."""

    def __init__(self, code: grpc.StatusCode, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class Service(Protocol):
    """One gRPC service: its full name, and its methods, in snake case, that are RPCs.

    Each takes the request, its one argument, and returns the response; both are annotated.
    """

    @property
    def name(self) -> str:
        """Such as `google.longrunning.Operations`."""

    @property
    def rpcs(self) -> tuple[str, ...]:
        """Such as `get_operation`."""


@dataclass(frozen=True)
class Call:
    """One call that arrived, also if it then failed."""

    method: str
    request: Any
    metadata: dict[str, str]

    @property
    def routing(self) -> dict[str, str]:
        """The fields of `x-goog-request-params`, by which Google's front ends route."""
        return dict(parse_qsl(self.metadata.get("x-goog-request-params", "")))


@dataclass
class Fault:
    """An error for the next calls of one method: `times` of them, or all if None."""

    code: grpc.StatusCode
    message: str
    after: bool
    times: int | None


@dataclass
class FaultPlan:
    """The faults that are ordered, first come first served."""

    faults: dict[str, list[Fault]] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, method: str) -> Fault | None:
        """The fault for a call that begins now; it has one time less from here on."""
        with self.lock:
            for fault in self.faults.get(method, []):
                if fault.times is None:
                    return fault
                if fault.times > 0:
                    fault.times -= 1
                    return fault
        return None


class GrpcServer:
    """Serves services on a free port of 127.0.0.1, without TLS and credentials."""

    def __init__(self, services: Sequence[Service]) -> None:
        self.calls: list[Call] = []
        self.address = ""
        self._plan = FaultPlan()
        self._methods: set[str] = set()
        self._server = grpc.server(futures.ThreadPoolExecutor(16))
        for service in services:
            handlers = {camel_case(rpc): self._handler(service, rpc) for rpc in service.rpcs}
            self._methods.update(handlers)
            self._server.add_generic_rpc_handlers(
                (grpc.method_handlers_generic_handler(service.name, handlers),)
            )

    def start(self) -> None:
        """Listen; `address` is host:port from here on."""
        self.address = f"127.0.0.1:{self._server.add_insecure_port('127.0.0.1:0')}"
        self._server.start()

    def stop(self) -> None:
        """Close every connection."""
        self._server.stop(grace=None).wait()

    def fail_next(
        self,
        method: str,
        code: grpc.StatusCode,
        *,
        times: int | None = 1,
        message: str = "injected",
        after: bool = False,
    ) -> None:
        """Let the next calls of a method ("SubmitJob") fail, every one if `times` is None.

        With `after` the call takes effect and only its answer is lost: this is how duplicates
        arise. A method that the server does not have is a ValueError.
        """
        if method not in self._methods:
            raise ValueError(f"{method!r} is none of {sorted(self._methods)}")
        with self._plan.lock:
            fault = Fault(code=code, message=message, after=after, times=times)
            self._plan.faults.setdefault(method, []).append(fault)

    def heal(self) -> None:
        """Forget all faults that are ordered."""
        with self._plan.lock:
            self._plan.faults.clear()

    def calls_of(self, method: str) -> list[Call]:
        """The calls of one method, oldest first."""
        return [call for call in self.calls if call.method == method]

    def _handler(self, service: Service, rpc: str) -> grpc.RpcMethodHandler[Any, Any]:
        function = getattr(service, rpc)
        hints = get_type_hints(function)
        method = camel_case(rpc)

        def answer(request: Any, context: grpc.ServicerContext) -> Any:
            metadata = {key: str(value) for key, value in context.invocation_metadata()}
            self.calls.append(Call(method=method, request=request, metadata=metadata))
            fault = self._plan.take(method)
            try:
                if fault and not fault.after:
                    raise ApiError(fault.code, fault.message)
                response = function(request)
                if fault:
                    raise ApiError(fault.code, fault.message)
                return response
            except ApiError as error:
                context.abort(error.code, error.message)

        return grpc.unary_unary_rpc_method_handler(
            answer,
            request_deserializer=reader(hints["request"]),
            response_serializer=writer(hints["return"]),
        )


def camel_case(name: str) -> str:
    """`submit_job` is the RPC `SubmitJob`."""
    return "".join(part.capitalize() for part in name.split("_"))


def reader(message: Any) -> Callable[[bytes], Any]:
    """How bytes become a message: proto-plus and plain protobuf name it differently."""
    function: Callable[[bytes], Any] = getattr(message, "deserialize", None) or message.FromString
    return function


def writer(message: Any) -> Callable[[Any], bytes]:
    """How a message becomes bytes."""
    function: Callable[[Any], bytes] = (
        getattr(message, "serialize", None) or message.SerializeToString
    )
    return function
