"""
One worker: it answers what is asked of operations, and tells the owner what the owner must know.

A request for anything else goes on to the owner, with the connection that it came by and all that was sent.
"""

import errno
import gc
import json
import mmap
import os
import socket
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any, NoReturn

from local.commits import Store
from local.connections import Elsewhere, Limits, Listening
from local.hosts import Names
from local.server import counted
from shared.documents import Write
from shared.edge.catalog import operations
from shared.edge.ports import Ports
from shared.edge.queue import Delivery
from shared.edge.telemetry import Counters
from shared.entity import Record
from shared.evidence import Entry
from shared.observability import Sample
from shared.promises import Due

THREADS = 6
"""Each that reads at the same time as others has a connection of 1 MB; more threads answered no more."""

Lately = Callable[[str], str | None]
"""Of what a signature was lately made here, by its digest."""


@cache
def waking() -> Mapping[str, bool]:
    """Return the documents that somebody waits for, and whether for what is in them or only for their being there."""
    kinds = [kind for op in operations() for kind in op.tells if issubclass(kind, Record)]
    told = {kind.collection: False for kind in kinds}
    return {Entry.collection: False, Due.collection: False, Delivery.collection: True} | told


AT_ONCE = 20
"""How much is told in one message, which is never longer than a link takes."""

CLIENT, WROTE, ANSWERED, COUNTED, STOP = b"C", b"W", b"A", b"N", b"S"
"""
What a message begins with: a connection comes with it, documents were committed, requests answered, other things
counted; it is enough.
"""

SAMPLE = ("name", "says", "value", "labels", "kind")
"""The members of a figure, in the order in which a message has them."""

REQUESTS, TOLD, CLOSED, PID = range(4)
"""What there are figures of."""


class Figures:
    """A few numbers that all processes see at the same time."""

    def __init__(self, workers: int) -> None:
        """Make room for so many workers."""
        numbers = memoryview(mmap.mmap(-1, mmap.PAGESIZE)).cast("q")
        self.ahead = numbers[:1]
        """How far the clock has jumped, in microseconds."""

        self.of = [numbers[n : n + 4] for n in range(1, 1 + 4 * workers, 4)]
        """
        Of each worker: the requests under way, how often it told something and let go of a client so far, and which
        process it is.
        """


class Telling:
    """Tells the owner what happens here: before anybody is answered, as the owner must know no less than they do."""

    def __init__(self, link: socket.socket, own: memoryview, lately: Lately) -> None:
        """Say how, where it is counted, and what was signed here: that the owner need not verify."""
        self._link, self._own, self._lately = link, own, lately
        self._lock = threading.Lock()
        self._answered: list[tuple[str, int, float, str]] = []
        self._counters = Counters()

    def take(self, writes: Sequence[Write]) -> None:
        """Tell which of some committed writes somebody may wait for."""
        keys = [
            (write.key.tenant, write.key.collection, write.key.id, *self._signed(write.data))
            for write in writes
            if write.data is not None and write.key.collection in waking()
        ]
        for begin in range(0, len(keys), AT_ONCE):
            with self._lock:
                self._own[TOLD] += 1
            self._tell(WROTE + json.dumps(keys[begin : begin + AT_ONCE]).encode())

    def _signed(self, data: Mapping[str, Any]) -> tuple[str, ...]:
        """Return the signature of an entry that was signed here, and the digest of what it is of."""
        signature = str(data.get("sig", ""))
        digest = self._lately(signature)
        return (signature, digest) if digest else ()

    def served(self, area: str, status: int, duration_ms: float, at: datetime) -> None:
        """Count one request."""
        self._answered.append((area, status, duration_ms, at.isoformat()))

    def tally(self, samples: Iterable[Sample]) -> None:
        """Make counters larger by what samples say."""
        with self._lock:
            for one in samples:
                self._counters.add(one)

    def counted(self) -> Sequence[Sample]:
        """Return nothing: the owner has the counts."""
        return ()

    def flush(self) -> None:
        """Tell what was counted."""
        answered, self._answered = self._answered, []
        for begin in range(0, len(answered), AT_ONCE):
            self._tell(ANSWERED + json.dumps(answered[begin : begin + AT_ONCE]).encode())
        with self._lock:
            counters, self._counters = self._counters.samples(), Counters()
        for begin in range(0, len(counters), AT_ONCE):
            told = [
                [getattr(one, name) for name in SAMPLE] for one in counters[begin : begin + AT_ONCE]
            ]
            self._tell(COUNTED + json.dumps(told).encode())

    def hand_on(self, client: socket.socket, sent: bytes) -> None:
        """Hand a client on to the owner, with what it has sent."""
        self._tell(CLIENT + sent, client.fileno())

    def _tell(self, message: bytes, *descriptors: int) -> None:
        try:
            if descriptors:
                socket.send_fds(self._link, [message], descriptors)
            else:
                self._link.send(message)
        except OSError as error:
            # Too many descriptors are on their way: the client is lost, and nothing else.
            if error.errno != errno.ETOOMANYREFS:
                alone()

    def let_go(self) -> None:
        """Count a client that is here no more."""
        with self._lock:
            self._own[CLOSED] += 1

    def add(self, requests: int) -> None:
        """Count the requests under way."""
        with self._lock:
            self._own[REQUESTS] += requests


def alone() -> NoReturn:
    """End at once, as there is no owner: nobody hears of what is done any more, and whoever waits asks again."""
    os._exit(1)


class Handed(Listening):
    """A server that is handed its clients by the owner, and hands on who asks for what is not answered here."""

    def __init__(
        self, app: Any, limits: Limits, telling: Telling, link: socket.socket, **more: Any
    ) -> None:
        """Take the link; nothing listens."""
        self._telling = telling
        super().__init__(app, limits, sock=link, **more)
        # Whoever tells the owner something waits until that is taken; it is only read from when there is something.
        link.setblocking(True)

    def bind_server_socket(self) -> None:
        """Let the owner have the port."""

    def getsockname(self) -> tuple[str, str]:
        """Return where that is."""
        return "127.0.0.1", str(self.adj.listen[0][3][1])

    def accept_connections(self) -> None:
        """Begin."""
        self.accepting = True

    def accept(self) -> tuple[socket.socket, Any] | None:
        """Return a client that was handed over; end where the owner says so, and at once where there is none."""
        said, clients, _, _ = socket.recv_fds(self.socket, 1, 1)
        if said == STOP:
            self.finish()
        elif said != CLIENT:
            self.handle_close()
        elif not clients:
            # This process has too many files open to take it.
            self.let_go()
        else:
            client = socket.socket(fileno=clients[0])
            try:
                return client, client.getpeername()
            except OSError:
                client.close()
                self.let_go()
        return None

    def handle_close(self) -> None:
        """End with the owner."""
        alone()

    def let_go(self) -> None:
        """Count a client that is here no more."""
        self._telling.let_go()

    def maintenance(self, now: float) -> None:
        """Tell what was counted since, too."""
        super().maintenance(now)
        self._telling.flush()


def work(
    link: socket.socket,
    own: memoryview,
    app: Any,
    limits: Callable[[Elsewhere], Limits],
    ports: Ports,
    documents: Store,
    names: Names,
    share: int,
    lately: Lately,
) -> None:
    """Be a worker, until the owner says that it is enough, or is no more."""
    gc.enable()
    own[PID] = os.getpid()
    telling = Telling(link.dup(), own, lately)
    documents.on_commit(telling.take)
    ports.traffic = telling
    taken = limits(Elsewhere(app.anywhere, telling.hand_on))
    app = names.only(counted(app, telling.add))
    server = Handed(app, taken, telling, link, threads=THREADS, share=share)
    server.run()
    server.end()
    documents.close()
