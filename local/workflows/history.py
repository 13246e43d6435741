"""
Note which steps were taken, once each, however often an execution is replayed.

A step's entry is known by its ordinal, which is the same in every replay, so entries up to the
highest one on disk are not written again, except to say how an open one ended.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from local.workflows.errors import Failure

if TYPE_CHECKING:
    from collections.abc import Callable

    from local.workflows.scopes import Frame


Began = tuple[str, str, str, str, int | None, int]
"""The routine, the step, the kind, the strand and the parent, and when it began, in µs since 1970."""

Ended = tuple[int, "Failure | None"]
"""When it ended, in µs since 1970, and with what error."""


@dataclass(frozen=True)
class Entries:
    """What began and what ended since entries were last written, each by its ordinal."""

    began: dict[int, Began] = field(default_factory=dict)
    ended: dict[int, Ended] = field(default_factory=dict)


class Recorder:
    """
    Collect the entries of one execution until they are written.

    *parts* says whether those of iterations, conditions, branches and attempts are among them: an execution that an
    earlier release began has none, and would count its steps in another way.
    """

    def __init__(
        self, now: Callable[[], int], high: int, still_open: Iterable[int], *, parts: bool
    ) -> None:
        self.parts = parts
        self._now = now
        self._high = high
        self._open = set(still_open)
        self._next = 0
        self._fresh = Entries()

    def begin(self, frame: Frame, step: str, kind: str, parent: int | None) -> int:
        """Note the start of a step, or of a part of one, and return its ordinal."""
        self._next = found = self._next + 1
        if found > self._high:
            where = frame.strand.path
            self._fresh.began[found] = frame.routine, step, kind, where, parent, self._now()
        return found

    def end(self, ordinal: int, failure: Failure | None) -> None:
        """Note the end of a step."""
        if ordinal > self._high or ordinal in self._open:
            self._fresh.ended[ordinal] = self._now(), failure

    def take(self) -> Entries:
        """Return what is to be written now."""
        fresh, self._fresh = self._fresh, Entries()
        return fresh


class Part:
    """
    Note a part of a step as it is entered and left: an iteration, a condition, a branch, an attempt.

    It bears the name of its step; how many of a kind were before it is told by their order. It may be entered again.
    """

    __slots__ = ("_entry", "_frame", "_kind", "_name", "_parent", "_recorder")

    def __init__(self, recorder: Recorder, frame: Frame, kind: str, name: str = "") -> None:
        self._recorder, self._frame, self._kind = recorder, frame, kind
        self._name, self._parent, self._entry = name or frame.step, frame.entry, 0

    def __enter__(self) -> None:
        recorder, frame = self._recorder, self._frame
        if recorder.parts:
            self._entry = frame.entry = recorder.begin(frame, self._name, self._kind, self._parent)

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        self._frame.entry = self._parent
        if self._entry and (error is None or isinstance(error, Failure)):
            self._recorder.end(self._entry, error)
