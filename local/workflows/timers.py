"""Everything that waits for a moment, earliest first."""

import heapq
import itertools
import threading
from collections.abc import Callable
from datetime import datetime


class Timers:
    """
    Keep absolute deadlines.

    A timer whose operation was completed otherwise is not searched for; *wanted* tells, when its
    turn comes, that nobody waits for it any more.
    """

    def __init__(self, wanted: Callable[[str, str], bool]) -> None:
        self._wanted = wanted
        self._heap: list[tuple[datetime, int, str, str]] = []
        self._number = itertools.count()
        self._lock = threading.Lock()

    def set(self, deadline: datetime, execution: str, op: str) -> None:
        """Add a deadline of an operation."""
        with self._lock:
            heapq.heappush(self._heap, (deadline, next(self._number), execution, op))

    def next(self) -> datetime | None:
        """Return the earliest deadline that somebody waits for."""
        with self._lock:
            while self._heap and not self._wanted(*self._heap[0][2:]):
                heapq.heappop(self._heap)
            return self._heap[0][0] if self._heap else None

    def due(self, now: datetime) -> list[tuple[str, str]]:
        """Take out what has come due."""
        found = []
        with self._lock:
            while self._heap and self._heap[0][0] <= now:
                found.append(heapq.heappop(self._heap)[2:])
        return found
