"""The way out for what was committed: entries to their topics and the tap, promises when their time comes."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from shared.bus import Bus, Message, due_message, envelope, tap
from shared.documents import Condition, Contended, Documents, Key, Query, Snapshot, Write
from shared.edge import limits
from shared.edge.proof import again, entered
from shared.edge.walking import first, pages, readable, record
from shared.entity import written
from shared.evidence import Entry, Verify
from shared.instants import instant
from shared.observability import Backlog
from shared.promises import Due
from shared.records import dataclass

BATCH = 100
LATE = timedelta(minutes=2)
"""How long a promise may be overdue before it counts as late: two runs of the schedule."""


class Relay:
    """
    Publishes committed entries, an entity's in order, each at least once.

    A crash between publishing and marking sends an entry again, under the same id.
    """

    def __init__(
        self,
        documents: Documents,
        bus: Bus,
        trusted: Verify,
        clock: Callable[[], datetime],
        environment: str,
    ) -> None:
        """Relay from *documents* to *bus* what is signed by keys that are trusted."""
        self._documents, self._bus, self._trusted = documents, bus, trusted
        self._clock, self._environment = clock, environment

    def publish(self, tenant: str, entry_id: str) -> None:
        """Publish what of an entry's entity is unpublished."""
        found = self._documents.get(Key(tenant, Entry.collection, entry_id))
        for entry in readable([found] if found else [], record(Entry)):
            own = Condition("entity", "==", entry.entity)
            where = (*_UNPUBLISHED, own, Condition("eseq", ">=", 0))
            query = Query(Entry.collection, where, (("eseq", "asc"),), BATCH)
            for page in pages(self._documents, tenant, query):
                self._publish(page)

    def sweep(self) -> int:
        """Publish every entry that is not published yet, and return how many there were."""
        where = (*_UNPUBLISHED, Condition("ts", ">=", ""))
        query = Query(Entry.collection, where, (("ts", "asc"),), BATCH)
        swept, whole = 0, False
        while not whole:
            # What another relay was at is found by going round once more; what came meanwhile tells of itself.
            found = [self._publish(page) for page in pages(self._documents, None, query)]
            swept += sum(published for published, _ in found)
            whole = all(marked for _, marked in found)
        return swept

    def release_dues(self) -> int:
        """
        Hand over every promise whose time has come; it stays until its reaction has kept it.

        All of them each time, for those that nobody can keep must not stand before the others.
        """
        where = (Condition("at", "<=", written(self._clock())),)
        query = Query(Due.collection, where, (("at", "asc"),), BATCH)
        released = 0
        for page in pages(self._documents, None, query):
            messages = readable(page, _promise)
            self._bus.publish(messages)
            released += len(messages)
        return released

    def backlog(self) -> Backlog:
        """Return how much waits for its way out, of all tenants."""
        where = (*_UNPUBLISHED, Condition("ts", ">=", ""))
        oldest = Query(Entry.collection, where, (("ts", "asc"),), 1)
        oldest_at = first(self._documents, None, oldest, _entered_at)
        late = Query(Due.collection, (Condition("at", "<=", written(self._clock() - LATE)),))
        return Backlog(
            unpublished=self._documents.count(None, oldest) if oldest_at else 0,
            oldest_at=oldest_at,
            overdue=self._documents.count(None, late),
        )

    def resend(self, topic: str, tenant: str, id: str, *, consumer: str, replay: int) -> bool:
        """Publish an event once more for one consumer, and say whether it is still there to be published."""
        now, environment = self._clock(), self._environment
        message = again(
            self._documents, self._trusted, topic, tenant, id, environment=environment, now=now
        )
        if message is None:
            return False
        for_one = {"consumer": consumer, "replayid": str(replay)}
        self._bus.publish([replace(message, attributes=message.attributes | for_one)])
        return True

    def _publish(self, found: Sequence[Snapshot]) -> tuple[int, bool]:
        """Publish what of some documents is an entry, and return how many there were and whether all are marked."""
        ready = sorted(
            readable(found, self._ready), key=lambda one: (one.entry.entity, one.entry.eseq)
        )
        if ready:
            messages = [one.tap for one in ready]
            messages += [one.message for one in ready if one.message]
            self._bus.publish(messages)
        return len(ready), self._mark(ready)

    def _ready(self, found: Snapshot) -> "_Ready":
        entry = entered(found, self._trusted)
        message = envelope(entry, environment=self._environment) if entry.topic else None
        return _Ready(found, entry, tap(entry), message)

    def _mark(self, published: Sequence["_Ready"]) -> bool:
        at = written(self._clock())
        writes = []
        for one in published:
            attempts = one.entry.delivery.attempts + 1
            marked = one.found.data["delivery"] | {"published_at": at, "attempts": attempts}
            data = one.found.data | {"delivery": marked}
            writes.append(Write(one.found.key, data, one.found.revision))
        marked = [self._marked(some) for some in limits.commits(writes)]
        return all(marked)

    def _marked(self, writes: Sequence[Write]) -> bool:
        """Commit marks; where another relay was at the same entries, those it has not marked are published again."""
        try:
            self._documents.commit(writes)
        except Contended:
            return False
        return True


@dataclass(frozen=True)
class _Ready:
    """An entry, and what is published of it."""

    found: Snapshot
    entry: Entry
    tap: Message
    message: Message | None


def _promise(found: Snapshot) -> Message:
    return due_message(record(Due)(found))


def _entered_at(found: Snapshot) -> datetime:
    return instant(record(Entry)(found).ts)


_UNPUBLISHED = (Condition("delivery.published_at", "==", None),)
