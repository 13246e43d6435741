"""What the engine has to do next, who does it, and whether anything is under way."""

from __future__ import annotations

import math
import threading
import time
from collections import deque
from collections.abc import Callable

from local.clock import Clock
from local.workflows.journal import RETRY_S, Journal
from local.workflows.live import Live
from local.workflows.timers import Timers

_SLEEP_MAX_S = 3600.0
# How long what may wait waits.
_LATER_S = 0.05
# How late what is due may be, where being exact wakes a thread.
_SOON_S = 0.001
Act = Callable[[], None]
Message = tuple[Act, Live | None]
"""What to do, and for which execution if it is for one."""


def nothing() -> None:
    """Come round, to see what is due."""


def _stays() -> bool:
    return True


class Agenda:
    """
    Keep what is to be done, in the order it came; one thread at a time does it, and all may post and count.

    Who brings the result of an effect does what is to be done if nobody does, as handing it to another thread takes as
    long. One thread waits, for what is due and for what the others post.
    """

    def __init__(self, journal: Journal, clock: Clock, timers: Timers) -> None:
        self._journal = journal
        self._clock = clock
        self._timers = timers
        self._messages: deque[Message | None] = deque()
        # Whether a thread does what is to be done, and whether that is over.
        self._held = self._over = False
        # What the thread that waits sleeps behind, and until when it would.
        self._bed = threading.Lock()
        self._bed.acquire()
        self._asleep, self._until = False, 0.0
        # What needs the journal while it cannot be read.
        self._again: list[Message] = []
        self._again_at = 0.0
        # What may wait.
        self._later: list[Act] = []
        self._later_at = 0.0
        self._under_way = 0
        self._lock = threading.Lock()

    # --- from any thread ----------------------------------------------------------------------

    @property
    def busy(self) -> bool:
        """Tell whether anything is under way, or posted."""
        return self._under_way > 0

    def count(self, change: int) -> None:
        """Note that something began or ended that keeps the engine from being idle."""
        with self._lock:
            self._under_way += change

    def post(self, act: Act, live: Live | None = None) -> None:
        """Have something done soon; for *live*, which stays in memory until then."""
        with self._lock:
            self._under_way += 1
            if live is not None:
                live.posted += 1
            self._put((act, live))

    def shortly(self, act: Act) -> None:
        """Have something done a little later; until then, nothing of it is under way."""
        self.post(lambda: self.later(act))

    def bring(self, act: Act, live: Live | None = None) -> None:
        """Post what was counted when it began; who brings it goes on with what is to be done if nobody does."""
        with self._lock:
            if live is not None:
                live.posted += 1
            self._messages.append((act, live))

    def end(self) -> None:
        """Let it be over after what was posted."""
        with self._lock:
            self._put(None)

    def take(self) -> bool:
        """Begin to do what is to be done, unless another thread does, or there is nothing."""
        with self._lock:
            taken = bool(self._messages) and not self._held and not self._over
            self._held |= taken
            return taken

    def let_go(self) -> None:
        """Let another do what is to be done, whatever kept the thread that was at it from going on."""
        with self._lock:
            self._held = False
            self._wake()

    def _put(self, message: Message | None) -> None:
        self._messages.append(message)
        if not self._held:
            self._wake()

    def _wake(self) -> None:
        if self._asleep:
            self._asleep = False
            self._bed.release()

    # --- from the thread that waits -----------------------------------------------------------

    def wait(self) -> bool:
        """Wait until something is to be done that nobody does; return False once all is over."""
        with self._lock:
            if self._over or (self._messages and not self._held):
                return not self._over
            # Who does what is to be done now also does what is due now, and wakes this one for what will be earlier.
            wait_s = max(self._wait_s(), _SOON_S if self._held else 0.0)
            self._asleep, self._until = True, time.monotonic() + wait_s
        if not self._bed.acquire(timeout=min(wait_s, _SLEEP_MAX_S)):
            with self._lock:
                if not self._asleep:
                    self._bed.acquire()
                self._asleep = False
            self.post(nothing)
        return True

    def _wait_s(self) -> float:
        """Return how long there is nothing to do."""
        deadline = self._timers.next()
        wait_s = math.inf if deadline is None else self._clock.seconds_until(deadline)
        if self._again or self._journal.troubled:
            wait_s = min(wait_s, RETRY_S)
        if self._later:
            wait_s = min(wait_s, self._later_at - time.monotonic())
        return max(0.0, wait_s)

    # --- from the thread that does what is to be done -----------------------------------------

    def next(self, stays: Callable[[], bool] = _stays) -> Message | None:
        """
        Return what is to be done next; what was done is written before there is nothing.

        None is the end of it: there is nothing, or it is over, or the thread no longer *stays*. Then another may go on.
        """
        if self._again and time.monotonic() >= self._again_at:
            again, self._again = self._again, []
            with self._lock:
                self._messages.extend(again)
        if self._later and time.monotonic() >= self._later_at:
            acts, self._later = self._later, []
            for act in acts:
                self.post(act)
        if not self._messages or self._journal.urgent:
            self._journal.flush()
        # Whether to stay may start a thread, for which nobody is to wait behind the lock.
        goes_on = bool(self._messages) and stays()
        with self._lock:
            if goes_on:
                message = self._messages.popleft()
                if message is not None:
                    return message
                self._over = True
            if (
                self._over
                or self._messages
                or (self._asleep and time.monotonic() + self._wait_s() < self._until - _SOON_S)
            ):
                self._wake()
            self._held = False
            return None

    def later(self, act: Act) -> None:
        """Do something soon; until then, nothing of it is under way."""
        if not self._later:
            self._later_at = time.monotonic() + _LATER_S
        self._later.append(act)

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
