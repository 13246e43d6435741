"""The steps that executions stay in: most steps are over soon, and are written once, with their end."""

import sqlite3
import threading
from collections.abc import Callable
from functools import partial
from typing import Protocol

from local.clock import Clock
from local.workflows import records
from local.workflows.agenda import Act, Agenda
from local.workflows.live import Live

# How long whoever looks at executions waits for the steps that they are in.
_LOOK_S = 1.0
_Work = Callable[[sqlite3.Connection], object]


class _Append(Protocol):
    def __call__(
        self, live: Live, work: _Work, done: Act | None = None, *, whole: bool = False
    ) -> None:
        """Journal something of an execution with the steps it took, and if *whole* those it is in."""


class Lasting:
    """Write the steps that executions stay in, soon, or when somebody looks; *record* journals what is of none."""

    def __init__(
        self, agenda: Agenda, clock: Clock, append: _Append, record: Callable[[_Work, Act], None]
    ) -> None:
        self._agenda = agenda
        self._clock = clock
        self._append = append
        self._record = record
        # Those that are in steps which the journal does not have; and how often some were handed to it, and are on disk.
        self._behind: set[Live] = set()
        self._handed = self._on_disk = 0

    # --- from other threads -------------------------------------------------------------------

    def look(self) -> None:
        """Return once the journal has the steps that executions are in."""
        if self._behind or self._handed > self._on_disk:
            self.catch_up()

    def catch_up(self) -> None:
        """Return once it has them, and what was posted before is done; a journal that cannot be written is not awaited."""
        caught = threading.Event()

        def catch_up() -> None:
            self.write()
            self._record(lambda _: None, caught.set)

        self._agenda.post(catch_up)
        caught.wait(_LOOK_S)

    # --- from the engine's --------------------------------------------------------------------

    def note(self, live: Live) -> None:
        """See to it that the steps which an execution took, and is in, are written if it stays there."""
        if live not in self._behind and live.run.recorder.unwritten:
            if not self._behind:
                self._agenda.later(self.write)
            self._behind.add(live)

    def write(self) -> None:
        """Write the steps that executions are in."""
        self._handed += 1
        behind, self._behind = self._behind, set()
        for live in behind:
            self.keep(live)
        self._record(lambda _: None, self._written)

    def _written(self) -> None:
        self._on_disk += 1

    def leave(self, live: Live) -> None:
        """Write what steps an execution was in when it was cancelled."""
        self.keep(live, partial(records.left, execution=live.run.id, now=self._clock.now()))

    def keep(self, live: Live, work: _Work = lambda _: None) -> None:
        """Write the steps an execution is in, then something else of it; nothing of one whose replay failed."""
        self._behind.discard(live)
        if live.restored and not live.broken:
            self._append(live, work, whole=True)
