"""The REST interface of Workflows and Workflow Executions, at the paths of the real services."""

from collections.abc import Callable
from typing import Any

import flask
from werkzeug.exceptions import HTTPException

from local.workflows import messages
from local.workflows.callbacks import CallbackRefusedError
from local.workflows.errors import LoadError, UnavailableError
from local.workflows.filters import FilterError
from local.workflows.functions.effects import METHODS
from local.workflows.records import ACTIVE, MissingError
from local.workflows.runtime import Runtime
from local.workflows.values import from_json

_PAYLOAD_LIMIT = 512 * 1024
_BODY_LIMIT = 1024 * 1024
_BASE = "/v1/projects/<project>/locations/<location>/workflows"
_EXECUTION = f"{_BASE}/<workflow>/executions/<execution>"
# What identifies the caller must not reach the journal or the workflow, nor where this machine serves at present.
_UNTOLD = {"Authorization", "X-Forwarded-Authorization", "Proxy-Authorization", "Cookie", "Host"}
_STATUS = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    405: "UNIMPLEMENTED",
    409: "ALREADY_EXISTS",
    413: "INVALID_ARGUMENT",
    429: "RESOURCE_EXHAUSTED",
    503: "UNAVAILABLE",
}

_CODES: dict[type[Exception], int] = {
    MissingError: 404,
    LoadError: 400,
    FilterError: 400,
    UnavailableError: 503,
}

View = Callable[..., Any]


class _InvalidError(Exception):
    """Refuse a request with a sentence and a status."""

    def __init__(self, message: str, code: int = 400, status: str | None = None) -> None:
        self.code = code
        self.status = status
        super().__init__(message)


def _failed(code: int, message: str, status: str | None = None) -> flask.Response:
    name = status or _STATUS.get(code, "UNKNOWN")
    answer = flask.jsonify(error={"code": code, "message": message, "status": name})
    answer.status_code = code
    return answer


def _guarded(view: View, authorise: Callable[[flask.Request], None]) -> View:
    """Ask who is calling first, and turn every refusal into Google's shape."""

    def serve(**path: str) -> Any:
        try:
            authorise(flask.request)
            return view(**path)
        except HTTPException as error:
            if error.response is not None:
                return error.response
            return _failed(error.code or 500, error.description or error.name)
        except tuple(_CODES) as error:
            return _failed(_CODES[type(error)], str(error))
        except CallbackRefusedError as error:
            return _failed(error.code, str(error))
        except _InvalidError as error:
            return _failed(error.code, str(error), error.status)

    return serve


def _body() -> dict[str, Any]:
    if (flask.request.content_length or 0) > _BODY_LIMIT:
        raise _InvalidError("the body is larger than 1 MB", 413)
    found = flask.request.get_json(force=True, silent=True) if flask.request.data else {}
    if not isinstance(found, dict):
        raise _InvalidError("the body must be a JSON object")
    return found


def _text(body: dict[str, Any], key: str, default: str | None = None) -> str:
    value = body.get(key, default)
    if not isinstance(value, str):
        raise _InvalidError(f"'{key}' must be a string")
    return value


def _texts(body: dict[str, Any], key: str) -> dict[str, str]:
    value = body.get(key) or {}
    if not isinstance(value, dict) or not all(isinstance(v, str) for v in value.values()):
        raise _InvalidError(f"'{key}' must be a map of strings")
    return value


def _paging() -> tuple[int, str]:
    size, token = flask.request.args.get("pageSize", "0"), flask.request.args.get("pageToken", "")
    if not size.isdigit() or not (token.isdigit() or not token):
        raise _InvalidError("pageSize must be a number and pageToken one that a list returned")
    return int(size), token


class _Workflows:
    """The resource `workflows`."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    def _operation(self, verb: str, type: str, response: dict[str, Any]) -> dict[str, Any]:
        """Return a long-running operation that is done already; Google's client reads its answer by the type that it names."""
        runtime = self._runtime
        name = f"projects/{runtime.project}/locations/{runtime.location}/operations/{verb}"
        answer = {"@type": f"type.googleapis.com/google.{type}", **response}
        return {"name": name, "done": True, "response": answer}

    def create(self, **_: str) -> Any:
        """Deploy a workflow; deploying it again replaces it, as a demo that restarts needs."""
        workflow = flask.request.args.get("workflowId", "")
        if not workflow.replace("-", "").replace("_", "").isalnum():
            raise _InvalidError("workflowId must be a name of letters, digits, - and _")
        return self._deploy("create", workflow, _body())

    def patch(self, workflow: str, **_: str) -> Any:
        """Deploy another source, environment or description."""
        present = self._runtime.views.workflow(workflow)
        return self._deploy("update", workflow, {**present, **_body()})

    def _deploy(self, verb: str, workflow: str, body: dict[str, Any]) -> Any:
        source, description = _text(body, "sourceContents"), _text(body, "description", "")
        env = _texts(body, "userEnvVars")
        self._runtime.deploy(workflow, source, env, description=description)
        made = self._runtime.views.workflow(workflow)
        return self._operation(verb, "cloud.workflows.v1.Workflow", made)

    def get(self, workflow: str, **_: str) -> Any:
        """Return a workflow."""
        return self._runtime.views.workflow(workflow)

    def list(self, **_: str) -> Any:
        """List workflows."""
        return self._runtime.views.workflows(*_paging())

    def delete(self, workflow: str, **_: str) -> Any:
        """Delete a workflow, and cancel what it still executes."""
        self._runtime.views.workflow(workflow)
        self._runtime.delete(workflow)
        return self._operation("delete", "protobuf.Empty", {})


class _Executions:
    """The resource `executions` and what belongs to one."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    def create(self, workflow: str, **_: str) -> Any:
        """Start an execution."""
        body = _body()
        try:
            argument = from_json(_text(body, "argument", "null"))
        except ValueError:
            raise _InvalidError("'argument' must be a JSON text") from None
        try:
            made = self._runtime.execute(workflow, argument, labels=_texts(body, "labels"))
        except ValueError as error:
            raise _InvalidError(str(error)) from None
        return self._runtime.views.execution(made)

    def get(self, workflow: str, execution: str, **_: str) -> Any:
        """Return an execution."""
        return self._runtime.views.execution(execution, workflow)

    def list(self, workflow: str, **_: str) -> Any:
        """List executions."""
        args = flask.request.args
        return self._runtime.views.executions(
            workflow,
            *_paging(),
            filter=args.get("filter", ""),
            order_by=args.get("orderBy", ""),
            full=args.get("view") == "FULL",
        )

    def cancel(self, workflow: str, execution: str, **_: str) -> Any:
        """Cancel an execution."""
        if self._runtime.views.execution_row(execution, workflow)["state"] != ACTIVE:
            sentence = "the execution ended already"
            raise _InvalidError(sentence, status="FAILED_PRECONDITION")
        self._runtime.cancel(execution)
        return self._runtime.views.execution(execution, workflow)

    def triggered(self, workflow: str, **_: str) -> Any:
        """Start an execution with a message that a subscription pushed."""
        body = _body()
        if not isinstance(body.get("message"), dict):
            raise _InvalidError("'message' must be a map")
        argument = {"message": body["message"], "subscription": _text(body, "subscription", "")}
        try:
            made = self._runtime.execute(workflow, argument)
        except ValueError as error:
            raise _InvalidError(str(error)) from None
        return self._runtime.views.execution(made)

    def exported(self, workflow: str, execution: str, **_: str) -> Any:
        """Return everything about an execution as one JSON text."""
        return self._runtime.views.exported(execution, workflow)

    def forgotten(self, workflow: str, execution: str, **_: str) -> Any:
        """Forget the steps of an execution that ended."""
        if self._runtime.views.execution_row(execution, workflow)["state"] == ACTIVE:
            sentence = "the execution is active; its steps can be deleted once it ended"
            raise _InvalidError(sentence, status="FAILED_PRECONDITION")
        self._runtime.forget_steps(execution)
        return {}

    def callbacks(self, workflow: str, execution: str, **_: str) -> Any:
        """List the callbacks of an execution."""
        return self._runtime.views.callbacks(execution, workflow)

    def steps(self, workflow: str, execution: str, **_: str) -> Any:
        """List the steps of an execution."""
        return self._runtime.views.steps(execution, workflow, *_paging())

    def step(self, workflow: str, execution: str, entry: str, **_: str) -> Any:
        """Return a step of an execution."""
        return self._runtime.views.step(execution, workflow, entry)

    def call(self, workflow: str, execution: str, callback: str, **_: str) -> Any:
        """Take a callback; the answer is given once it is safe on disk."""
        request = flask.request
        too_large = f"the body of a callback is larger than {_PAYLOAD_LIMIT // 1024} KB"
        if (request.content_length or 0) > _PAYLOAD_LIMIT:
            raise _InvalidError(too_large, 413)
        data = request.stream.read(_PAYLOAD_LIMIT + 1)
        if len(data) > _PAYLOAD_LIMIT:
            raise _InvalidError(too_large, 413)
        try:
            body = messages.received(data, request.content_type or "")
        except ValueError:
            raise _InvalidError("the body says JSON and is not") from None
        query = {name: many if many[1:] else many[0] for name, many in request.args.lists()}
        self._runtime.callbacks.take(
            workflow,
            execution,
            callback,
            request.method,
            {
                "body": body,
                "headers": {k: v for k, v in request.headers.items() if k not in _UNTOLD},
                "method": request.method,
                "query": query,
                "url": request.full_path.rstrip("?"),
            },
        )
        return flask.Response(status=200)


def blueprint(runtime: Runtime, authorise: Callable[[flask.Request], None]) -> flask.Blueprint:
    """Serve the interface; *authorise* raises for callers that may not use it."""
    found = flask.Blueprint("workflows", __name__)
    workflows, executions = _Workflows(runtime), _Executions(runtime)
    routes: list[tuple[str, tuple[str, ...], View]] = [
        (_BASE, ("POST",), workflows.create),
        (_BASE, ("GET",), workflows.list),
        (f"{_BASE}/<workflow>", ("GET",), workflows.get),
        (f"{_BASE}/<workflow>", ("PATCH",), workflows.patch),
        (f"{_BASE}/<workflow>", ("DELETE",), workflows.delete),
        (f"{_BASE}/<workflow>/executions", ("POST",), executions.create),
        (f"{_BASE}/<workflow>/executions", ("GET",), executions.list),
        (f"{_BASE}/<workflow>:triggerPubsubExecution", ("POST",), executions.triggered),
        (f"{_EXECUTION}:cancel", ("POST",), executions.cancel),
        (f"{_EXECUTION}:exportData", ("GET",), executions.exported),
        (f"{_EXECUTION}:deleteExecutionHistory", ("POST",), executions.forgotten),
        (_EXECUTION, ("GET",), executions.get),
        (f"{_EXECUTION}/callbacks", ("GET",), executions.callbacks),
        (f"{_EXECUTION}/stepEntries", ("GET",), executions.steps),
        (f"{_EXECUTION}/stepEntries/<entry>", ("GET",), executions.step),
        (f"{_EXECUTION}/callbacks/<callback>", METHODS, executions.call),
    ]
    for rule, methods, view in routes:
        name = f"{type(view.__self__).__name__}.{view.__name__}".replace(".", "_")  # type: ignore[attr-defined]
        found.add_url_rule(
            rule,
            name,
            _guarded(view, authorise),
            methods=list(methods),
            provide_automatic_options=False,
        )
    return found
