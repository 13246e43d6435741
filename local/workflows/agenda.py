"""What the engine has to do next, and whether anything is under way."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable

from local.clock import Clock
from local.workflows.journal import RETRY_S, Journal
from local.workflows.live import Live
from local.workflows.timers import Timers

_SLEEP_MAX_S = 3600.0
# How long what may wait waits.
_LATER_S = 0.05
Act = Callable[[], None]
Message = tuple[Act, Live | None]
"""What to do, and for which execution if it is for one."""


def nothing() -> None:
    """Come round, to see what is due."""


class Agenda:
    """Keep what is to be done on the engine's thread, in the order it came; others may post and count."""

    def __init__(self, journal: Journal, clock: Clock, timers: Timers) -> None:
        self._journal = journal
        self._clock = clock
        self._timers = timers
        self._messages: queue.SimpleQueue[Message | None] = queue.SimpleQueue()
        # What needs the journal while it cannot be read.
        self._again: list[Message] = []
        self._again_at = 0.0
        # What may wait.
        self._later: list[Act] = []
        self._later_at = 0.0
        self._under_way = 0
        self._lock = threading.Lock()

    @property
    def busy(self) -> bool:
        """Tell whether anything is under way, or posted."""
        return self._under_way > 0

    def count(self, change: int) -> None:
        """Note that something began or ended that keeps the engine from being idle."""
        with self._lock:
            self._under_way += change

    def post(self, act: Act, live: Live | None = None) -> None:
        """Do something on the engine's thread, soon; for *live*, which stays in memory until then."""
        with self._lock:
            self._under_way += 1
            if live is not None:
                live.posted += 1
        self._messages.put((act, live))

    def later(self, act: Act) -> None:
        """Do something soon, on whose thread this is called; until then, nothing of it is under way."""
        if not self._later:
            self._later_at = time.monotonic() + _LATER_S
        self._later.append(act)

    def end(self) -> None:
        """Let the engine's thread end after what was posted."""
        self._messages.put(None)

    def next(self) -> Message | None:
        """Return what is to be done next, or None at the end; what was done is written before there is a wait."""
        if self._again and time.monotonic() >= self._again_at:
            again, self._again = self._again, []
            for one in again:
                self._messages.put(one)
        if self._later and time.monotonic() >= self._later_at:
            acts, self._later = self._later, []
            for act in acts:
                self.post(act)
        if self._journal.urgent:
            self._journal.flush()
        try:
            return self._messages.get_nowait()
        except queue.Empty:
            self._journal.flush()
        deadline = self._timers.next()
        wait_s = _SLEEP_MAX_S if deadline is None else self._clock.seconds_until(deadline)
        if self._again or self._journal.troubled:
            wait_s = min(wait_s, RETRY_S)
        if self._later:
            wait_s = min(wait_s, self._later_at - time.monotonic())
        try:
            return self._messages.get(timeout=max(0.0, min(wait_s, _SLEEP_MAX_S)))
        except queue.Empty:
            self.count(1)
            return nothing, None

    def put_off(self, message: Message) -> None:
        """Do it later, when the journal can perhaps be read."""
        if not self._again:
            self._again_at = time.monotonic() + RETRY_S
        self._again.append(message)

    def done(self, message: Message) -> None:
        """Note that what was posted is done."""
        live = message[1]
        with self._lock:
            self._under_way -= 1
            if live is not None:
                live.posted -= 1
