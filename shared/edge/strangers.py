"""How much callers without a good token leave behind: a few entries in each window, and a count of the others."""

import threading
from datetime import datetime, timedelta

from shared.records import dataclass

WINDOW = timedelta(minutes=10)
MOST_ENTRIES = 10
"""How many tokens one process refuses for one reason in a window with an entry for each."""


@dataclass
class _Window:
    since: datetime
    entries: int = 0
    counted: int = 0


class Strangers:
    """What one process refused of strangers lately, by reason; how many reasons there are, the code says."""

    def __init__(self) -> None:
        """Begin with nobody."""
        self._windows: dict[str, _Window] = {}
        self._lock = threading.Lock()

    def turned_away(self, reason: str, at: datetime) -> int | None:
        """
        Count one more; return how many left no entry before it, or None where it leaves none itself.

        What was counted is told by the next entry for that reason, which the next window has room for.
        """
        with self._lock:
            window = self._windows.get(reason)
            if window is None or not timedelta() <= at - window.since < WINDOW:
                window = _Window(at, counted=window.counted if window else 0)
                self._windows[reason] = window
            if window.entries == MOST_ENTRIES:
                window.counted += 1
                return None
            window.entries += 1
            counted, window.counted = window.counted, 0
            return counted
