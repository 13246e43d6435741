"""
Several processes answer what is asked of operations; the one that started them, the owner, does what is done once.

Python runs one thread at a time in each process. So the owner hands each client, as it connects, to the worker that has
the fewest. Workers answer operations, on the same file. Whoever asks for anything else, the console or a stream, is
handed back and is the owner's from then on. What a worker commits the owner hears of before anybody is answered. A
worker that dies loses what every process loses that dies: its clients ask again, and what it committed and did not tell
of is looked for.
"""

import json
import logging
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any

from waitress import wasyncore

from local.connections import Listening
from local.nursery import Nursery, Work
from local.worker import CLIENT, CLOSED, COUNTED, PID, REQUESTS, STOP, TOLD, WROTE, Figures, waking
from shared.documents import ABSENT, Documents, Key, Write
from shared.errors import StoreUnavailable
from shared.observability import Sample, Traffic

log = logging.getLogger("waooaw.workers")

MESSAGE_BYTES = 128 * 1024
PAUSE_S = 0.5
"""How soon there is another worker in place of one that died."""

STOP_S = 10.0


class _Link(wasyncore.dispatcher):  # type: ignore[misc]
    """The owner's end of the link to one worker."""

    def __init__(self, workers: "Workers", number: int, link: socket.socket) -> None:
        self._workers, self._number = workers, number
        self.given = self.heard = 0
        super().__init__(link, map=workers.server.watched)

    def writable(self) -> bool:
        return False

    def handle_read(self) -> None:
        while True:
            try:
                message, clients, _, _ = socket.recv_fds(self.socket, MESSAGE_BYTES, 1)
            except BlockingIOError:
                return
            except ConnectionError:
                message, clients = b"", []
            if not message:
                self._end()
                return
            kind, body = message[:1], message[1:]
            if kind == CLIENT:
                # A client without its descriptor is lost: too many files are open to take it.
                for client in clients:
                    self._workers.server.adopt(socket.socket(fileno=client), body)
            elif kind == WROTE:
                self._workers.hear(json.loads(body))
                # Only now: until then something is under way.
                self.heard += 1
            elif kind == COUNTED:
                self._workers.add(json.loads(body))
            else:
                self._workers.count(json.loads(body))

    def handle_close(self) -> None:
        # What was sent before the end is read first; behind it is the end.
        if self.socket is not None:
            self.handle_read()

    def handle_error(self) -> None:
        log.error("what worker %d says cannot be read", self._number, exc_info=sys.exc_info())
        self._end()

    def _end(self) -> None:
        if self._fileno is not None:
            self.close()
            self._workers.died(self._number)

    def give(self, client: socket.socket) -> bool:
        """Have a client answered there, and say whether it is taken."""
        try:
            socket.send_fds(self.socket, [CLIENT], [client.fileno()])
        except OSError:
            return False
        self.given += 1
        return True


class Workers:
    """All workers, as the owner sees them."""

    def __init__(self, figures: Figures, work: Work) -> None:
        """Fork the nursery; workers come when there is a server that has clients for them."""
        self._figures = figures
        self._nursery = Nursery(work)
        self._links: dict[int, _Link] = {}
        self._stopping = False
        self._searching = set[object]()
        self._gone = threading.Condition()

    def start(
        self,
        server: Listening,
        hear: Callable[[Sequence[Write]], None],
        documents: Documents,
        traffic: Traffic,
        look: Callable[[], None],
        signed: Callable[[str, str], None],
    ) -> None:
        """
        Begin.

        Args:
            server: Has the clients.

            hear: Is told what was committed.

            documents: Where that can be read.

            traffic: Counts requests, and what else workers count.

            look: Looks for what was committed and not told of.

            signed: Is told of each signature that a worker made, and of what: a worker has the writer's key.
        """
        self.server, self._hear, self._documents = server, hear, documents
        self._traffic, self._look, self._signed = traffic, look, signed
        for number in range(len(self._figures.of)):
            self._make(number)
        server.placed = self.placed

    def placed(self, client: socket.socket) -> bool:
        """Hand a client to the worker that has the fewest, and say whether there is one."""
        # One whose link is full is slow, and the next one is not.
        return any(link.give(client) for _, link in sorted(self._links.items(), key=self._held))

    def _held(self, one: tuple[int, _Link]) -> int:
        number, link = one
        return link.given - self._figures.of[number][CLOSED]

    def busy(self) -> bool:
        """Say whether a request is under way somewhere, or something committed is not heard of yet."""
        for number, link in list(self._links.items()):
            own = self._figures.of[number]
            if own[REQUESTS] or own[TOLD] != link.heard:
                return True
        return bool(self._searching)

    def hear(self, keys: Sequence[Sequence[str]]) -> None:
        """Pass on that documents were committed; those whose content matters are read."""
        writes = []
        try:
            for tenant, collection, id, *signed in keys:
                if signed:
                    self._signed(*signed)
                key = Key(tenant, collection, id)
                found = self._documents.get(key) if waking()[key.collection] else None
                writes.append(Write(key, found.data if found else {}, ABSENT))
        except StoreUnavailable:
            self._search()
        else:
            self._hear(writes)

    def count(self, answered: Sequence[tuple[str, int, float, str]]) -> None:
        """Count requests."""
        for area, status, duration_ms, at in answered:
            self._traffic.served(area, status, duration_ms, datetime.fromisoformat(at))

    def add(self, counters: Sequence[Sequence[Any]]) -> None:
        """Make counters larger by what a worker counted."""
        self._traffic.tally(Sample(*one) for one in counters)

    def died(self, number: int) -> None:
        """Look for what a worker left, and have another one."""
        with self._gone:
            del self._links[number]
            self._gone.notify_all()
            if self._stopping:
                return
        log.warning("worker %d died; another one comes in its place", number)
        self._search()
        self._make_soon(number)

    def _search(self) -> None:
        """Look for what was committed and nobody was told of, until that could be looked for."""
        self._searching.add(search := object())

        def look() -> None:
            try:
                self._look()
            except StoreUnavailable as unavailable:
                log.warning("what a worker left is looked for again: %s", unavailable)
                _after(PAUSE_S, look)
            else:
                self._searching.discard(search)

        _after(0, look)

    def _make(self, number: int) -> None:
        if self._stopping:
            return
        own = self._figures.of[number]
        own[REQUESTS] = own[TOLD] = own[CLOSED] = own[PID] = 0
        try:
            self._links[number] = _Link(self, number, self._nursery.worker(number))
        except ConnectionError:
            log.exception("there are no more workers, as what makes them is dead")
        except OSError as error:
            log.warning("worker %d cannot be made yet: %s", number, error)
            self._make_soon(number)

    def _make_soon(self, number: int) -> None:
        _after(PAUSE_S, lambda: self.server.wake(lambda: self._make(number)))

    def stop(self) -> None:
        """Let all finish what is under way, once nobody is handed over any more, and end them."""
        with self._gone:
            self._stopping = True
            self.server.wake(self._say_enough)
            self._gone.wait_for(lambda: not self._links, STOP_S)
            # Whoever stands still goes: what it has not committed did not happen.
            for number in self._links:
                if pid := self._figures.of[number][PID]:
                    log.warning("worker %d does not end, and is killed", number)
                    with suppress(ProcessLookupError):
                        os.kill(pid, signal.SIGKILL)
        self._nursery.close()

    def _say_enough(self) -> None:
        for link in self._links.values():
            with suppress(OSError):
                link.socket.send(STOP)


def _after(seconds: float, do: Callable[[], None]) -> None:
    timer = threading.Timer(seconds, do)
    timer.daemon = True
    timer.start()
