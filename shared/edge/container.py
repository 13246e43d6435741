"""
Serve in one process, one request at a time: what a container is asked that has less than a CPU.

Cloud Run tells an instance to end by SIGTERM, and ends it ten seconds later. What is half sent holds nobody else up:
a connection is read when something has come, and closed after its answer. Requests come through Google's front, so
what is not plainly one is refused, and nothing is made of it.
"""

import faulthandler
import logging
import re
import select
import signal
import socket
import sys
import time
from collections.abc import Iterable
from contextlib import suppress
from typing import Any, BinaryIO
from urllib.parse import unquote_to_bytes

from shared.edge.web import Wsgi

MOST_LINE_BYTES, MOST_HEADERS = 64 * 1024, 100
COMING_S, LEAVING_S = 20.0, 2.0
"""How long what is coming may take from one piece to the next, and how long a client may take to go."""

ENDING_S = 5
"""How much longer than a request may take it is waited for its end, before the process is ended."""

_LINE = re.compile(rb"([!#-'*+.0-9A-Z^-z|~-]{1,40}) (/[!-~]*) HTTP/1\.[01]")
_HEADER = re.compile(rb"([!#$%&'*+.0-9A-Z^_`a-z|~-]+):[ \t]*([\t -~\x80-\xff]*)")
_SIZE = re.compile(rb"([0-9a-fA-F]{1,15})[ \t]*(;[\t -~]*)?")

log = logging.getLogger("waooaw.container")


class NoRequest(Exception):
    """What has come is no request, or none that is answered; it says with which status that is told."""

    status = "400 Bad Request"


class NotSpoken(NoRequest):
    """It is in an encoding that is not taken."""

    status = "501 Not Implemented"


class Container:
    """A process that answers at one port."""

    def __init__(self, app: Wsgi, *, port: int, most_s: int, host: str = "0.0.0.0") -> None:  # noqa: S104 - Cloud Run's
        """Take the port and the signals; a request that takes longer than *most_s*, and some more, ends the process."""
        self._app, self._most_s = app, most_s
        self._listening = socket.create_server((host, port), backlog=64)
        self.port: int = self._listening.getsockname()[1]
        self._ending, self._woken = False, socket.socketpair()
        for one in self._woken:
            one.setblocking(False)
        signal.set_wakeup_fd(self._woken[1].fileno())
        for ends in (signal.SIGTERM, signal.SIGINT):
            signal.signal(ends, self._end)

    def run(self) -> None:
        """Answer until a signal says to end; what is under way is finished."""
        self._listening.setblocking(False)
        waiting: dict[int, socket.socket] = {}
        poll = select.poll()
        poll.register(self._listening, select.POLLIN)
        poll.register(self._woken[0], select.POLLIN)
        while not self._ending:
            for fd, _ in poll.poll():
                if fd == self._listening.fileno():
                    with suppress(OSError):
                        client, _ = self._listening.accept()
                        waiting[client.fileno()] = client
                        poll.register(client, select.POLLIN)
                elif fd in waiting and not self._ending:
                    poll.unregister(fd)
                    self._serve(waiting.pop(fd))
        self._listening.close()

    def _end(self, *_: object) -> None:
        self._ending = True

    def _serve(self, client: socket.socket) -> None:
        faulthandler.dump_traceback_later(self._most_s + ENDING_S, exit=True, file=sys.stderr)
        try:
            client.settimeout(COMING_S)
            with client, client.makefile("rb") as coming:
                self._answer(client, coming)
                _let_go(client)
        except OSError as error:
            log.debug("a client is gone: %s", error)
        finally:
            faulthandler.cancel_dump_traceback_later()

    def _answer(self, client: socket.socket, coming: BinaryIO) -> None:
        sending = _Sending(client)
        try:
            environ = _environ(coming, client)
            if environ is None:
                return
            parts = self._app(environ, sending.begin)
            try:
                sending.all(parts, head_alone=environ["REQUEST_METHOD"] == "HEAD")
            finally:
                close = getattr(parts, "close", None)
                if close:
                    close()
        except NoRequest as error:
            sending.refuse(error.status, str(error))
        except OSError:
            raise
        except Exception:
            log.exception("a request failed")
            sending.refuse("500 Internal Server Error", "this one is on us")


class _Sending:
    """An answer on its way."""

    def __init__(self, client: socket.socket) -> None:
        self._client, self._head = client, b""

    def begin(self, status: str, headers: list[tuple[str, str]]) -> None:
        """Make the head, which goes with the first of the body."""
        now = time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime())
        said = [("Date", now), ("Connection", "close"), *headers]
        lines = "".join(f"{name}: {value}\r\n" for name, value in said)
        self._head = f"HTTP/1.1 {status}\r\n{lines}\r\n".encode("latin-1")

    def all(self, parts: Iterable[bytes], *, head_alone: bool) -> None:
        """Send it."""
        for part in parts:
            if not head_alone:
                self._client.sendall(self._head + part)
                self._head = b""
        if self._head:
            self._client.sendall(self._head)
        self._head = b""

    def refuse(self, status: str, why: str) -> None:
        """Say what is wrong; where an answer had begun, it just ends."""
        body = f"{why}\n".encode("ascii", "replace")
        self.begin(status, [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
        self.all([body], head_alone=False)


def _environ(coming: BinaryIO, client: socket.socket) -> dict[str, Any] | None:
    """
    Return the head of a request as WSGI has it, with its body to be read; None where nobody asks.

    Raises:
        NoRequest: It is none.
    """
    first = coming.readline(MOST_LINE_BYTES)
    if not first:
        return None
    line = _LINE.fullmatch(_line(first))
    if line is None:
        raise NoRequest("the first line is none of a request")
    method, target = line.groups()
    path, _, query = target.partition(b"?")
    environ: dict[str, Any] = {
        "REQUEST_METHOD": method.decode(),
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
        "QUERY_STRING": query.decode(),
        "SERVER_PROTOCOL": "HTTP/1.1",
        "wsgi.url_scheme": "http",
        "wsgi.input_terminated": True,
    }
    for key, said in _headers(coming):
        # An address leads to one host, a body has one length: whoever says two is understood by nobody.
        if key in environ and key in {"CONTENT_LENGTH", "HTTP_HOST", "HTTP_TRANSFER_ENCODING"}:
            raise NoRequest("a header is there twice")
        environ[key] = f"{environ[key]},{said}" if key in environ else said
    body = _Body(coming, environ)
    if environ.get("HTTP_EXPECT", "").lower() == "100-continue":
        client.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
    environ["wsgi.input"] = body
    return environ


def _headers(coming: BinaryIO) -> Iterable[tuple[str, str]]:
    for _ in range(MOST_HEADERS + 1):
        line = _line(coming.readline(MOST_LINE_BYTES))
        if not line:
            return
        found = _HEADER.fullmatch(line)
        if found is None:
            raise NoRequest("a header is none")
        name, said = found.groups()
        if b"_" in name:
            # It would be taken for the one with a dash, which somebody may have looked at.
            continue
        key = name.decode().upper().replace("-", "_")
        bare = key in {"CONTENT_TYPE", "CONTENT_LENGTH"}
        yield key if bare else f"HTTP_{key}", said.decode("latin-1").strip(" \t")
    raise NoRequest("there are too many headers")


def _line(line: bytes) -> bytes:
    if not line.endswith(b"\r\n"):
        raise NoRequest("a line is too long, or does not end")
    return line[:-2]


class _Body:
    """The body of a request, which ends where its length or its last chunk says."""

    def __init__(self, coming: BinaryIO, environ: dict[str, Any]) -> None:
        self._coming = coming
        length, encoding = environ.get("CONTENT_LENGTH"), environ.get("HTTP_TRANSFER_ENCODING")
        if encoding is not None and length is not None:
            raise NoRequest("a body has a length or is in chunks")
        if encoding is not None and encoding.lower() != "chunked":
            raise NotSpoken("send the body as it is, or chunked")
        if length is not None and not (length.isascii() and length.isdecimal()):
            raise NoRequest("a length is a number")
        self._in_chunks, self._left = encoding is not None, int(length or 0)

    def read(self, size: int) -> bytes:
        """Return as many bytes, fewer where there are no more."""
        read = b""
        while len(read) < size and (self._left or self._next_chunk()):
            more = self._coming.read(min(size - len(read), self._left))
            if not more:
                break
            read += more
            self._left -= len(more)
            if self._in_chunks and not self._left:
                _line(self._coming.readline(2))
        return read

    def _next_chunk(self) -> bool:
        if not self._in_chunks:
            return False
        size = _SIZE.fullmatch(_line(self._coming.readline(MOST_LINE_BYTES)))
        if size is None:
            raise NoRequest("a chunk has no size")
        self._left = int(size[1], 16)
        if not self._left:
            self._in_chunks = False
            for _ in _headers(self._coming):
                pass
        return self._left > 0


def _let_go(client: socket.socket) -> None:
    """Let a client read its answer to the end, also where it is still sending: else that is lost."""
    client.shutdown(socket.SHUT_WR)
    client.settimeout(LEAVING_S)
    ends = time.monotonic() + LEAVING_S
    while time.monotonic() < ends and client.recv(MOST_LINE_BYTES):
        pass
