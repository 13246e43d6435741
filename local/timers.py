"""What happens by itself: promises that come due, schedules, and the relay of what was committed."""

import logging
import threading
import time
from collections.abc import Sequence
from datetime import datetime, timedelta

from local.clock import Clock
from shared.documents import ABSENT, Condition, Query, Write
from shared.edge.catalog import reactions
from shared.edge.delivery import woken
from shared.edge.ports import Ports
from shared.edge.sqlite import FORGOTTEN_AT_ONCE, SqliteDocuments
from shared.edge.walking import first, record
from shared.entity import written
from shared.errors import Refusal
from shared.evidence import Entry
from shared.promises import Due
from shared.reaction import Reaction

log = logging.getLogger("waooaw.timers")

RETRY_S = 1.0
PACE_S = 0.04
"""
How soon after one sweep of the relay the next begins.

What comes alone goes at once; what comes in numbers goes together, with one look, one line of the tap and one commit.
"""

AGAIN = timedelta(seconds=10)
"""How soon a schedule that failed runs again."""

FORGETTING, MORE = timedelta(minutes=1), timedelta(seconds=0.2)
"""How often what is kept no longer is looked for, and how soon again where there may be more of it."""


class Loop:
    """A thread that runs one thing whenever it is asked to or a time has come."""

    def __init__(self, name: str, clock: Clock) -> None:
        """Name the thread."""
        self._clock = clock
        self._asked = True
        self._working = False
        self._stopping = False
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._at: datetime | None = None

    def work(self) -> datetime | None:
        """Do it, and return when to do it again by itself."""
        raise AssertionError("each loop says what it does")

    def ask(self) -> None:
        """Have it done now, once more."""
        with self._changed:
            self._asked = True
            self._changed.notify_all()

    def start(self) -> None:
        """Begin."""
        self._clock.on_jump(self.ask)
        self._thread.start()

    def stop(self) -> None:
        """Finish what is under way, and end."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        self._thread.join()

    def idle(self) -> bool:
        """Say whether there is nothing to do now."""
        with self._changed:
            return not self._asked and not self._working

    def _run(self) -> None:
        while self._wait():
            failed = False
            try:
                self._at = self.work()
            except Refusal as refusal:
                failed = True
                log.warning("%s waits: %s", self._thread.name, refusal)
            except Exception:
                failed = True
                log.exception("%s failed", self._thread.name)
            with self._changed:
                self._working = False
                if failed:
                    self._changed.wait_for(lambda: self._stopping, RETRY_S)
                    self._asked = True

    def _wait(self) -> bool:
        with self._changed:
            while not self._stopping:
                rest_s = None if self._at is None else self._clock.seconds_until(self._at)
                if self._asked or rest_s == 0:
                    self._asked, self._working = False, True
                    return True
                self._changed.wait(rest_s)
            return False


class RelayLoop(Loop):
    """Publishes entries as they are committed."""

    def __init__(self, ports: Ports, clock: Clock) -> None:
        """Relay what the ports' store holds."""
        super().__init__("relay", clock)
        self._ports = ports
        self._swept_at = -PACE_S

    def take(self, writes: Sequence[Write]) -> None:
        """Notice new entries among some committed writes: none of them is published."""
        if any(one.key.collection == Entry.collection and one.expected is ABSENT for one in writes):
            self.ask()

    def work(self) -> datetime | None:
        """Publish everything that is not, and what comes while it waits for its turn."""
        time.sleep(max(0.0, self._swept_at + PACE_S - time.monotonic()))
        self._swept_at = time.monotonic()
        with self._changed:
            self._asked = False
        self._ports.entry_relay.sweep()
        return None


class DueLoop(Loop):
    """Hands over promises when their time comes."""

    def __init__(self, ports: Ports, clock: Clock) -> None:
        """Watch the promises in the ports' store."""
        super().__init__("dues", clock)
        self._ports = ports

    def take(self, writes: Sequence[Write]) -> None:
        """Notice new promises among some committed writes."""
        if any(one.key.collection == Due.collection and one.data is not None for one in writes):
            self.ask()

    def work(self) -> datetime | None:
        """Hand over what is due, and find out what comes next."""
        now = self._clock.now()
        self._ports.due_relay.release_dues()
        return self.next_after(now)

    def next_after(self, now: datetime) -> datetime | None:
        """Return when the next promise comes due."""
        where = (Condition("at", ">", written(now)),)
        query = Query(Due.collection, where, (("at", "asc"),), 1)
        found = first(self._ports.documents, None, query, record(Due))
        return found.at if found else None


class ScheduleLoop(Loop):
    """Runs the reactions that have a schedule."""

    def __init__(self, ports: Ports, clock: Clock) -> None:
        """Take the schedules of the catalog."""
        super().__init__("schedules", clock)
        self._ports = ports
        self._next = {reaction: clock.now() for reaction in reactions() if reaction.scheduled}

    def work(self) -> datetime | None:
        """Run what is due, once however much time has passed."""
        now = self._clock.now()
        for reaction, at in self._next.items():
            if at <= now:
                following = reaction.next_after(now)
                done = self._ran(reaction)
                self._next[reaction] = following if done else min(following, now + AGAIN)
        return min(self._next.values(), default=None)

    def _ran(self, reaction: Reaction) -> bool:
        """Run one schedule, and say whether it came to its end; the others do not wait for it."""
        try:
            woken(reaction, self._ports)
        except Refusal as refusal:
            log.warning("%s waits: %s", reaction.id, refusal)
            return False
        except Exception:
            log.exception("%s failed", reaction.id)
            return False
        return True


class ForgetLoop(Loop):
    """Deletes what is kept no longer, a little at a time; the cloud's store does so by itself."""

    def __init__(self, documents: SqliteDocuments, clock: Clock) -> None:
        """Forget what this store holds."""
        super().__init__("forgetting", clock)
        self._documents = documents

    def work(self) -> datetime | None:
        """Delete some of it."""
        now = self._clock.now()
        forgotten = self._documents.forget(written(now))
        return now + (MORE if forgotten == FORGOTTEN_AT_ONCE else FORGETTING)
