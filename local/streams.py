"""
Answers that are held open: an operation whose result is a `Stream` goes on telling, on one machine.

Nothing is kept for whoever listens. Each open answer looks again when something was committed that it may be
about, and at each ping in any case; what waits for a slow reader waits in the store.
"""

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from local.connections import UNSENT
from shared.actors import Actor
from shared.documents import Write
from shared.edge.shown import LATER, event, ping
from shared.edge.streams import Open
from shared.edge.web import Request, Response
from shared.errors import Refusal
from shared.streams import MOST, Source, place

PING_S = 10.0
LIFE_S = 30 * 60.0
REST_S = 0.05
"""How long after it told something it looks again at the earliest, however much is committed."""

MOST_OF_ONE = 5
MOST_OF_ALL = 8
"""Each open stream holds a thread of the server."""

SOON = "retry: 2000\n\n"
CONNECT_AGAIN = ": connect again\n\n"


@dataclass(eq=False)
class _Listener:
    """One open stream."""

    actor: Actor
    source: Source
    woken: threading.Event = field(default_factory=threading.Event)


class Streams:
    """Every open stream of this process."""

    def __init__(self, *, ping_s: float = PING_S, life_s: float = LIFE_S) -> None:
        """Hold none yet; `take` must hear of every commit."""
        self._ping_s, self._life_s = ping_s, life_s
        self._listeners: list[_Listener] = []
        self._lock = threading.Lock()
        self._closed = False

    def take(self, writes: Sequence[Write]) -> None:
        """Wake the streams that some committed writes may be about."""
        with self._lock:
            listeners = list(self._listeners)
        for one in listeners:
            for write in writes:
                key = write.key
                data = write.data
                if data is not None and one.source.holds(key.tenant, key.collection, data):
                    one.woken.set()

    def close(self) -> None:
        """End every stream, and hold none any more."""
        self._closed = True
        with self._lock:
            for one in self._listeners:
                one.woken.set()

    def held(self, answer: Response, request: Request) -> Response:
        """Return an answer that is held open, where it is a stream's; as it is where too many are."""
        if not isinstance(answer, Open) or request.method == "HEAD":
            return answer
        told = self._told(answer, request)
        if next(told, None) is None:
            return answer
        headers = {name: said for name, said in answer.headers.items() if name != "Content-Length"}
        return Response(told, answer.status_code, headers)

    @contextmanager
    def _slot(self, actor: Actor, source: Source) -> Iterator[_Listener | None]:
        """Take a slot, where one is free, and give it back however it ends."""
        listener = _Listener(actor, source)
        with self._lock:
            own = sum(_same(one.actor, actor) for one in self._listeners)
            free = own < MOST_OF_ONE and len(self._listeners) < MOST_OF_ALL and not self._closed
            if free:
                self._listeners.append(listener)
        # Something may have been committed since it was answered.
        listener.woken.set()
        try:
            yield listener if free else None
        finally:
            if free:
                with self._lock:
                    self._listeners.remove(listener)

    def _told(self, answer: Open, request: Request) -> Iterator[bytes]:
        """
        Tell what there is and what comes: nothing at first, which says that it is held.

        The slot is this generator's own, so it is given back with it, also where nobody ever reads on.
        """
        with self._slot(answer.actor, answer.told.source) as listener:
            if listener is None:
                return
            yield b""
            yield SOON.encode()
            for one in self._telling(answer, request, listener):
                yield one.encode()

    def _telling(self, answer: Open, request: Request, listener: _Listener) -> Iterator[str]:
        unsent = request.environ.get(UNSENT, int)
        ends = time.monotonic() + self._life_s
        stream, waiting, ping_at = answer.told, 0, 0.0
        named = place(request.headers.get("Last-Event-ID"))
        known = {named}
        try:
            while True:
                for one in stream.events:
                    if one.place in known:
                        continue
                    answer.admit()
                    yield event(one)
                    waiting = waiting + 1 if unsent() else 0
                    if waiting >= MOST:
                        yield LATER
                        return
                if stream.more:
                    yield LATER
                    return
                # A look reaches back a little, and so did the one before.
                known = {named, *(one.place for one in stream.events)}
                now = time.monotonic()
                if now >= ping_at:
                    answer.admit()
                    yield ping(stream.here)
                    ping_at = now + self._ping_s
                if now >= ends or self._closed:
                    yield CONNECT_AGAIN
                    return
                listener.woken.wait(max(0.0, min(ping_at, ends) - now))
                time.sleep(max(0.0, now + REST_S - time.monotonic()))
                listener.woken.clear()
                stream = answer.look(stream.here)
        except Refusal:
            # Whoever may not listen any more connects again, and is told why.
            return


def _same(one: Actor, other: Actor) -> bool:
    return (one.tenant, one.id) == (other.tenant, other.id)
