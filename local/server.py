"""One port for everything: the API, its description, the workflow engine, and what only one machine has."""

import json
import logging
import re
import threading
from collections.abc import Callable, Collection, Iterable, Mapping
from functools import cache, cached_property
from itertools import groupby
from typing import Any
from uuid import uuid4

import flask
from flask.json.provider import DefaultJSONProvider
from werkzeug.exceptions import HTTPException

from local.connections import Limits, Listening, Longest
from local.hosts import Names, Wsgi
from local.refused import OF_GOOGLE, refused
from shared.dialects import spoken_at
from shared.edge.catalog import operations
from shared.edge.ports import Ports
from shared.edge.problems import Internal, response
from shared.edge.serving import View, view
from shared.edge.web import Request, Response
from shared.errors import BadRequest, MethodNotAllowed, NotFound, Refusal, TooLarge
from shared.observability import Traffic
from shared.operation import Operation

log = logging.getLogger("waooaw")

USUAL_BYTES = 1024 * 1024
"""How long a body may be where no operation takes more."""

WHOLE = frozenset({Traffic})
"""Ports that are whole in one process alone: whoever asks for what names one is answered there, as whoever listens is."""


Hold = Callable[[Response, Request], Response]


def as_it_is(answer: Response, _: Request) -> Response:
    """Hold no answer open, as no function does."""
    return answer


def application(ports: Ports, hold: Hold = as_it_is) -> flask.Flask:
    """
    Mount the whole catalog; the same views as in the cloud, at the same paths.

    Workflows call the functions directly, each at its own name and path, as they do in the cloud.

    Args:
        ports: What it reaches.

        hold: Holds open what may be, of what is asked at the addresses of the API.
    """
    app = flask.Flask("waooaw")
    app.json = _Json(app)
    served: dict[str, View] = {}
    alone = set[View]()
    for path, there in groupby(sorted(operations(), key=_path), key=_path):
        found = list(there)
        mounted = _mount(app, ports, path, found, hold)
        for op in found:
            mounted |= _mount(app, ports, path, [op], as_it_is, f"/functions/{op.function_name}")
        served |= mounted
        if any(op.tells or WHOLE & set(op.ports.values()) for op in found):
            alone.update(mounted.values())
    app.register_error_handler(HTTPException, _problem)
    app.register_error_handler(Refusal, _refused)
    app.wsgi_app = Direct(app, served, alone)  # type: ignore[method-assign]
    return app


class _Json(DefaultJSONProvider):
    """JSON, of which what is nested too deeply is none."""

    def loads(self, s: str | bytes, **kwargs: Any) -> Any:
        try:
            return super().loads(s, **kwargs)
        except RecursionError as error:
            raise ValueError("it is nested too deeply") from error


class Direct:
    """
    Hands requests for an operation to it, past the contexts that Flask has for each: no operation knows of them.

    Whatever is not plainly the address of one goes Flask's way.
    """

    def __init__(
        self, app: flask.Flask, served: Mapping[str, View], alone: Collection[View] = ()
    ) -> None:
        """Say of which rules of *app* the views need no more than a request, and which of them are for one process."""
        self._app, self._served, self._otherwise = app, served, app.wsgi_app
        self._alone = alone

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        """Answer one request."""
        view = self._at(environ)
        if view is None:
            return self._otherwise(environ, start_response)
        answer = view(Request(environ))
        if environ["REQUEST_METHOD"] == "HEAD" or not _whole(answer):
            return answer(environ, start_response)
        # What it would make sure of is so already.
        start_response(answer.status, answer.headers.items())
        return answer.parts

    def anywhere(self, path: str) -> bool:
        """Say whether any process may answer at a path."""
        view = self._at({"PATH_INFO": path})
        return view is not None and view not in self._alone

    def _at(self, environ: Mapping[str, Any]) -> View | None:
        place: Any = self._tree
        for part in environ["PATH_INFO"].split("/"):
            # As Flask does, a name goes before a parameter, and a parameter is something.
            place = place.get(part) or (place.get(_ANY) if part else None)
            if place is None:
                return None
        found: View | None = place.get(_END)
        return found

    @cached_property
    def _tree(self) -> dict[Any, Any]:
        """All rules of the application, part by part; once it serves, no more are added."""
        tree: dict[Any, Any] = {}
        for rule in self._app.url_map.iter_rules():
            place = tree
            for part in rule.rule.split("/"):
                place = place.setdefault(_ANY if part.startswith("<") else part, {})
            # Where two rules look alike from here, Flask tells them apart.
            place[_END] = None if _END in place else self._served.get(rule.endpoint)
        return tree


_ANY, _END = object(), object()


def _whole(answer: Response) -> bool:
    """Say whether an answer is there from its first byte to its last."""
    return answer.is_whole and answer.status_code not in {204, 304}


def _path(op: Operation) -> str:
    return op.path


def _mount(
    app: flask.Flask,
    ports: Ports,
    path: str,
    found: list[Operation],
    hold: Hold,
    prefix: str = "",
) -> dict[str, View]:
    """
    Have an address served by its operations, whatever the method: one that none takes is told by any of them.

    Returns:
        What serves it, by the name of its rule.
    """
    methods = [method for op in found for method in op.methods]
    views = {
        method: view(op, lambda: ports, methods=methods) for op in found for method in op.methods
    }
    first = views[methods[0]]

    def mounted(request: Request) -> Response:
        serve = views.get(request.method, first)
        if not prefix:
            return hold(serve(request), request)
        # Requests are served as the function meets them: without the prefix that it is reached by.
        environ = request.environ
        told = {"SCRIPT_NAME": prefix, "PATH_INFO": environ["PATH_INFO"].removeprefix(prefix)}
        return serve(Request(environ | told))

    # `add_url_rule` knows no rule of every method, also of those that nobody heard of.
    rule = re.sub(r"{(\w+)}", r"<\1>", prefix + path)
    app.url_map.add(app.url_rule_class(rule, endpoint=prefix + path))
    app.view_functions[prefix + path] = lambda **_: mounted(Request(flask.request.environ))
    return {prefix + path: mounted}


def _refused(refusal: Refusal) -> Any:
    """Answer what one machine alone serves, and refuses, as every operation would."""
    return response(refusal, path=flask.request.path, correlation_id=str(uuid4()))


def _problem(error: HTTPException) -> Any:
    """Answer what the application itself refuses; what is no refusal is a defect, and tells nothing of itself."""
    if error.response is not None:
        return error.response
    path, correlation_id = flask.request.path, str(uuid4())
    match error.code:
        case 404:
            refusal: Refusal = NotFound(
                "there is nothing at this address; /docs lists all addresses"
            )
        case 405:
            refusal = MethodNotAllowed("this address takes another method; /docs says which")
        case 413:
            refusal = TooLarge("the body is longer than this address takes")
        case code if code and 400 <= code < 500:
            refusal = BadRequest(error.description or "the request cannot be understood")
        case _:
            defect = getattr(error, "original_exception", None) or error
            told = {"correlation_id": correlation_id}
            log.error("%s failed", path, extra=told, exc_info=defect)
            refusal = Internal("this one is on us; quote the correlation id")
    if path.startswith(OF_GOOGLE):
        document, kind = refused(refusal, path=path, correlation_id=correlation_id)
        return Response(json.dumps(document), refusal.status, {"Content-Type": kind})
    answer = response(refusal, path=path, correlation_id=correlation_id, dialect=spoken_at(path))
    if error.code == 405 and getattr(error, "valid_methods", None):
        answer.headers["Allow"] = ", ".join(error.valid_methods)  # type: ignore[attr-defined]
    return answer


def counted(app: Wsgi, add: Callable[[int], None]) -> Wsgi:
    """Count the requests under way, as the clock may only jump between them."""

    def answer(environ: dict[str, Any], start_response: Any) -> Any:
        add(1)
        try:
            return app(environ, start_response)
        finally:
            add(-1)

    return answer


def longest_body(path: str) -> int:
    """Return how long a body the address at *path* takes."""
    taken = (op.max_bytes for op in _taking_more() if op.pattern.fullmatch(path))
    return max(taken, default=USUAL_BYTES)


@cache
def _taking_more() -> list[Operation]:
    return [op for op in operations() if op.max_bytes > USUAL_BYTES]


class Server:
    """Serves an application on this machine, with so many threads and no more, and under its own names only."""

    def __init__(
        self,
        app: Wsgi,
        *,
        port: int,
        threads: int,
        longest: Longest,
        hosts: Iterable[str] = (),
        origins: Iterable[str] = (),
    ) -> None:
        """Take the port; 0 takes a free one."""
        self._server = Listening(app, Limits(port=port, longest=longest), threads=threads)
        self.port = int(self._server.effective_port)
        self._server.application = Names(self.port, hosts, origins).only(app)
        self._thread = threading.Thread(target=self._server.run, name="server", daemon=True)

    @property
    def listening(self) -> Listening:
        """What it listens with."""
        return self._server

    @property
    def address(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def stop(self) -> None:
        """Finish what is under way, and end."""
        self.finish()
        self._thread.join()
        self._server.end()

    def finish(self) -> None:
        """Begin to end: take nobody any more."""
        self._server.wake(self._server.finish)
