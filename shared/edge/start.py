"""Start what a container serves, without the framework: the same functions, in one process."""

import gc
import logging
import os
from collections.abc import Iterable
from typing import Any

from shared.edge import ports
from shared.edge.container import Container
from shared.edge.entry import listener, methods
from shared.edge.loading import load
from shared.edge.logs import configure
from shared.edge.serving import view
from shared.edge.web import Begin, Request, Response, Wsgi
from shared.errors import Refusal
from shared.operation import Operation

log = logging.getLogger("waooaw")

MOST_S = 120
"""How long a request takes at most, where nobody says: as long as the longest of our functions may."""

AT_LEAST = 20_000
"""How many more things there are than there were when garbage is looked for: a start makes some 10,000 to 20,000."""


def run() -> None:
    """Serve the function that FUNCTION names until the container is told to end."""
    configure()
    app = application(os.environ["FUNCTION"])
    gc.freeze()
    # A first request builds what stays, the schemas of its models; it is not looked through again and again meanwhile.
    gc.set_threshold(AT_LEAST)
    gc.enable()
    most_s = int(os.environ.get("TIMEOUT_S", MOST_S))
    Container(app, port=int(os.environ.get("PORT", "8080")), most_s=most_s).run()


def application(id: str) -> Wsgi:
    """Import one function of the catalog, and nothing else, and make it answer over WSGI."""
    declared = load(id)
    if isinstance(declared, Operation):
        serve = view(declared, ports.process, methods=methods())

        def answer(environ: dict[str, Any], begin: Begin) -> Iterable[bytes]:
            return serve(Request(environ))(environ, begin)

        return answer
    take = listener(declared, ports.process)

    def told(environ: dict[str, Any], begin: Begin) -> Iterable[bytes]:
        from shared.edge.cloudevents import Event

        request = Request(environ)
        try:
            event = Event(request)
        except Refusal as refusal:
            return _refused(refusal, request)(environ, begin)
        try:
            take(event)
        except Exception:
            # It comes again, or is kept where it came too often.
            log.exception("%s failed", id)
            return Response("failed", 500)(environ, begin)
        return Response("OK")(environ, begin)

    return told


def _refused(refusal: Refusal, request: Request) -> Response:
    """Answer what is no event: nothing is done, and nothing comes again."""
    from uuid import uuid4

    from shared.edge.problems import response

    log.warning("no event came: %s", refusal)
    answer = response(refusal, path=request.path, correlation_id=str(uuid4()))
    if refusal.status == 405:
        answer.headers["Allow"] = "POST"
    return answer
