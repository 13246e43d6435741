"""
Circuit breakers: whoever does not answer is left alone for a while.

A breaker lives in the process that calls, and needs nobody to work. A change of its state is also written
down, as well as that goes, where staff can see it; a reset is read there. Nothing is written while a state
lasts, so no document is hot.
"""

import logging
import math
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime

from shared.actors import PLATFORM
from shared.documents import Contended, Documents, Key, Write
from shared.errors import ProviderDown, Refusal, Rejected
from shared.platform.rules.targets import FAILURES, PROBE_AFTER, TARGETS, WITHIN

log = logging.getLogger("waooaw.breakers")

LOOK_EVERY_S = 5.0
"""How often an open breaker looks whether somebody reset it."""


class Board:
    """Where processes write the state of their breakers, and read who was reset."""

    def __init__(
        self,
        documents: Documents,
        clock: Callable[[], datetime],
        passed: Callable[[], float] = time.monotonic,
    ) -> None:
        """
        Say where it hangs, and what time it is there.

        Args:
            documents: Where it hangs.

            clock: The present, in UTC.

            passed: How time passes there, in seconds from any start, never back: what breakers wait by. Where
                a clock jumps, attempts come due at once, and so must a breaker's probe.
        """
        self._documents, self.clock, self.passed = documents, clock, passed

    def show(self, target: str, *, opened_at: datetime | None, failures: int) -> None:
        """Write down that a breaker opened, or closed where *opened_at* is None."""
        from shared.platform.models.breakers import Circuit

        told = Circuit(id=target, opened_at=opened_at, failures=failures, changed_at=self.clock())
        with suppress(Refusal, Rejected, Contended):
            place = Key(PLATFORM, Circuit.collection, target)
            self._documents.commit([Write(place, told.to_stored())])

    def was_reset(self, target: str, since: datetime) -> bool:
        """Say whether somebody reset the target's breakers after that moment."""
        from shared.platform.models.breakers import CircuitReset

        with suppress(Refusal, Rejected):
            found = self._documents.get(Key(PLATFORM, CircuitReset.collection, target))
            return found is not None and datetime.fromisoformat(found.data["reset_at"]) > since
        return False


_board: Board | None = None


def show_on(board: Board | None) -> None:
    """Let all breakers of this process show their changes there."""
    global _board  # noqa: PLW0603 - one process has one board
    _board = board


def _passed() -> float:
    return _board.passed() if _board else time.monotonic()


class Breaker:
    """
    The breaker of one target in one process.

    Closed, it lets everything through. Three failures in ten seconds open it: nothing passes for thirty
    seconds, then one probe. A probe that succeeds closes it.
    """

    def __init__(
        self, target: str, clock: Callable[[], float] | None = None, *, ours: bool = True
    ) -> None:
        """
        Begin closed.

        Args:
            target: One of `TARGETS`.

            clock: Seconds from any start, which never go back; without it, as time passes on the board.

            ours: Whether the platform itself depends on the target. One that a customer named is in no list,
                and its state is written down nowhere.

        Raises:
            ValueError: Nobody knows the target.
        """
        if ours and target not in TARGETS:
            raise ValueError(
                f"{target} is no known target: add it to shared/platform/rules/targets.py"
            )
        self._target, self._clock, self._ours = target, clock or _passed, ours
        self.name = TARGETS[target] if ours else target
        """The target, in words."""

        self._lock = threading.Lock()
        self._failed_at = deque[float](maxlen=FAILURES)
        self._opened_at: datetime | None = None
        self._probe_at = self._look_at = 0.0
        self._probing = False

    def admit(self) -> bool:
        """
        Let one request through, which must be settled, and return whether it is the probe.

        Raises:
            ProviderDown: The breaker is open.
        """
        self._look()
        with self._lock:
            if self._opened_at is None:
                return False
            left_s = self._probe_at - self._clock()
            if self._probing or left_s > 0:
                raise ProviderDown(
                    f"{self.name} did not answer lately and is left alone for now",
                    rule="breaker_open",
                    retry_after_s=max(1, math.ceil(left_s)),
                )
            self._probing = True
            return True

    def settle(self, *, probe: bool, well: bool | None) -> None:
        """Take note of how an admitted request ended; None where it says nothing about the target."""
        with self._lock:
            now = self._clock()
            self._probing = self._probing and not probe
            if well is None:
                return
            if probe:
                self._probe_at = now + PROBE_AFTER.total_seconds()
                if not well:
                    return
                self._opened_at = None
                self._failed_at.clear()
            elif well or self._opened_at:
                # What was under way when the breaker opened says nothing about now.
                return
            else:
                self._failed_at.append(now)
                earliest = now - WITHIN.total_seconds()
                if len(self._failed_at) < FAILURES or self._failed_at[0] < earliest:
                    return
                self._opened_at = _board.clock() if _board else datetime.now(UTC)
                self._probe_at = now + PROBE_AFTER.total_seconds()
                self._look_at = now + LOOK_EVERY_S
            opened_at = self._opened_at
        self._tell(opened_at)

    def _look(self) -> None:
        """Close again where somebody reset it; look seldom, and never while holding others up."""
        with self._lock:
            since, now = self._opened_at, self._clock()
            if not self._ours or _board is None or since is None or now < self._look_at:
                return
            self._look_at = now + LOOK_EVERY_S
        if _board.was_reset(self._target, since):
            with self._lock:
                self._opened_at = None
                self._failed_at.clear()
            self._tell(None)

    def _tell(self, opened_at: datetime | None) -> None:
        if not self._ours:
            return
        state = "open" if opened_at else "closed"
        log.warning("the circuit breaker of %s is %s", self._target, state)
        if _board is not None:
            failures = FAILURES if opened_at else 0
            _board.show(self._target, opened_at=opened_at, failures=failures)
