"""
Connections that cannot keep others out: each brings one request, whole in time, no longer than its address takes.

All clients of one machine come from one address, so the limits are a connection's, and not those of who opened it.
A half-sent request holds a connection and no thread. Where there are too many connections, the one that was waited
for longest is closed; where too many requests wait for a thread, the next is told when to try again. What is refused
here is told as every refusal.
"""

import copy
import logging
import resource
import threading
import time
from collections.abc import Callable
from functools import partial
from socket import socket
from typing import Any, NamedTuple

from waitress.adjustments import Adjustments
from waitress.task import ThreadedTaskDispatcher
from waitress.wasyncore import dispatcher as one_socket

from local.watching import Watched
from shared.edge.container import MOST_HEAD_BYTES, Answering, Coming, Connection, Refused, Serving
from shared.errors import Refusal, StoreUnavailable

REQUEST_S = 20.0
"""How long a request may take to come whole, from its first byte."""

IDLE_S = 120
"""How long a connection may bring nothing."""

MOST_IN_MEMORY_BYTES = 64 * 1024
"""What is longer of a body waits in a temporary file."""

MOST_HALF_BYTES = 256 * 1024 * 1024
"""How long all bodies may be together that have not come whole."""

MOST_CONNECTIONS = 512
MOST_WAITING = 256
"""How many requests may wait for a thread."""

log = logging.getLogger("waooaw.connections")

STOP_S, GRACE_S, TURN_S = 8.0, 0.1, 0.02
"""How long what is under way may take when a server stops, how long clients may begin more, and how often to look."""

UNSENT = "waooaw.unsent"
"""Under what an application finds how much of its answer was not sent yet: a function that says how many bytes."""

BUSY, AGAIN_S = "more is asked here than can be answered now; try again", 1
"""What is said where all are busy, and when to try again."""

Longest = Callable[[str], int]
"""Says how many bytes a body may have at a path."""


class Elsewhere(NamedTuple):
    """Another process, which answers what this one does not."""

    here: Callable[[str], bool]
    """Says whether this process answers at a path."""
    hand_on: Callable[[socket, bytes], None]
    """Takes a client that asks for what is not answered here, with what it has sent."""


class TooSlow(Refusal):
    """The request did not come whole in time. Send it again, all at once."""

    status, code, title = 408, "bad_request", "The request took too long to come"


class Limits(Adjustments):  # type: ignore[misc]
    """What waitress is told, and how long a body each address takes."""

    def __init__(self, *, port: int, longest: Longest, elsewhere: Elsewhere | None = None) -> None:
        """Listen on this machine only; whatever comes is answered here, unless there is an *elsewhere*."""
        super().__init__(
            host="127.0.0.1",
            port=port,
            ident="waooaw",
            asyncore_use_poll=True,
            channel_timeout=IDLE_S,
            cleanup_interval=1,
            connection_limit=2 * MOST_CONNECTIONS,
            inbuf_overflow=MOST_IN_MEMORY_BYTES,
            log_socket_errors=False,
            max_request_header_size=MOST_HEAD_BYTES,
        )
        self._longest, self.elsewhere = longest, elsewhere
        self._own: dict[int, Limits] = {}

    def at(self, path: str) -> "Limits":
        """Return the limits of one address."""
        longest = self._longest(path)
        if longest not in self._own:
            own = self._own[longest] = copy.copy(self)
            own.max_request_body_size = longest + 1
        return self._own[longest]


class _Request(Coming):
    """A request as it comes: its address says how long its body may be."""

    adj: Limits
    away: bytes | None = None
    """What has come, where another process answers it."""

    def received(self, data: bytes) -> int:
        consumed = super().received(data)
        if self.error:
            self.away = None
        elif self.away is not None:
            # It goes on as it came, with all that follows it, and is not begun here.
            self.expect_continue = self.completed = False
            self.away, consumed = self.away + data[consumed:], len(data)
        return consumed

    def parse_header(self, header_plus: bytes) -> None:
        super().parse_header(header_plus)
        elsewhere = self.adj.elsewhere
        self.away = None if elsewhere is None or elsewhere.here(self.path) else header_plus
        self.adj = self.adj.at(self.path)


class _Answer(Answering):
    """An answer, whose head is sent together with what the body begins with."""

    def get_environment(self) -> dict[str, Any]:
        """Say of a request what an application is told, and how it learns how much was sent."""
        environ: dict[str, Any] = super().get_environment()
        environ[UNSENT] = lambda: self.channel.total_outbufs_len
        return environ

    def build_response_header(self) -> bytes:
        if self.channel.server.finishing is not None:
            self.set_close_on_finish()
        self.channel.head = super().build_response_header()
        return b""

    def write(self, data: bytes) -> None:
        super().write(data)
        # Where nothing came that it could go with, it goes alone.
        self.channel.send_head()


class _Refused(Refused):
    """Answers what is refused before any application sees it, also where it is Google's clients that ask."""

    def written(
        self, refusal: Refusal, *, path: str, correlation_id: str
    ) -> tuple[dict[str, Any], str]:
        from local.refused import refused

        return refused(refusal, path=path, correlation_id=correlation_id)


class _Connection(Connection):
    """One client's connection."""

    parser_class = _Request
    task_class = _Answer
    error_task_class = _Refused
    head = b""
    """What of an answer waits for the rest."""

    request: _Request | None
    since: float | None = None
    """When the request that is coming began to."""

    def write_soon(self, data: Any) -> int:
        """Send *data*, behind the head that waits for it."""
        if self.head and data and isinstance(data, bytes):
            data, self.head = self.head + data, b""
        return self._sent(data)

    def _sent(self, data: bytes) -> int:
        taken = int(super().write_soon(data))
        if self.total_outbufs_len:
            # The rest goes when there is room for it.
            self.server.watched.again(self)
        return taken

    def service(self) -> None:
        """Answer a request, and wait for the next."""
        super().service()
        again = partial(self.server.watched.again, self)
        if self.request is not None and self.request.away is not None:
            # Whoever reads hands it on: else both might.
            self.server.wake(again)
        else:
            again()

    def send_head(self) -> None:
        """Send the head that waits, if one does."""
        head, self.head = self.head, b""
        self._sent(head)

    def received(self, data: bytes) -> bool:
        taken: bool = super().received(data)
        coming = self.request is not None
        self.since = (self.since or time.time()) if coming else None
        return taken

    def readable(self) -> bool:
        """Say whether to read on; what is not answered here goes on, once all before it is answered."""
        request, elsewhere = self.request, self.adj.elsewhere
        if elsewhere is not None and request is not None and request.away is not None:
            if self.rests:
                elsewhere.hand_on(self.socket, request.away)
                self.handle_close()
            return False
        return bool(super().readable())

    def del_channel(self, map: Any = None) -> None:
        """Be no channel of the server's any more."""
        if self._fileno in self.server.active_channels:
            self.server.let_go()
        super().del_channel(map)

    @property
    def rests(self) -> bool:
        """Say whether nothing is being answered."""
        return not self.requests and not self.total_outbufs_len

    @property
    def waited_since(self) -> float:
        """Since when the client is waited for."""
        return self.since or self.last_activity

    def give_up(self, refusal: Refusal) -> None:
        """Refuse the request that is coming instead of waiting for its end."""
        with self.requests_lock:
            if self.request is None or self.requests:
                return
            request, self.request, self.since = self.request, None, None
            request.error = refusal
            self.requests.append(request)
        self.server.add_task(self)


class Listening(Serving):
    """What reads all clients in one thread and answers them in several."""

    channel_class = _Connection
    next_channel_cleanup = 0.0
    finishing: float | None = None
    """Since when nobody is taken any more."""

    def __init__(
        self,
        app: Callable[..., Any],
        limits: Limits,
        *,
        threads: int,
        share: int = 1,
        sock: socket | None = None,
    ) -> None:
        """
        Take the port.

        Args:
            app: What answers.

            limits: What it takes.

            threads: How many requests it answers at a time.

            share: How many processes share what may be open and wait.

            sock: Where clients come from, if not from a port.
        """
        self.most_connections = min(MOST_CONNECTIONS, _files() // 4) // share
        self._waiting, self._half = MOST_WAITING // share, MOST_HALF_BYTES // share
        dispatcher = ThreadedTaskDispatcher()
        dispatcher.set_thread_count(threads)
        self._refusing = ThreadedTaskDispatcher()
        self._refusing.set_thread_count(1)
        self._closing, self._closed = threading.Lock(), False
        self.watched = Watched()
        super().__init__(app, self.watched, dispatcher=dispatcher, adj=limits, _sock=sock)
        self.placed: Callable[[socket], bool] = lambda _: False
        """Has a client answered by another process, and says whether one takes it."""

    def add_task(self, connection: _Connection) -> None:
        """Have a request answered: a refusal at once, whoever else waits."""
        request = connection.requests[0]
        if not request.error and len(self.task_dispatcher.queue) >= self._waiting:
            request.error = StoreUnavailable(BUSY, retry_after_s=AGAIN_S)
        (self._refusing if request.error else self.task_dispatcher).add_task(connection)

    def accept(self) -> tuple[socket, Any] | None:
        """Return a client and its address, unless there is none or another process has it answered."""
        taken = super().accept()
        if taken is not None and self.placed(taken[0]):
            taken[0].close()
            return None
        return taken

    def adopt(self, client: socket, sent: bytes) -> None:
        """Take a client that another process hands on, with what it has sent."""
        try:
            address = client.getpeername()
            one = self.channel_class(self, client, address, self.adj, map=self._map)
        except OSError:
            client.close()
            return
        try:
            one.received(sent)
        except Exception:  # noqa: BLE001 - whatever is wrong with one client, the others are read
            one.handle_error()
        self.bound()

    def let_go(self) -> None:
        """Notice that a connection is closed or handed on."""

    def maintenance(self, now: float) -> None:
        """Wait no longer for what did not come in time."""
        super().maintenance(now)
        coming = [one for one in self.active_channels.values() if one.since]
        held = sum(one.request.body_bytes_received for one in coming)
        for one in sorted(coming, key=lambda one: one.since):
            if one.since < now - REQUEST_S:
                sentence = f"a request comes whole within {REQUEST_S:.0f} s of its first byte"
                one.give_up(TooSlow(sentence))
            elif held > self._half:
                held -= one.request.body_bytes_received
                one.give_up(StoreUnavailable(BUSY, retry_after_s=AGAIN_S))

    def run(self) -> None:
        """Read whoever sends, until all is closed."""
        while self.watched:
            finishing = self.finishing is not None
            self.watched.turn(TURN_S if finishing else self.adj.asyncore_loop_timeout)
            if finishing:
                self._finish()
            now = time.time()
            if now >= self.next_channel_cleanup:
                self.next_channel_cleanup = now + self.adj.cleanup_interval
                self.maintenance(now)
                for one in [*self.watched.values()]:
                    self.watched.again(one)

    def readable(self) -> bool:
        """Take clients at all times: where there are too many, others go."""
        return bool(self.accepting)

    def pull_trigger(self) -> None:
        """Wake nobody: each connection says itself what it waits for."""

    def wake(self, do: Callable[[], None]) -> None:
        """Have the thread that reads do something, unless all is closed: what wakes it would be another file."""
        with self._closing:
            if not self._closed:
                self.trigger.pull_trigger(do)

    def finish(self) -> None:
        """Take nobody any more, answer what is under way, and then close everything; whoever reads says so."""
        if self.finishing is None:
            self.take_all()
            self.finishing = time.monotonic()
            one_socket.close(self)

    def _finish(self) -> None:
        """Close whoever has been answered, or waits too long, and everything where nobody is left."""
        passed = time.monotonic() - (self.finishing or 0.0)
        for one in [*self.active_channels.values()]:
            if passed > STOP_S or (passed > GRACE_S and one.rests):
                one.handle_close()
        # What wakes this thread is the last; before it go those who still hand somebody on.
        if len(self.watched) == 1 or passed > 2 * STOP_S:
            self.close_all()

    def close_all(self) -> None:
        """Close every connection, and what wakes the thread that reads."""
        with self._closing:
            self._closed = True
            self.watched.close()

    def end(self) -> None:
        """Let go of the threads."""
        for dispatcher in (self.task_dispatcher, self._refusing):
            dispatcher.shutdown()


def _files() -> int:
    """Return how many files this process may have open; of each connection's, most are for bodies that wait."""
    wanted = 8 * MOST_CONNECTIONS
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < wanted:
        most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
        return most
    return soft
