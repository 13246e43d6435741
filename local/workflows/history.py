"""
Note which steps were taken, once each, however often an execution is replayed.

A step's entry is known by its ordinal, which is the same in every replay, so entries up to the
highest one on disk are not written again, except to say how an open one ended. What is on disk is always the
entries up to some ordinal: so one that is open is written when a later one has ended, or when it has been open for long.

They are written many at a time, as nothing is told from them that a replay does not find again. What a killed process
had not written yet, a replay notes anew, with the times that the operations which it reaches have on disk.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from local.workflows.errors import Failure

if TYPE_CHECKING:
    from collections.abc import Callable

    from local.workflows.scopes import Frame


_1970, _MICROSECOND = datetime(1970, 1, 1, tzinfo=UTC), timedelta(microseconds=1)
_MANY = 64
"""How many steps that ended are written when something else is: as many as fill a page of the journal or two."""

Began = tuple[str, str, str, str, int | None, int]
"""The routine, the step, the kind, the strand and the parent, and when it began, in µs since 1970."""

Ended = tuple[int, "Began | None", int, "Failure | None"]
"""The ordinal, how it began if that is not on disk, when it ended, in µs since 1970, and with what error."""


class Entries(NamedTuple):
    """What is to be written: steps that ended, and steps that go on, by their ordinals."""

    ended: list[Ended]
    going_on: dict[int, Began]


class Recorder:
    """
    Collect the entries of one execution until they are written.

    *parts* says whether those of iterations, conditions, branches and attempts are among them: an execution that an
    earlier release began has none, and would count its steps in another way. *started* is when each operation began
    that a replay will reach, as the journal has it: what a replay comes to on the way there was at the same time.
    """

    def __init__(
        self,
        now: Callable[[], int],
        high: int,
        still_open: Iterable[int],
        *,
        parts: bool,
        started: Iterable[str] = (),
    ) -> None:
        self.parts = parts
        self._clock = now
        # In the order they began, which is that in which they are reached.
        self._started = deque(sorted(started))
        self._now = self._before if self._started else now
        self._high = high
        self._open = set(still_open)
        # The last that began, and the last that ended and is new.
        self._next = self._last = 0
        self._ended: list[Ended] = []
        self._going_on: dict[int, Began] = {}

    def begin(self, frame: Frame, step: str, kind: str, parent: int | None) -> int:
        """Note the start of a step, or of a part of one, and return its ordinal."""
        self._next = found = self._next + 1
        if found > self._high:
            where = frame.strand.path
            self._going_on[found] = frame.routine, step, kind, where, parent, self._now()
        return found

    def end(self, ordinal: int, failure: Failure | None) -> None:
        """Note the end of a step."""
        if ordinal > self._high or ordinal in self._open:
            began = self._going_on.pop(ordinal, None)
            self._ended.append((ordinal, began, self._now(), failure))
            self._last = max(self._last, ordinal)

    def reached(self) -> None:
        """Note that a replay reached the next operation that the journal has."""
        if self._started:
            self._started.popleft()
        if not self._started:
            self._now = self._clock

    def _before(self) -> int:
        return (datetime.fromisoformat(self._started[0]) - _1970) // _MICROSECOND

    @property
    def unwritten(self) -> bool:
        """Tell whether steps began or ended of which nothing was taken."""
        return bool(self._ended or self._going_on)

    def take(self, *, whole: bool = False) -> Entries | None:
        """Return what is to be written now: much that ended, with all that began before, or else the *whole*."""
        going_on, ended = self._going_on, self._ended
        if not (whole and (ended or going_on)) and len(ended) < _MANY:
            return None
        self._ended = []
        before: dict[int, Began] = {}
        # They began in the order of their ordinals, and few are before what has ended.
        while going_on and (whole or next(iter(going_on)) < self._last):
            first = next(iter(going_on))
            before[first] = going_on.pop(first)
        return Entries(ended, before)


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
