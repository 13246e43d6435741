"""One port for everything: the API, its description, the workflow engine, and what only one machine has."""

import re
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import flask
from werkzeug.exceptions import HTTPException

from shared.edge.catalog import operations
from shared.edge.ports import Ports
from shared.edge.problems import response
from shared.edge.serving import View, view
from shared.errors import BadRequest, MethodNotAllowed, NotFound, Refusal


def application(ports: Ports) -> flask.Flask:
    """Mount the whole catalog; the same views as in the cloud, at the same paths."""
    app = flask.Flask("waooaw")
    for op in operations():
        rule = re.sub(r"{(\w+)}", r"<\1>", op.path)
        options = [op.method, "OPTIONS"]
        app.add_url_rule(
            rule,
            op.id,
            _mounted(view(op, lambda: ports)),
            methods=options,
            provide_automatic_options=False,
        )
    app.register_error_handler(HTTPException, _problem)
    return app


def _mounted(serve: View) -> Callable[..., flask.Response]:
    def mounted(**_: Any) -> flask.Response:
        return serve(flask.request)

    return mounted


def _problem(error: HTTPException) -> Any:
    if error.response is not None:
        return error.response
    refusal: Refusal = BadRequest(error.description or "the request cannot be understood")
    if error.code == 404:
        refusal = NotFound("there is nothing at this address; /docs lists all addresses")
    elif error.code == 405:
        refusal = MethodNotAllowed("this address takes another method; /docs says which")
    path = flask.request.path
    answer = response(refusal, path=path, correlation_id=str(uuid4()))
    if error.code == 405 and getattr(error, "valid_methods", None):
        answer.headers["Allow"] = ", ".join(error.valid_methods)  # type: ignore[attr-defined]
    return answer
