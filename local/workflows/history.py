"""
Note which steps were taken, once each, however often an execution is replayed.

A step's entry is known by its ordinal, which is the same in every replay, so entries up to the
highest one on disk are not written again, except to say how an open one ended.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from local.workflows.errors import Failure


@dataclass
class Entry:
    """A step that began, that ended, or both, since entries were last written."""

    ordinal: int
    began: Began | None = None
    ended: datetime | None = None
    failure: Failure | None = None


@dataclass(frozen=True)
class Began:
    """Which step it is, and when it began."""

    routine: str
    step: str
    kind: str
    strand: str
    parent: int | None
    at: datetime


class Recorder:
    """Collect the entries of one execution until they are written."""

    def __init__(self, now: Callable[[], datetime], high: int, still_open: Iterable[int]) -> None:
        self._now = now
        self._high = high
        self._open = set(still_open)
        self._next = 0
        self._fresh: dict[int, Entry] = {}

    def begin(self, routine: str, step: str, kind: str, strand: str, parent: int | None) -> int:
        """Note the start of a step and return its ordinal."""
        self._next += 1
        if self._next > self._high:
            began = Began(routine, step, kind, strand, parent, self._now())
            self._fresh[self._next] = Entry(self._next, began)
        return self._next

    def end(self, ordinal: int, failure: Failure | None) -> None:
        """Note the end of a step."""
        if ordinal > self._high or ordinal in self._open:
            entry = self._fresh.setdefault(ordinal, Entry(ordinal))
            entry.ended, entry.failure = self._now(), failure

    def take(self) -> list[Entry]:
        """Return what is to be written now."""
        fresh, self._fresh = self._fresh, {}
        return list(fresh.values())
