"""
Serve in one process, one request at a time: what a container is asked that has less than a CPU.

Waitress reads, parses and bounds what comes, and holds up nobody for who is slow. Cloud Run tells an instance to end by
SIGTERM, and ends it ten seconds later: nobody is taken any more then, and what is under way is finished.
"""

import faulthandler
import signal
import sys
import time
from collections.abc import Iterable
from typing import Any

from waitress.server import TcpWSGIServer, create_server
from waitress.wasyncore import dispatcher, loop

from shared.edge.web import Begin, Wsgi

MOST_HEAD_BYTES, MOST_BODY_BYTES = 64 * 1024, 32 * 1024 * 1024
"""How long a request may be; Cloud Run hands on no longer body."""

ENDING_S = 5
"""How much longer than a request may take it is waited for its end, before the process is ended."""

STOP_S, TURN_S = 8.0, 0.02
"""How long what is under way may take when the container ends, and how often to look."""


class Container:
    """A process that answers at one port."""

    def __init__(self, app: Wsgi, *, port: int, most_s: float, host: str = "0.0.0.0") -> None:  # noqa: S104 - Cloud Run's
        """Take the port and the signals; a request that takes longer than *most_s*, and some more, ends the process."""
        self._map: dict[int, Any] = {}
        self._server: TcpWSGIServer = create_server(
            _ended(app, most_s),
            map=self._map,
            host=host,
            port=port,
            threads=1,
            ident=None,
            asyncore_use_poll=True,
            max_request_header_size=MOST_HEAD_BYTES,
            max_request_body_size=MOST_BODY_BYTES,
        )
        self.port = int(self._server.effective_port)
        self._ends_at: float | None = None
        for ends in (signal.SIGTERM, signal.SIGINT):
            signal.signal(ends, self._end)

    def run(self) -> None:
        """Answer until a signal says to end, and what is under way is finished."""
        while self._ends_at is None:
            self._turn(1.0)
        # Only the port: what wakes this thread is the server's too.
        dispatcher.close(self._server)
        while self._busy() and time.monotonic() < self._ends_at:
            self._turn(TURN_S)
        self._server.task_dispatcher.shutdown(timeout=0)

    def _turn(self, wait_s: float) -> None:
        loop(timeout=wait_s, use_poll=True, map=self._map, count=1)

    def _busy(self) -> bool:
        """Say whether somebody has asked, or has not got all of an answer."""
        channels = self._server.active_channels.values()
        return any(one.request or one.requests or one.total_outbufs_len for one in channels)

    def _end(self, *_: object) -> None:
        if self._ends_at is None:
            self._ends_at = time.monotonic() + STOP_S
            self._server.pull_trigger()


def _ended(app: Wsgi, most_s: float) -> Wsgi:
    """End the process where a request stands still: it says where, and the container is begun anew."""

    def answer(environ: dict[str, Any], begin: Begin) -> Iterable[bytes]:
        faulthandler.dump_traceback_later(most_s + ENDING_S, exit=True, file=sys.stderr)
        try:
            return app(environ, begin)
        finally:
            faulthandler.cancel_dump_traceback_later()

    return answer
