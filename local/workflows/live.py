"""An execution in memory with what waits at its door, and who waits for its end."""

import contextlib
import threading
from collections import deque
from collections.abc import Callable

from local.workflows.callbacks import Inbox
from local.workflows.scheduler import Pending, Run

# What an execution can wait for without being in memory.
_LONG = {"await", "sleep", "backoff", "child"}


class Live:
    """
    Hold an execution that is active.

    *deferred* are operations that a replay reached for the first time, which begin once the
    replay is known to agree with the journal; *is_child* is whether another waits for its end; *backlog* is what came while it was not settled.
    """

    def __init__(self, run: Run, inbox: Inbox, *, is_child: bool = False) -> None:
        self.run = run
        self.inbox = inbox
        self.is_child = is_child
        self.restored = False
        self.deferred: list[Pending] = []
        self.backlog: deque[Callable[[], None]] = deque()
        # What is on its way: messages to it, and records handed to the journal and written.
        self.posted = self.handed = self.written = 0
        self.broken = False
        """Whether the journal refused something of it."""

        self.refused: int | None = None
        """Which of the records handed over the journal refused: none after it is written."""

    @property
    def settled(self) -> bool:
        """Tell whether everything in it waits, so that something can be delivered."""
        return self.restored and not self.run.paused

    @property
    def is_kept(self) -> bool:
        """Tell whether all it did, and the steps it took, are on disk."""
        return self.written == self.handed and not self.run.recorder.unwritten

    @property
    def may_rest(self) -> bool:
        """Tell whether it only waits, and everything it did is on disk: then it can be rebuilt."""
        return (
            self.is_kept
            and self.posted == 0
            and self.settled
            and self.run.outcome is None
            and not self.backlog
            and all(one.operation.kind in _LONG for one in self.run.pending.values())
        )


class Ends:
    """Tell of the ends of executions."""

    def __init__(self) -> None:
        self._events: dict[str, list[threading.Event]] = {}

    def expect(self, execution: str) -> threading.Event:
        """Return what is set when an execution ends."""
        event = threading.Event()
        self._events.setdefault(execution, []).append(event)
        return event

    def forget(self, execution: str, event: threading.Event) -> None:
        """Take back what `expect` returned."""
        with contextlib.suppress(KeyError, ValueError):
            self._events[execution].remove(event)

    def tell(self, execution: str) -> None:
        """Tell all who expect it that an execution has ended."""
        for event in self._events.pop(execution, []):
            event.set()
