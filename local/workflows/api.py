"""The REST interface of Workflows and Workflow Executions, at the paths of the real services."""

import json
from collections.abc import Callable
from typing import Any

import flask
from werkzeug.exceptions import HTTPException

from local.workflows import messages
from local.workflows.asking import Ask, Method
from local.workflows.functions.effects import METHODS
from local.workflows.methods import EXECUTION, methods
from local.workflows.runtime import Runtime
from local.workflows.statuses import Refused, by_code, invalid, refusal
from local.workflows.values import MEMORY_LIMIT

_BODY_LIMIT = 1024 * 1024
# What identifies the caller must not reach the journal or the workflow, nor where this machine serves at present.
_UNTOLD = {"Authorization", "X-Forwarded-Authorization", "Proxy-Authorization", "Cookie", "Host"}

Authorise = Callable[[flask.Request], None]
View = Callable[..., Any]


def _answered(refused: Refused) -> flask.Response:
    answer = flask.jsonify(refused.body())
    answer.status_code = refused.code
    return answer


def _guarded(view: View, authorise: Authorise) -> View:
    """Ask who is calling first, and turn every refusal into Google's shape."""

    def serve(**path: str) -> Any:
        try:
            authorise(flask.request)
            return view(**path)
        except HTTPException as error:
            return _answered(by_code(error.code or 500, error.description or error.name))
        except Exception as error:
            refused = refusal(error)
            if refused is None:
                raise
            return _answered(refused)

    return serve


def _read(most: int, what: str) -> bytes:
    """Read the body of a request as it was sent: whatever its type says, a form's is not taken apart."""
    request = flask.request
    data = b"" if (request.content_length or 0) > most else request.stream.read(most + 1)
    if (request.content_length or len(data)) > most:
        raise Refused("INVALID_ARGUMENT", f"{what} is larger than {most // 1024} KB", code=413)
    return data


def _body() -> dict[str, Any]:
    """Read the JSON object that a request says; its type need not say so, as the real services do not ask it to."""
    data = _read(_BODY_LIMIT, "the body")
    try:
        found = json.loads(data) if data.strip() else {}
    except (ValueError, RecursionError) as error:
        where = (
            f" from line {error.lineno}, column {error.colno}"
            if isinstance(error, json.JSONDecodeError)
            else ""
        )
        raise invalid(f"the body is not JSON{where}") from None
    if not isinstance(found, dict):
        raise invalid("the body must be a JSON object")
    return found


def _serving(method: Method) -> View:
    """Return the view of a method."""

    def serve(**path: str) -> Any:
        query = method.query(flask.request.args)
        return method.do(Ask(path, query, method.message(_body() if method.body else {})))

    return serve


def _calling(runtime: Runtime) -> View:
    """Return the view that takes a callback; it answers once the payload is safe on disk."""

    def call(workflow: str, execution: str, callback: str, **_: str) -> Any:
        request = flask.request
        data = _read(MEMORY_LIMIT, "the body of a callback")
        try:
            body = messages.received(data, request.content_type or "")
        except ValueError:
            raise invalid("the body says JSON and is not") from None
        query = {name: many if many[1:] else many[0] for name, many in request.args.lists()}
        runtime.callbacks.take(
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

    return call


def _unknown(**_: str) -> Any:
    """Refuse what neither API has."""
    request = flask.request
    raise Refused("NOT_FOUND", f"there is no method {request.method} {request.path}")


def blueprint(runtime: Runtime, authorise: Authorise) -> flask.Blueprint:
    """
    Serve the interface.

    *authorise* raises a PermissionError with a sentence for a caller that may not use it, a StrangerError where it
    knows none; the endpoint of what is about executions has `_Executions_` in it.
    """
    found = flask.Blueprint("workflows", __name__)

    def add(rule: str, name: str, view: View, verbs: tuple[str, ...]) -> None:
        guarded = _guarded(view, authorise)
        found.add_url_rule(
            rule, name, guarded, methods=list(verbs), provide_automatic_options=False
        )

    for method in methods(runtime):
        kind = "_Executions_" if method.executions else "_Workflows_"
        add(f"/v1/{method.of}{method.rest}", kind + method.name, _serving(method), (method.verb,))
    add(f"/v1/{EXECUTION}/callbacks/<callback>", "_Executions_call", _calling(runtime), METHODS)
    add("/v1/projects/<path:rest>", "_unknown", _unknown, METHODS)
    return found
