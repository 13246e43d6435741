"""
The HTTP connections of this process, by the standard library alone.

Almost every call of a function is its first: to import urllib3 and to read the certificates of all authorities takes
twice the CPU of all the rest of a read.
"""

import json
import os
import re
import select
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, suppress
from functools import cache, cached_property, partial
from http.client import (
    HTTPConnection,
    HTTPException,
    HTTPResponse,
    HTTPSConnection,
    RemoteDisconnected,
    parse_headers,
)
from itertools import chain, repeat
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

from shared.records import dataclass

if TYPE_CHECKING:
    import ssl

MOST_BYTES = 64 * 1024 * 1024
"""More than this is no answer of nearly anybody we call."""

MOST_INTERIM = 16
"""So many answers that are not the final one may come before it."""

MOST_LINE_BYTES = 64 * 1024
"""No line is longer."""

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


class TooLong(NoAnswer):
    """The answer is longer than whoever asked takes."""


_STATUS = re.compile(rb"HTTP/1\.[0-9][ \t]+[0-9]{3}(?:[ \t][^\r\n\0]*)?\r?\n").fullmatch
_FIELD = re.compile(rb"(?:[!#$%&'*+.^_`|~0-9A-Za-z-]+:[^\r\n\0]*)?\r?\n").fullmatch
_FURTHER = re.compile(rb"(?:(?:[!#$%&'*+.^_`|~0-9A-Za-z-]+:|[ \t])[^\r\n\0]*)?\r?\n").fullmatch
"""A field, or the rest of the one before."""

_CHUNK = re.compile(rb"([0-9A-Fa-f]{1,16})(?:[ \t]*;[^\r\n\0]*)?\r\n").fullmatch
"""What the lines of an answer are (RFC 9112): in a head one may end with LF alone, and in a body none."""

_LENGTH = re.compile(r"[0-9]{1,18}")


class Whole(HTTPResponse):
    """A final answer that came whole, and is framed as RFC 9112 says; its base takes more for one."""

    def __init__(
        self, sock: Any, *of: Any, wait: Callable[[Any], object] = id, **named: Any
    ) -> None:
        """Say what is done to the socket before it is waited for, besides what the base takes."""
        super().__init__(sock, *of, **named)
        self.said = self.fp = _Said(self.fp.detach(), lambda: wait(sock))  # type: ignore[assignment]

    def begin(self) -> None:
        """Read the head, which says in one way how long the body is."""
        super().begin()
        lengths = {said.strip(" \t") for said in self.headers.get_all("Content-Length", ())}
        codings = self.headers.get_all("Transfer-Encoding", ())
        chunked = self.chunked and len(codings) == 1 and self.version == 11
        if (
            (codings and not chunked)
            or len(lengths) > 1
            or not all(map(_LENGTH.fullmatch, lengths))
        ):
            raise NoAnswer("an answer of no known length")
        if self.status in {204, 304}:
            self.chunked = False  # It has no body, whatever it says.

    def _read_status(self) -> tuple[str, int, str]:
        for _ in range(MOST_INTERIM + 1):
            self.said.forms = chain((_STATUS, _FIELD), repeat(_FURTHER))
            said: tuple[str, int, str] = super()._read_status()  # type: ignore[misc]
            if said[1] >= 200:
                return said
            if said[1] == 101:
                break  # Another protocol was not asked for.
            parse_headers(self.fp)
        raise NoAnswer("no final answer")

    def _get_chunk_left(self) -> int | None:
        if self.chunk_left == 0:
            if self.said.read(2) != b"\r\n":
                raise NoAnswer("a part that is longer than it says")
            self.chunk_left = None
        left: int | None = super()._get_chunk_left()  # type: ignore[misc]
        return left

    def _read_next_chunk_size(self) -> int:
        self.said.forms = chain((_CHUNK, _FIELD), repeat(_FURTHER))
        return int(self.said.readline(MOST_LINE_BYTES).rstrip().partition(b";")[0], 16)


class _Said:
    """What a connection brings: a line that does not end, or has another form, is none; what nobody took is left."""

    forms: Iterator[Callable[[bytes], object]]
    """What the next lines are."""

    def __init__(self, raw: Any, wait: Callable[[], object]) -> None:
        self._raw, self._wait, self.left = raw, wait, bytearray()
        self.close, self.flush = raw.close, raw.flush

    def readline(self, most: int) -> bytes:
        while not (end := self.left.find(b"\n") + 1) and len(self.left) < most:
            if not self._more():
                raise RemoteDisconnected("a line that does not end")
        line = self.read1(min(end or most, most))
        if not next(self.forms)(line):
            raise NoAnswer("a line that is none of HTTP")
        return line

    def read(self, most: int) -> bytes:
        while len(self.left) < most and self._more():
            pass
        return self.read1(most)

    def read1(self, most: int) -> bytes:
        if most and not self.left:
            self._more()
        taken = bytes(self.left[:most])
        del self.left[:most]
        return taken

    def _more(self) -> bool:
        self._wait()
        part = self._raw.read(64 * 1024)
        self.left += part
        return bool(part)


class _Line(HTTPConnection):
    """A connection that knows whether a whole head went out on it: without one nothing is asked."""

    asked = False

    def send(self, data: Any) -> None:
        super().send(data)
        self.asked = True


class _Tls(_Line, HTTPSConnection):
    """The same, with TLS."""


class Pool:
    """Connections, each of which carries one request at a time, and so many of which are kept open."""

    def __init__(
        self, kept: int = MOST_KEPT, tls: Callable[[], "ssl.SSLContext"] | None = None
    ) -> None:
        """Nothing is connected before the first request; say how many are kept, and how TLS is spoken."""
        self._most, self._tls = kept, tls
        self._kept: list[tuple[Place, _Line]] = []
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
        before: Callable[[], object] = tuple,
    ) -> Answer:
        """
        Send a request once and return the answer, whatever it says; redirections are not followed.

        Args:
            method: The HTTP method.

            url: Where to.

            body: What to send.

            headers: Its headers.

            timeout_s: How long to wait for a connection, and for each part of an answer.

            within_s: How long all of it may take, where that is more.

            most_bytes: How long the answer's body may be; of 0, nothing of it is read.

            before: Called when there is a connection; where it raises, nothing is sent.

        Raises:
            NoAnswer: There is none; its cause is what went wrong.
        """
        until = time.monotonic() + (within_s or timeout_s)
        address = urlsplit(url)
        place = (address.scheme, address.hostname or "", address.port)
        target = address._replace(scheme="", netloc="", fragment="").geturl() or "/"
        said = whole = False
        wait = partial(_wait, timeout_s, until)
        line = self._connected(place, wait)
        line.response_class = partial(Whole, wait=wait)  # type: ignore[assignment]
        line.asked = False
        try:
            before()
            wait(line.sock)
            # Who answers before all was said, and hangs up, has answered.
            with suppress(BrokenPipeError, ConnectionResetError):
                line.request(method, target, body=body, headers=dict(headers or {}))
                said = True
            with closing(cast("Whole", line.getresponse())) as answer:
                read = _read(answer, most_bytes) if most_bytes else b""
            whole = said and most_bytes > 0 and not answer.will_close and not answer.said.left
            return Answer(answer.status, read, cast("Mapping[str, str]", answer.headers))
        except (OSError, HTTPException) as error:
            raise NoAnswer(type(error).__name__, sent=line.asked) from error
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

    def _connected(self, place: Place, wait: Callable[[socket.socket], None]) -> _Line:
        """Return a connection that was kept and is still open, or another."""
        while kept := self._taken(place):
            if _is_open(kept):
                return kept
            kept.close()
        scheme, host, port = place
        line = (
            _Tls(host, port or 443, context=(self._tls or context)())
            if scheme == "https"
            else _Line(host, port or 80)
        )
        line._create_connection = partial(_dialled, wait)  # type: ignore[attr-defined] # noqa: SLF001
        try:
            line.connect()
            if _hung_up(line):
                raise ConnectionResetError
        # To Python a name with too long a part is text that cannot be encoded.
        except (OSError, UnicodeError) as error:
            line.close()
            raise NoAnswer(type(error).__name__, sent=False) from error
        return line

    def _taken(self, place: Place) -> _Line | None:
        """Take the one that was used last: it has the most time left before the other end closes it."""
        with self._lock:
            number = next((n for n in range(len(self._kept)) if self._kept[n][0] == place), None)
            return None if number is None else self._kept.pop(number)[1]

    def _keep(self, place: Place, line: _Line) -> None:
        with self._lock:
            self._kept.insert(0, (place, line))
            late = self._kept[self._most :]
            del self._kept[self._most :]
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


def _wait(timeout_s: float, until: float, sock: socket.socket) -> None:
    """Have a socket wait so long, but for nothing when the time is over."""
    if (left_s := until - time.monotonic()) <= 0:
        raise TimeoutError
    sock.settimeout(min(timeout_s, left_s))


def _dialled(wait: Callable[[socket.socket], None], place: Any, *_: Any) -> socket.socket:
    """Connect to the first address of a name that answers; each has the time that is left, and so has TLS."""
    why, (host, port) = OSError(), place
    for family, *_rest, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
        made = socket.socket(family)
        try:
            wait(made)
            made.connect(address)
            wait(made)
        except OSError as error:
            made.close()
            why = error
        else:
            return made
    raise why


def _is_open(line: HTTPConnection) -> bool:
    """Say whether the other end has not closed it: what is idle has nothing to say."""
    said = select.poll()
    said.register(line.sock, select.POLLIN)
    return not said.poll(0)


def _hung_up(line: HTTPConnection) -> bool:
    """Say whether the other end hung up before it was asked; TLS may have said more, which is no end."""
    said = select.poll()
    said.register(line.sock, getattr(select, "POLLRDHUP", 0))
    return bool(said.poll(0))


def _read(answer: HTTPResponse, most_bytes: int) -> bytes:
    """Read an answer to its end, but not without end."""
    body, promised = bytearray(), answer.length
    while part := answer.read1(64 * 1024):
        body += part
        if len(body) > most_bytes:
            raise TooLong("an endless answer")
    if promised is not None and len(body) < promised:
        raise NoAnswer("half an answer")
    return bytes(body)


_shared: tuple[int, Pool] | None = None
_sharing = threading.Lock()
