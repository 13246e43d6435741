"""
Serve in one process, one request at a time: what a container is asked that has less than a CPU.

Waitress takes what comes and hands out what goes, in a thread of its own, so that nobody waits for a slow client. A
connection stays open until the client closes it, as Google's front would lose what it sends into one that we close;
after what cannot be read, and after what no application caught, it is closed.

What one machine serves from takes requests by the same rules (`local/connections.py`): two servers that read one stream
of bytes as different requests hand one caller what is another's.
"""

import errno
import faulthandler
import json
import logging
import re
import select
import signal
import sys
import time
from socket import MSG_PEEK, socket
from typing import Any
from uuid import uuid4

from waitress.adjustments import Adjustments
from waitress.channel import ClientDisconnected, HTTPChannel
from waitress.parser import HEADER_FIELD_RE, HTTPRequestParser, ParsingError
from waitress.receiver import ChunkedReceiver
from waitress.server import TcpWSGIServer
from waitress.task import ErrorTask, WSGITask
from waitress.utilities import BadRequest as BadSaid
from waitress.wasyncore import dispatcher, loop

from shared.edge.web import Wsgi
from shared.errors import BadRequest, Refusal, TooLarge

MOST_HEAD_BYTES, MOST_BODY_BYTES = 64 * 1024, 32 * 1024 * 1024
"""How long a request may be; Cloud Run takes no longer body."""

IDLE_S, MOST_CONNECTIONS, TURN_S = 3600, 512, 0.02
"""How long a connection may bring nothing, how many may be open, and how long is waited where no more files may be: of
too many the one that was waited for longest is closed, so that nobody is kept out by those who say nothing."""

ENDING_S = 5
"""How much longer than a request may take it is waited for its end, before the process is ended."""

STOP_S, LEAVING_S = 8.0, 1.0
"""How long what is under way may take when the process is told to end, and how long its thread then has to end: Cloud
Run gives ten seconds."""

WAIT_S, LOOK_S = 30.0, 0.1
"""How long is waited for something to happen, and where it is looked whether all is finished."""

log = logging.getLogger("waooaw.container")


_ONCE = (b"host", b"content-length", b"transfer-encoding")
"""The headers by which two servers could read different requests, if there were two of one."""

_BARE = re.compile(rb"[^\r]\n")


class HeadTooLarge(Refusal):
    """The request line and the headers are over their limit. Send fewer, or shorter ones."""

    status, code, title = 431, "too_large", "Too large"


class NotSpoken(Refusal):
    """The request asks for a part of HTTP that is not spoken here."""

    status, code, title = 501, "bad_request", "This part of HTTP is not spoken here"


class Coming(HTTPRequestParser):  # type: ignore[misc]
    """A request as it comes."""

    completed: bool
    error: Any
    body_rcv: Any

    def received(self, data: bytes) -> int:
        """Take some more of it, and tell nobody to go on who is refused already."""
        if self.body_rcv is None and not self.completed:
            head = (self.header_plus[-4:] + data).partition(b"\r\n\r\n")[0]
            if _BARE.search(head):
                # Its end would be waited for.
                self.error = BadRequest("a line of a request ends with CR LF")
                self.completed = True
                return len(data)
        taken: int = super().received(data)
        if self.error:
            self.expect_continue = False
        return taken

    def parse_header(self, header_plus: bytes) -> None:
        """
        Read its head.

        Raises:
            ParsingError: It is none, or could be read in more than one way.
        """
        _unequivocal(header_plus)
        try:
            super().parse_header(header_plus)
        except ValueError as error:
            raise ParsingError("its address or its length cannot be read") from error
        if self.chunked:
            self.body_rcv = _Chunks(self.body_rcv.getbuf())


class _Chunks(ChunkedReceiver):  # type: ignore[misc]
    """A body that comes in chunks."""

    completed: bool
    error: Any

    def received(self, data: bytes) -> int:
        """Take some more of it; the end of a line that never ends is not waited for."""
        taken: int = super().received(data)
        lines = self.control_line or self.trailer
        if self.error:
            return taken
        if _BARE.search(b"." + lines) or len(lines) > MOST_HEAD_BYTES:
            self.error = BadSaid("a line of a chunked body ends with CR LF")
        elif self.completed and not all(map(HEADER_FIELD_RE.match, lines.split(b"\r\n")[:-2])):
            self.error = BadSaid("after the last chunk there are headers or nothing")
        return taken


def _unequivocal(head: bytes) -> None:
    first, *lines = head.rstrip(b"\r\n").split(b"\r\n")
    version = first.rstrip().rpartition(b" ")[2]
    if version not in {b"HTTP/1.0", b"HTTP/1.1"}:
        raise ParsingError("HTTP/1.1 and HTTP/1.0 are spoken here")
    if any(line.startswith((b" ", b"\t")) for line in lines):
        raise ParsingError("a header is one line")
    said = [(name.lower(), value) for name, _, value in (line.partition(b":") for line in lines)]
    names = [name for name, _ in said]
    if version == b"HTTP/1.1" and b"host" not in names:
        raise ParsingError("host is said")
    for name in _ONCE:
        if names.count(name) > 1:
            raise ParsingError(f"{name.decode()} is said once")
    for value in (value.lower().strip() for name, value in said if name == b"transfer-encoding"):
        if version == b"HTTP/1.0" or b"content-length" in names:
            raise ParsingError("a body that comes in chunks has no other length")
        if not value or value.count(b"chunked") > 1:
            raise ParsingError("a body comes in chunks once")


class Answering(WSGITask):  # type: ignore[misc]
    """An answer on its way, after which the connection stays open: also where it has no length, but an end of its own."""

    close_on_finish: bool

    def build_response_header(self) -> bytes:
        """Return its head, in which Waitress says that it closes after what has no length."""
        asked = self.request.headers.get("CONNECTION", "").lower()
        closes = self.close_on_finish or self.version != "1.1" or "close" in asked
        head: bytes = super().build_response_header()
        if self.close_on_finish and not closes:
            self.close_on_finish = False
            head = head.replace(b"\r\nConnection: close\r\n", b"\r\n", 1)
        return head

    def finish(self) -> None:
        """Send its end, which a head asked for alone has none of."""
        if self.request.command != "HEAD":
            super().finish()
        elif not self.wrote_header:
            self.write(b"")


class Refused(ErrorTask):  # type: ignore[misc]
    """Answers what is refused before any application sees it."""

    def execute(self) -> None:
        """Answer as the address writes refusals, and take no more from who sent it."""
        error = self.request.error
        refusal = error if isinstance(error, Refusal) else _refusal(error.code, error.body)
        path = getattr(self.request, "path", "")
        document, kind = self.written(refusal, path=path, correlation_id=str(uuid4()))
        body = json.dumps(document).encode()
        self.status = f"{refusal.status} {refusal.title}"
        self.response_headers.append(("Content-Type", kind))
        if refusal.retry_after_s is not None:
            self.response_headers.append(("Retry-After", str(refusal.retry_after_s)))
        self.set_close_on_finish()
        self.content_length = len(body)
        self.write(body)

    def written(
        self, refusal: Refusal, *, path: str, correlation_id: str
    ) -> tuple[dict[str, Any], str]:
        """Write a refusal, and name the media type of that."""
        from shared.dialects import spoken_at
        from shared.edge.problems import written

        return written(refusal, dialect=spoken_at(path), path=path, correlation_id=correlation_id)


def _refusal(code: int, said: str) -> Refusal:
    """Return what waitress refuses as one of ours."""
    from shared.edge.problems import Internal

    match code:
        case 400:
            return BadRequest(f"this is no request that can be understood: {said}")
        case 413:
            return TooLarge("the body is longer than this address takes")
        case 431:
            return HeadTooLarge(
                f"a request line and its headers are at most {MOST_HEAD_BYTES} bytes"
            )
        case 501:
            return NotSpoken("send the body as it is, or chunked; no other encoding is taken")
        case _:
            return Internal("this one is on us")


class Connection(HTTPChannel):  # type: ignore[misc]
    """One client's connection."""

    parser_class, task_class, error_task_class = Coming, Answering, Refused

    @property
    def waited_since(self) -> float:
        """Since when the client is waited for."""
        return float(self.last_activity)

    @property
    def is_unread(self) -> bool:
        """Say whether something was sent that nobody has read."""
        try:
            return bool(self.socket.recv(1, MSG_PEEK))
        except OSError:
            return False


class Serving(TcpWSGIServer):  # type: ignore[misc]
    """Waitress, from which nobody is kept out by others who say nothing."""

    most_connections = MOST_CONNECTIONS

    def accept(self) -> tuple[socket, Any] | None:
        """Return a client and its address, unless there is none."""
        try:
            taken: tuple[socket, Any] | None = super().accept()
        except OSError as error:
            if error.errno in {errno.EMFILE, errno.ENFILE}:
                # Whoever waits to be taken is told of again and again, and others must end first.
                self.let_one_go()
                time.sleep(TURN_S)
            raise
        return taken

    def handle_accept(self) -> None:
        """Take a client, and let go of the one that was waited for longest where there are too many."""
        super().handle_accept()
        self.bound()

    def handle_error(self) -> None:
        """Go on: whatever is wrong with one client, the others are taken."""
        log.error("a client could not be taken", exc_info=sys.exc_info())

    def bound(self) -> None:
        """See that no more are open than may be."""
        if len(self.active_channels) > self.most_connections:
            self.let_one_go()

    def take_all(self) -> None:
        """Take whoever has come, before the port closes: they know of no end, and have sent what they ask."""
        come = select.poll()
        come.register(self.socket, select.POLLIN)
        for _ in range(MOST_CONNECTIONS):
            if not come.poll(0):
                break
            super().handle_accept()

    def let_one_go(self) -> None:
        """Close the connection that was waited for longest, unless it has just been asked on."""
        waited_for = (one for one in self.active_channels.values() if not one.requests)
        for one in sorted(waited_for, key=lambda one: one.waited_since):
            if not one.is_unread:
                one.handle_close()
                return


class _Ending(Answering):
    """An answer that tells its client not to go on where the process ends."""

    def build_response_header(self) -> bytes:
        channel = self.channel
        if channel.server.ends and len(channel.requests) == 1 and not channel.is_unread:
            self.set_close_on_finish()
        head: bytes = super().build_response_header()
        return head


class _Connection(Connection):
    """One client's connection with a container."""

    task_class = _Ending
    _until = 0.0
    """When the answer must be on its way."""

    @property
    def is_busy(self) -> bool:
        """Say whether somebody is asking, is being answered, or has not got all of an answer."""
        return bool(self.request or self.requests or self.total_outbufs_len or self.is_unread)

    def write_soon(self, data: Any) -> int:
        """Send something, once the client has read of what was sent before, for which a request's time is waited."""
        with self.outbuf_lock:
            while self.connected and self.total_outbufs_len > self.adj.outbuf_high_watermark:
                self.server.pull_trigger()
                if not self.outbuf_lock.wait(self._until - time.monotonic()):
                    self.server.trigger.pull_trigger(self.handle_close)
                    raise ClientDisconnected
        return int(super().write_soon(data))

    def service(self) -> None:
        """Answer a request, or end the process, which says where it stood: then it is begun anew."""
        self._until = time.monotonic() + self.server.most_s
        faulthandler.dump_traceback_later(self.server.ends_s, exit=True, file=sys.stderr)
        try:
            super().service()
        finally:
            faulthandler.cancel_dump_traceback_later()


class Container(Serving):
    """A process that answers at one port."""

    channel_class = _Connection

    def __init__(self, app: Wsgi, *, port: int, most_s: float, host: str = "0.0.0.0") -> None:  # noqa: S104 - Cloud Run's
        """Take the port and the signals; a request that takes longer than *most_s*, and some more, ends the process."""
        limits = Adjustments(
            host=host,
            port=port,
            threads=1,
            ident=None,
            asyncore_use_poll=True,
            channel_timeout=IDLE_S,
            connection_limit=2 * MOST_CONNECTIONS,
            max_request_header_size=MOST_HEAD_BYTES,
            # Waitress refuses what is as long as it says.
            max_request_body_size=MOST_BODY_BYTES + 1,
        )
        super().__init__(app, map={}, adj=limits)
        self.most_s, self.ends_s, self._stops_at = most_s, most_s + ENDING_S, 0.0
        for ends in (signal.SIGTERM, signal.SIGINT):
            signal.signal(ends, self._end)

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self.effective_port)

    @property
    def ends(self) -> bool:
        """Say whether it was told to end."""
        return bool(self._stops_at)

    def run(self) -> None:
        """Answer until a signal says to end; what was sent until the port closes is answered, and nobody is taken then."""
        while not self.ends:
            self._turn(WAIT_S)
        self.take_all()
        # The port alone: the rest of the server is needed to the end.
        dispatcher.close(self)
        while self._is_busy() and time.monotonic() < self._stops_at:
            self._turn(LOOK_S)
        self.task_dispatcher.shutdown(timeout=LEAVING_S)

    def _turn(self, most_s: float) -> None:
        loop(timeout=most_s, use_poll=True, map=self._map, count=1)

    def _is_busy(self) -> bool:
        return any(one.is_busy for one in self.active_channels.values())

    def _end(self, *_: Any) -> None:
        self._stops_at = self._stops_at or time.monotonic() + STOP_S
        self.pull_trigger()


# That requests wait, for each other or for a thread that has just begun, is nothing to warn of.
logging.getLogger("waitress.queue").setLevel(logging.ERROR)
