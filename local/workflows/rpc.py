"""The same methods over gRPC, for Google's own client libraries."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent import futures
from typing import Any

import grpc  # type: ignore[import-untyped]
from google.cloud import workflows_v1
from google.cloud.location import locations_pb2  # type: ignore[import-untyped]
from google.cloud.workflows import executions_v1
from google.longrunning import operations_pb2  # type: ignore[import-untyped]
from google.protobuf import empty_pb2, json_format
from google.rpc import status_pb2  # type: ignore[import-untyped]

from local.workflows.asking import Ask, Asked, Method
from local.workflows.methods import methods
from local.workflows.runtime import Runtime
from local.workflows.statuses import Refused, refusal

_THREADS = 4
_MODULES = (workflows_v1, executions_v1, operations_pb2, locations_pb2)
# What they return, where it is not what their names say.
_RETURNED = {
    **dict.fromkeys(("CreateWorkflow", "UpdateWorkflow", "DeleteWorkflow"), "Operation"),
    **dict.fromkeys(("CreateExecution", "CancelExecution"), "Execution"),
    "DeleteOperation": "Empty",
}

Authorise = Callable[[Mapping[str, str], Asked], None]


class Rpc:
    """
    Serve both APIs on this machine only, without encryption.

    *authorise* is given the metadata of each call, names in lower case, and what is asked for, and raises a
    PermissionError with a sentence for a caller that may not have it, a StrangerError where it knows none.
    """

    def __init__(self, runtime: Runtime, authorise: Authorise, *, port: int = 0) -> None:
        self._authorise = authorise
        self._server = grpc.server(futures.ThreadPoolExecutor(_THREADS, "workflows-rpc"))
        served: dict[str, dict[str, Any]] = {}
        for method in methods(runtime):
            if method.service:
                served.setdefault(method.service, {})[method.name] = self._handler(method)
        handlers = [grpc.method_handlers_generic_handler(*service) for service in served.items()]
        self._server.add_generic_rpc_handlers(tuple(handlers))
        self.port = self._server.add_insecure_port(f"127.0.0.1:{port}")

    def start(self) -> None:
        """Begin to serve."""
        self._server.start()

    def stop(self) -> None:
        """End what is under way and stop."""
        self._server.stop(grace=1).wait()

    def _handler(self, method: Method) -> Any:
        taken = _message(f"{method.name}Request")
        plain = method.name.removeprefix("Get").removeprefix("Delete")
        returned = _RETURNED.get(method.name, plain)
        given = _message(f"{method.name}Response" if method.name.startswith("List") else returned)

        def serve(request: Any, context: grpc.ServicerContext) -> Any:
            try:
                ask = _ask(method, json_format.MessageToDict(request))
                sent = {str(k): str(v) for k, v in context.invocation_metadata()}
                workflow = ask.names.get("workflow") or ask.word("workflowId")
                self._authorise(sent, Asked(workflow, method.executions, method.changes))
                answer = method.do(ask)
            except Exception as error:
                refused = refusal(error)
                if refused is None:
                    raise
                _refuse(context, refused)
            return json_format.ParseDict(answer, given(), ignore_unknown_fields=True)

        return grpc.unary_unary_rpc_method_handler(
            serve,
            request_deserializer=taken.FromString,
            response_serializer=given.SerializeToString,
        )


def _message(name: str) -> Any:
    """Return the class of a message, as protocol buffers have it."""
    if name == "Empty":
        return empty_pb2.Empty
    found = next(getattr(module, name) for module in _MODULES if hasattr(module, name))
    return found.pb() if hasattr(found, "pb") else found


def _ask(method: Method, request: dict[str, Any]) -> Ask:
    """Take a message apart as HTTP does: names, a body, and the rest."""
    body = request if method.body == "*" else request.pop(method.body, {}) if method.body else {}
    outer, _, inner = method.key.partition(".")
    name = body.get(inner, "") if inner else request.pop(outer, "")
    query = {key: str(value) for key, value in request.items()}
    return Ask(method.named(name), query, body)


def _refuse(context: grpc.ServicerContext, refused: Refused) -> None:
    """End a call with a status, and say its details as Google's clients read them."""
    code: grpc.StatusCode = grpc.StatusCode[refused.status]
    status = {"code": code.value[0], "message": refused.message, "details": refused.details}
    told = json_format.ParseDict(status, status_pb2.Status())
    context.set_trailing_metadata((("grpc-status-details-bin", told.SerializeToString()),))
    context.abort(code, refused.message)
