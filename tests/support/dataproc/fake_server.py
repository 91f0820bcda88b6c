"""A gRPC server on this machine that records its calls and fails when a test says so.

google-cloud-dataproc ships no servicer base classes. A generic handler only needs the messages of
a method, which are in the method's annotations.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent import futures
from dataclasses import dataclass, field
from typing import Any, Protocol, get_type_hints

import grpc


class ApiError(Exception):
    """The failure of an RPC or an operation."""

    def __init__(self, code: grpc.StatusCode, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class Service(Protocol):
    """One gRPC service: its full name, and the names, in snake case, of its RPCs.

    Each method takes the request and returns the response, both annotated.
    """

    @property
    def name(self) -> str:
        """Such as `google.longrunning.Operations`."""

    @property
    def rpcs(self) -> tuple[str, ...]:
        """Such as `get_operation`."""


@dataclass(frozen=True)
class Call:
    """One call that arrived, also if it failed."""

    method: str
    request: Any


@dataclass
class Fault:
    """An error for the next calls of one method: `times` of them, or all if None."""

    code: grpc.StatusCode
    message: str
    after: bool
    times: int | None


@dataclass
class FaultPlan:
    """The faults that are planned, in their order."""

    faults: dict[str, list[Fault]] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, method: str) -> Fault | None:
        """The fault for the next call, counted down."""
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
        """Listen, and set `address` to host:port."""
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

        With `after` the call takes effect and only its answer is lost. Raises ValueError for an
        unknown method.
        """
        if method not in self._methods:
            raise ValueError(f"{method!r} is none of {sorted(self._methods)}")
        with self._plan.lock:
            fault = Fault(code=code, message=message, after=after, times=times)
            self._plan.faults.setdefault(method, []).append(fault)

    def calls_of(self, method: str) -> list[Call]:
        """The calls of one method, oldest first."""
        return [call for call in self.calls if call.method == method]

    def _handler(self, service: Service, rpc: str) -> grpc.RpcMethodHandler[Any, Any]:
        function = getattr(service, rpc)
        hints = get_type_hints(function)
        method = camel_case(rpc)

        def answer(request: Any, context: grpc.ServicerContext) -> Any:
            self.calls.append(Call(method=method, request=request))
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
    """The function that parses a message of proto-plus or plain protobuf."""
    function: Callable[[bytes], Any] = getattr(message, "deserialize", None) or message.FromString
    return function


def writer(message: Any) -> Callable[[Any], bytes]:
    """The function that serializes a message of proto-plus or plain protobuf."""
    function: Callable[[Any], bytes] = (
        getattr(message, "serialize", None) or message.SerializeToString
    )
    return function
