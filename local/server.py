"""One port for everything: the API, its description, the workflow engine, and what only one machine has."""

import logging
import re
import threading
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import flask
import waitress
from waitress import wasyncore
from werkzeug.exceptions import HTTPException

from shared.edge.catalog import operations
from shared.edge.ports import Ports
from shared.edge.problems import response
from shared.edge.serving import View, view
from shared.errors import BadRequest, MethodNotAllowed, NotFound, Refusal


def application(ports: Ports) -> flask.Flask:
    """
    Mount the whole catalog; the same views as in the cloud, at the same paths.

    Workflows call the functions directly, each at its own name and path, as they do in the cloud.
    """
    app = flask.Flask("waooaw")
    for op in operations():
        rule = re.sub(r"{(\w+)}", r"<\1>", op.path)
        serve = view(op, lambda: ports)
        direct = f"/functions/{op.function_name}"
        for prefix in ("", direct):
            app.add_url_rule(
                prefix + rule,
                prefix + op.id,
                _mounted(serve, prefix),
                methods=[op.method, "OPTIONS"],
                provide_automatic_options=False,
            )
    app.register_error_handler(HTTPException, _problem)
    app.register_error_handler(Refusal, _refused)
    return app


def _mounted(serve: View, prefix: str) -> Callable[..., flask.Response]:
    """Serve requests as the function meets them: without the prefix that it is reached by."""

    def mounted(**_: Any) -> flask.Response:
        if not prefix:
            return serve(flask.request)
        environ = flask.request.environ
        path = {"SCRIPT_NAME": prefix, "PATH_INFO": environ["PATH_INFO"].removeprefix(prefix)}
        return serve(flask.Request(environ | path))

    return mounted


def _refused(refusal: Refusal) -> Any:
    """Answer what one machine alone serves, and refuses, as every operation would."""
    return response(refusal, path=flask.request.path, correlation_id=str(uuid4()))


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


class Server:
    """Serves an application on this machine, with so many threads and no more."""

    def __init__(self, app: Callable[..., Any], *, port: int, threads: int, max_bytes: int) -> None:
        """Take the port; 0 takes a free one."""
        self._server: Any = waitress.create_server(
            app,
            host="127.0.0.1",
            port=port,
            threads=threads,
            max_request_body_size=max_bytes,
            ident="waooaw",
        )
        self._thread = threading.Thread(target=self._server.run, name="server", daemon=True)

    @property
    def address(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self._server.effective_port}"

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def stop(self) -> None:
        """Finish what is under way, and end."""
        server = self._server
        server.trigger.pull_trigger(lambda: wasyncore.close_all(server._map))  # noqa: SLF001
        self._thread.join()
        server.task_dispatcher.shutdown()


logging.getLogger("waitress.queue").setLevel(logging.ERROR)
