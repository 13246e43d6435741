"""
Who this machine's servers answer: requests to one of their own names, and of browsers only those of their own pages.

A page from elsewhere may have its own name lead here (DNS rebinding); then its requests are of its own origin, and only
the name in `Host` says that they are not for us. It is looked at before anything else, for every path.
"""

from collections.abc import Callable, Iterable
from typing import Any
from uuid import uuid4

from shared.edge.problems import response
from shared.errors import Forbidden, Refusal

HERE = ("127.0.0.1", "localhost", "[::1]")
READING = frozenset({"GET", "HEAD", "OPTIONS"})

Wsgi = Callable[[dict[str, Any], Any], Any]


class Misdirected(Refusal):
    """The request names another host."""

    status, code, title = 421, "bad_request", "This is another host"


class Names:
    """The names of one server."""

    def __init__(self, port: int, more: Iterable[str] = (), origins: Iterable[str] = ()) -> None:
        """
        Know the names of this machine by itself.

        Args:
            port: Where the server listens.

            more: Further hosts that it is reached by, each with its port where that is not the scheme's own.

            origins: The web origins that browsers may call from.
        """
        own = [f"{host}:{port}" for host in HERE] + (list(HERE) if port == 80 else [])
        self.hosts = frozenset(own) | frozenset(more)
        pages = {f"{scheme}://{host}" for host in self.hosts for scheme in ("http", "https")}
        self._origins = pages | frozenset(origins)

    def only(self, app: Wsgi) -> Wsgi:
        """Answer for *app* what is not for it."""

        def answer(environ: dict[str, Any], start_response: Any) -> Any:
            refusal = self._refusal(environ)
            if refusal is None:
                return app(environ, start_response)
            told = response(refusal, path=environ["PATH_INFO"], correlation_id=str(uuid4()))
            return told(environ, start_response)

        return answer

    def _refusal(self, environ: dict[str, Any]) -> Refusal | None:
        if environ.get("HTTP_HOST", "").lower() not in self.hosts:
            names = ", ".join(sorted(self.hosts))
            return Misdirected(f"this is served as {names}; HOSTS=… adds a name")
        origin = environ.get("HTTP_ORIGIN")
        changes = environ["REQUEST_METHOD"] not in READING
        if changes and origin is not None and origin not in self._origins:
            return Forbidden(
                "pages from elsewhere change nothing here; ORIGINS=… names those that may"
            )
        return None
