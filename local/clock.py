"""The clock of this machine's platform, which tests and the demo may move forward."""

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from local.failures import Failure
from shared.edge.keys import keep_private

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
"""From when on microseconds are counted."""


class Clock:
    """
    Tell the time, in UTC, and never backwards.

    Time passes by the machine's monotonic clock, so a step of its wall clock moves no deadline. What was
    jumped over is kept in *memory* (a file), so that a restart does not travel back.
    """

    def __init__(
        self, memory: Path | None = None, ahead: list[int] | memoryview | None = None
    ) -> None:
        """
        Begin with the present, and what was jumped over before.

        Args:
            memory: Where that is kept.

            ahead: One number, how far it has jumped since, in microseconds: processes that have the same memory for it
                see a jump at the same time.

        Raises:
            Failure: What is kept is no number.
        """
        self._memory = memory
        self._ahead = [0] if ahead is None else ahead
        self._lock = threading.Lock()
        self._listeners: list[Callable[[], None]] = []
        self._epoch = datetime.now(UTC) - timedelta(seconds=time.monotonic())
        if memory is not None and memory.exists():
            self._epoch += timedelta(seconds=_kept(memory))
        self._epoch_us = (self._epoch - EPOCH) // timedelta(microseconds=1)

    def now(self) -> datetime:
        """Return the present, in UTC."""
        return self._epoch + timedelta(seconds=time.monotonic(), microseconds=self._ahead[0])

    def microseconds(self) -> int:
        """Return the present in µs since 1970: a fifth of the CPU, for what asks for it at each step."""
        return self._epoch_us + int(time.monotonic() * 1e6) + self._ahead[0]

    def passed(self) -> float:
        """Return how much time has passed since any start, in seconds, what was jumped over among it."""
        return self.now().timestamp()

    def seconds_until(self, moment: datetime) -> float:
        """Return how long, in seconds of the machine, until *moment*; 0 once it has passed."""
        return max(0.0, (moment - self.now()).total_seconds())

    def jump(self, to: datetime) -> None:
        """Move to *to* at once, if it lies ahead, and wake everyone who waits for a time."""
        with self._lock:
            further = max(timedelta(), to - self.now())
            if self._memory is not None:
                # Before anybody sees it: whatever ends this process, nobody has seen a time that is not kept.
                ahead = self.now() + further - datetime.now(UTC)
                keep_private(self._memory, str(max(0.0, ahead.total_seconds())).encode())
            self._ahead[0] += further // timedelta(microseconds=1)
        for listener in self._listeners:
            listener()

    def on_jump(self, listener: Callable[[], None]) -> None:
        """Call *listener* after every jump."""
        self._listeners.append(listener)


def _kept(memory: Path) -> float:
    """Return how far it had jumped."""
    try:
        return float(memory.read_text())
    except ValueError:
        raise Failure(
            f"{memory} does not say by how many seconds the clock is ahead; write them into it, or 0"
        ) from None
