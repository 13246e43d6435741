"""
The HTTP connections of this process, by the standard library alone.

Almost every call of a function is its first: to import urllib3 and to read the certificates of all authorities takes
twice the CPU of all the rest of a read.
"""

import json
import os
import select
import threading
import time
from collections.abc import Mapping
from contextlib import closing, suppress
from functools import cache, cached_property
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

from shared.records import dataclass

if TYPE_CHECKING:
    import ssl

MOST_BYTES = 64 * 1024 * 1024
"""More than this is no answer of nearly anybody we call."""

MOST_KEPT = 32
"""So many connections are kept open."""

HASHED = "*.0"
"""How the files are called by which OpenSSL finds one authority in a folder, by the hash of its name."""

Place = tuple[str, str, int | None]
"""A scheme, a host and a port."""


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    body: bytes
    headers: Mapping[str, str]
    """Names in any case."""

    @cached_property
    def parsed(self) -> Any:
        """What the body says as JSON; None where it is none."""
        with suppress(ValueError, RecursionError):
            return json.loads(self.body)
        return None


class NoAnswer(Exception):
    """There is no answer, and why; `sent` says whether the request may have been done."""

    def __init__(self, why: str, *, sent: bool = True) -> None:
        """Say why."""
        super().__init__(why)
        self.why, self.sent = why, sent


class Pool:
    """Connections that are kept open; each carries one request at a time."""

    def __init__(self) -> None:
        """Nothing is connected before the first request."""
        self._kept: list[tuple[Place, HTTPConnection]] = []
        self._lock = threading.Lock()

    def send(
        self,
        method: str,
        url: str,
        *,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        timeout_s: float,
        within_s: float | None = None,
        most_bytes: int = MOST_BYTES,
    ) -> Answer:
        """
        Send a request once and return the answer, whatever it says; redirections are not followed.

        Args:
            method: The HTTP method.

            url: Where to.

            body: What to send.

            headers: Its headers.

            timeout_s: How long to wait for a connection and the beginning of an answer, and for each part of it.

            within_s: How long all of it may take, where that is more.

            most_bytes: How long the answer's body may be; of 0, nothing of it is read.

        Raises:
            NoAnswer: There is none; its cause is what went wrong.
        """
        begun = time.monotonic()
        until = begun + (within_s or timeout_s)
        address = urlsplit(url)
        place = (address.scheme, address.hostname or "", address.port)
        target = address._replace(scheme="", netloc="", fragment="").geturl() or "/"
        line = self._connected(place, timeout_s)
        whole = False
        try:
            line.sock.settimeout(max(0.001, begun + timeout_s - time.monotonic()))
            line.request(method, target, body=body, headers=dict(headers or {}))
            with closing(line.getresponse()) as answer:
                read = _read(answer, until, most_bytes) if most_bytes else b""
            whole = most_bytes > 0 and not answer.will_close
            return Answer(answer.status, read, cast("Mapping[str, str]", answer.headers))
        except (OSError, HTTPException) as error:
            raise NoAnswer(type(error).__name__) from error
        finally:
            if whole:
                self._keep(place, line)
            else:
                line.close()

    def clear(self) -> None:
        """Close what is kept."""
        with self._lock:
            kept, self._kept = self._kept, []
        for _, line in kept:
            line.close()

    def _connected(self, place: Place, timeout_s: float) -> HTTPConnection:
        """Return a connection that was kept and is still open, or another."""
        while kept := self._taken(place):
            if _is_open(kept):
                return kept
            kept.close()
        scheme, host, port = place
        line = (
            HTTPSConnection(host, port or 443, timeout=timeout_s, context=context())
            if scheme == "https"
            else HTTPConnection(host, port or 80, timeout=timeout_s)
        )
        try:
            line.connect()
        except OSError as error:
            line.close()
            raise NoAnswer(type(error).__name__, sent=False) from error
        return line

    def _taken(self, place: Place) -> HTTPConnection | None:
        """Take the one that was used last: it has the most time left before the other end closes it."""
        with self._lock:
            number = next((n for n in range(len(self._kept)) if self._kept[n][0] == place), None)
            return None if number is None else self._kept.pop(number)[1]

    def _keep(self, place: Place, line: HTTPConnection) -> None:
        with self._lock:
            self._kept.insert(0, (place, line))
            late = self._kept[MOST_KEPT:]
            del self._kept[MOST_KEPT:]
        for _, one in late:
            one.close()


def pool() -> Pool:
    """Return the connections of this process: a server forks after it has imported us."""
    global _shared  # noqa: PLW0603 - one pool of connections for the process
    with _sharing:
        if _shared is None or _shared[0] != os.getpid():
            _shared = (os.getpid(), Pool())
        return _shared[1]


@cache
def context() -> "ssl.SSLContext":
    """
    Return how TLS is spoken: one for all.

    Where the authorities are a folder, as OpenSSL keeps it, the one that is needed is read when it is needed: to read
    a file of all takes 20 ms of CPU.
    """
    import ssl

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    trusted = ssl.get_default_verify_paths()
    named = trusted.openssl_cafile_env in os.environ
    if trusted.capath and not named and any(Path(trusted.capath).glob(HASHED)):
        context.load_verify_locations(capath=trusted.capath)
    else:
        context.load_default_certs()
    return context


def _is_open(line: HTTPConnection) -> bool:
    """Say whether the other end has not closed it: what is idle has nothing to say."""
    said = select.poll()
    said.register(line.sock, select.POLLIN)
    return not said.poll(0)


def _read(answer: HTTPResponse, until: float, most_bytes: int) -> bytes:
    """Read an answer to its end, but neither without end nor for ever."""
    body, promised = bytearray(), answer.length
    while part := answer.read1(64 * 1024):
        body += part
        if len(body) > most_bytes or time.monotonic() > until:
            raise NoAnswer("an endless answer")
    if promised is not None and len(body) < promised:
        raise NoAnswer("half an answer")
    return bytes(body)


_shared: tuple[int, Pool] | None = None
_sharing = threading.Lock()
