"""
Serve in one process, one request at a time: what a container is asked that has less than a CPU.

Waitress takes what comes and hands out what goes, in a thread of its own, so that nobody waits for a slow client. A
connection stays open until the client closes it, as Google's front would lose what it sends into one that we close.
"""

import faulthandler
import logging
import signal
import sys
import time
from typing import Any

from waitress.adjustments import Adjustments
from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser, ParsingError
from waitress.server import TcpWSGIServer
from waitress.task import WSGITask
from waitress.wasyncore import dispatcher, loop

from shared.edge.web import Wsgi

MOST_HEAD_BYTES, MOST_BODY_BYTES = 64 * 1024, 32 * 1024 * 1024
"""How long a request may be; Cloud Run takes no longer body."""

IDLE_S = 3600

ENDING_S = 5
"""How much longer than a request may take it is waited for its end, before the process is ended."""

STOP_S, LEAVING_S = 8.0, 1.0
"""How long what is under way may take when the process is told to end, and how long its thread then has to end: Cloud
Run gives ten seconds."""

WAIT_S, LOOK_S = 30.0, 0.1
"""How long is waited for something to happen, and where it is looked whether all is finished."""

log = logging.getLogger("waooaw.container")


class Coming(HTTPRequestParser):  # type: ignore[misc]
    """A request as it comes."""

    def received(self, data: bytes) -> int:
        """Take some more of it, and tell nobody to go on who is refused already."""
        taken: int = super().received(data)
        if self.error:
            self.expect_continue = False
        return taken

    def parse_header(self, header_plus: bytes) -> None:
        """
        Read its head.

        Raises:
            ParsingError: It is none.
        """
        try:
            super().parse_header(header_plus)
        except ValueError as error:
            raise ParsingError("its address or its length cannot be read") from error


class Answering(WSGITask):  # type: ignore[misc]
    """An answer on its way."""

    def finish(self) -> None:
        """Send its end, which a head asked for alone has none of."""
        if self.request.command != "HEAD":
            super().finish()
        elif not self.wrote_header:
            self.write(b"")


class _Connection(HTTPChannel):  # type: ignore[misc]
    """One client's connection."""

    parser_class, task_class = Coming, Answering

    def service(self) -> None:
        """Answer a request, or end the process, which says where it stood: then it is begun anew."""
        faulthandler.dump_traceback_later(self.server.ends_s, exit=True, file=sys.stderr)
        try:
            super().service()
        finally:
            faulthandler.cancel_dump_traceback_later()


class Container(TcpWSGIServer):  # type: ignore[misc]
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
            max_request_header_size=MOST_HEAD_BYTES,
            # Waitress refuses what is as long as it says.
            max_request_body_size=MOST_BODY_BYTES + 1,
        )
        super().__init__(app, map={}, adj=limits)
        self.ends_s, self._stops_at = most_s + ENDING_S, 0.0
        for ends in (signal.SIGTERM, signal.SIGINT):
            signal.signal(ends, self._end)

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self.effective_port)

    def run(self) -> None:
        """Answer until a signal says to end; nobody is taken then any more, and what is under way is finished."""
        while not self._stops_at:
            self._turn(WAIT_S)
        # The port alone: the rest of the server is needed to the end.
        dispatcher.close(self)
        while self._is_busy() and time.monotonic() < self._stops_at:
            self._turn(LOOK_S)
        self.task_dispatcher.shutdown(timeout=LEAVING_S)

    def handle_error(self) -> None:
        """Go on: whatever is wrong with one client, the others are taken."""
        log.error("a client could not be taken", exc_info=sys.exc_info())

    def _turn(self, most_s: float) -> None:
        loop(timeout=most_s, use_poll=True, map=self._map, count=1)

    def _is_busy(self) -> bool:
        """Say whether somebody is asking, is being answered, or has not got all of an answer."""
        return any(
            one.request or one.requests or one.total_outbufs_len
            for one in self.active_channels.values()
        )

    def _end(self, *_: Any) -> None:
        self._stops_at = self._stops_at or time.monotonic() + STOP_S
        self.pull_trigger()


# That requests wait, for each other or for a thread that has just begun, is nothing to warn of.
logging.getLogger("waitress.queue").setLevel(logging.ERROR)
