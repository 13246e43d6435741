"""The four methods of executions over gRPC, for Google's own client libraries."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from concurrent import futures
from typing import Any

import grpc  # type: ignore[import-untyped]
from google.cloud.workflows import executions_v1
from google.cloud.workflows.executions_v1.types import Execution

from local.workflows.errors import StrangerError, UnavailableError
from local.workflows.filters import FilterError
from local.workflows.records import ACTIVE, MissingError
from local.workflows.runtime import Runtime
from local.workflows.values import from_json

_SERVICE = "google.cloud.workflows.executions.v1.Executions"
_THREADS = 4
_CODES: dict[type[Exception], grpc.StatusCode] = {
    MissingError: grpc.StatusCode.NOT_FOUND,
    UnavailableError: grpc.StatusCode.UNAVAILABLE,
    StrangerError: grpc.StatusCode.UNAUTHENTICATED,
    PermissionError: grpc.StatusCode.PERMISSION_DENIED,
    FilterError: grpc.StatusCode.INVALID_ARGUMENT,
    ValueError: grpc.StatusCode.INVALID_ARGUMENT,
}

Authorise = Callable[[Mapping[str, str], str], None]


class EndedError(Exception):
    """Say that an execution which is to be cancelled ended already."""


class Rpc:
    """
    Serve `Executions` on this machine only, without encryption.

    *authorise* is given the metadata of each call, names in lower case, and the workflow, and raises a
    PermissionError with a sentence for a caller that may not use it, a StrangerError where it knows none.
    """

    def __init__(self, runtime: Runtime, authorise: Authorise, *, port: int = 0) -> None:
        self._runtime = runtime
        self._authorise = authorise
        self._server = grpc.server(futures.ThreadPoolExecutor(_THREADS, "workflows-rpc"))
        methods: dict[str, tuple[Any, Callable[[Any], Any], Any]] = {
            "CreateExecution": (executions_v1.CreateExecutionRequest, self._create, Execution),
            "GetExecution": (executions_v1.GetExecutionRequest, self._get, Execution),
            "ListExecutions": (
                executions_v1.ListExecutionsRequest,
                self._list,
                executions_v1.ListExecutionsResponse,
            ),
            "CancelExecution": (executions_v1.CancelExecutionRequest, self._cancel, Execution),
        }
        handlers = {
            name: grpc.unary_unary_rpc_method_handler(
                self._guarded(method),
                request_deserializer=taken.deserialize,
                response_serializer=given.serialize,
            )
            for name, (taken, method, given) in methods.items()
        }
        self._server.add_generic_rpc_handlers(
            (grpc.method_handlers_generic_handler(_SERVICE, handlers),)
        )
        self.port = self._server.add_insecure_port(f"127.0.0.1:{port}")

    def start(self) -> None:
        """Begin to serve."""
        self._server.start()

    def stop(self) -> None:
        """End what is under way and stop."""
        self._server.stop(grace=1).wait()

    def _guarded(self, method: Callable[[Any], Any]) -> Callable[[Any, grpc.ServicerContext], Any]:
        def serve(request: Any, context: grpc.ServicerContext) -> Any:
            try:
                sent = {str(k): str(v) for k, v in context.invocation_metadata()}
                self._authorise(sent, _asked(request))
                return method(request)
            except EndedError as error:
                context.abort(grpc.StatusCode.FAILED_PRECONDITION, str(error))
            except tuple(_CODES) as error:
                codes = (code for kind, code in _CODES.items() if isinstance(error, kind))
                context.abort(next(codes), str(error))

        return serve

    def _create(self, request: executions_v1.CreateExecutionRequest) -> Execution:
        workflow = _workflow(request.parent)
        try:
            argument = from_json(request.execution.argument or "null")
        except ValueError:
            raise ValueError("'argument' must be a JSON text") from None
        labels = dict(request.execution.labels)
        made = self._runtime.execute(workflow, argument, labels=labels)
        return _execution(self._runtime.execution(made))

    def _get(self, request: executions_v1.GetExecutionRequest) -> Execution:
        workflow, execution = _names(request.name)
        found = self._runtime.views.execution(execution, workflow)
        if request.view == executions_v1.ExecutionView.BASIC:
            found = {k: v for k, v in found.items() if k not in {"argument", "result", "error"}}
        return _execution(found)

    def _list(
        self, request: executions_v1.ListExecutionsRequest
    ) -> executions_v1.ListExecutionsResponse:
        if request.page_token and not request.page_token.isdigit():
            raise ValueError("page_token must be one that a list returned")
        page = self._runtime.views.executions(
            _workflow(request.parent),
            request.page_size,
            request.page_token,
            filter=request.filter,
            order_by=request.order_by,
            full=request.view == executions_v1.ExecutionView.FULL,
        )
        return executions_v1.ListExecutionsResponse(
            executions=[_execution(one) for one in page["executions"]],
            next_page_token=page["nextPageToken"],
        )

    def _cancel(self, request: executions_v1.CancelExecutionRequest) -> Execution:
        workflow, execution = _names(request.name)
        if self._runtime.views.execution_row(execution, workflow)["state"] != ACTIVE:
            raise EndedError("the execution ended already")
        self._runtime.cancel(execution)
        return _execution(self._runtime.execution(execution))


def _asked(request: Any) -> str:
    """Return the workflow that a request is about."""
    parent: str = request.parent if hasattr(request, "parent") else request.name
    return _workflow(parent.partition("/executions/")[0])


def _workflow(name: str) -> str:
    parts = name.split("/")
    if len(parts) != 6 or parts[4] != "workflows":
        raise ValueError(f"'{name}' is not projects/…/locations/…/workflows/…")
    return parts[5]


def _names(name: str) -> tuple[str, str]:
    """Return the workflow and the execution that a name names."""
    parent, _, execution = name.rpartition("/executions/")
    return _workflow(parent), execution


def _execution(found: dict[str, Any]) -> Execution:
    """Write an execution of the REST interface as a message."""
    message = Execution.from_json(json.dumps(found), ignore_unknown_fields=True)
    assert isinstance(message, Execution)  # noqa: S101 - what `from_json` of the class makes
    return message
