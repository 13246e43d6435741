"""The clock of this machine's platform, which tests and the demo may move forward."""

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path


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
        """
        self._memory = memory
        self._ahead = [0] if ahead is None else ahead
        self._lock = threading.Lock()
        self._listeners: list[Callable[[], None]] = []
        self._epoch = datetime.now(UTC) - timedelta(seconds=time.monotonic())
        if memory is not None and memory.exists():
            self._epoch += timedelta(seconds=float(memory.read_text()))

    def now(self) -> datetime:
        """Return the present, in UTC."""
        return self._epoch + timedelta(seconds=time.monotonic(), microseconds=self._ahead[0])

    def passed(self) -> float:
        """Return how much time has passed since any start, in seconds, what was jumped over among it."""
        return self.now().timestamp()

    def seconds_until(self, moment: datetime) -> float:
        """Return how long, in seconds of the machine, until *moment*; 0 once it has passed."""
        return max(0.0, (moment - self.now()).total_seconds())

    def jump(self, to: datetime) -> None:
        """Move to *to* at once, if it lies ahead, and wake everyone who waits for a time."""
        with self._lock:
            self._ahead[0] += max(0, (to - self.now()) // timedelta(microseconds=1))
            if self._memory is not None:
                ahead = self.now() - datetime.now(UTC)
                self._memory.write_text(str(max(0.0, ahead.total_seconds())))
        for listener in self._listeners:
            listener()

    def on_jump(self, listener: Callable[[], None]) -> None:
        """Call *listener* after every jump."""
        self._listeners.append(listener)
