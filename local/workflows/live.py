"""An execution in memory with what waits at its door."""

from collections import deque
from collections.abc import Callable

from local.workflows.callbacks import Inbox
from local.workflows.scheduler import Pending, Run


class Live:
    """
    Hold an execution that is active.

    *deferred* are operations that a replay reached for the first time, which begin once the
    replay is known to agree with the journal; *backlog* is what came while it was not settled.
    """

    def __init__(self, run: Run, inbox: Inbox) -> None:
        self.run = run
        self.inbox = inbox
        self.restored = False
        self.deferred: list[Pending] = []
        self.backlog: deque[Callable[[], None]] = deque()

    @property
    def settled(self) -> bool:
        """Tell whether everything in it waits, so that something can be delivered."""
        return self.restored and not self.run.paused
