"""A gRPC server on this machine that records its calls and fails when a test says so.

google-cloud-dataproc ships no servicer base classes. A generic handler only needs the messages of
a method, which are in the method's annotations.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent import futures
from dataclasses import dataclass
from typing import Any, get_type_hints

import grpc


class ApiError(Exception):
    """The failure of an RPC or an operation."""

    def __init__(self, code: grpc.StatusCode, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


@dataclass(frozen=True)
class Call:
    """One call that arrived, also if it failed."""

    method: str
    request: Any


class GrpcServer:
    """Serves services on a free port of 127.0.0.1, without TLS and credentials.

    A service has a full name, such as `google.longrunning.Operations`, and the names, in snake
    case, of its RPCs. Each is a method that takes the request and returns the response, both
    annotated.
    """

    def __init__(self, services: Sequence[Any]) -> None:
        self.calls: list[Call] = []
        self.address = ""
        self._faults: dict[str, list[tuple[ApiError, bool]]] = {}
        self._server = grpc.server(futures.ThreadPoolExecutor(16))
        for service in services:
            handlers = {camel_case(rpc): self._handler(service, rpc) for rpc in service.rpcs}
            self._faults.update({method: [] for method in handlers})
            self._server.add_generic_rpc_handlers(
                (grpc.method_handlers_generic_handler(service.name, handlers),)
            )

    def start(self) -> None:
        """Listen, and set `address` to host:port."""
        self.address = f"127.0.0.1:{self._server.add_insecure_port('127.0.0.1:0')}"
        self._server.start()

    def stop(self) -> None:
        self._server.stop(grace=None).wait()

    def fail_next(
        self, method: str, code: grpc.StatusCode, *, times: int = 1, after: bool = False
    ) -> None:
        """Let the next calls of a method ("SubmitJob") fail.

        With `after` the call takes effect and only its answer is lost.
        """
        self._faults[method] += times * [(ApiError(code, "injected"), after)]

    def calls_of(self, method: str) -> list[Call]:
        """The calls of one method, oldest first."""
        return [call for call in self.calls if call.method == method]

    def _handler(self, service: Any, rpc: str) -> grpc.RpcMethodHandler[Any, Any]:
        function = getattr(service, rpc)
        hints = get_type_hints(function)
        method = camel_case(rpc)

        def answer(request: Any, context: grpc.ServicerContext) -> Any:
            self.calls.append(Call(method=method, request=request))
            faults = self._faults[method]
            fault, after = faults.pop(0) if faults else (None, False)
            try:
                if fault and not after:
                    raise fault
                response = function(request)
                if fault:
                    raise fault
                return response
            except ApiError as error:
                context.abort(error.code, error.message)

        asked, answered = hints["request"], hints["return"]
        return grpc.unary_unary_rpc_method_handler(
            answer,
            # a message of proto-plus, or one of plain protobuf
            request_deserializer=getattr(asked, "deserialize", None) or asked.FromString,
            response_serializer=getattr(answered, "serialize", None) or answered.SerializeToString,
        )


def camel_case(name: str) -> str:
    """`submit_job` is the RPC `SubmitJob`."""
    return "".join(part.capitalize() for part in name.split("_"))
