"""The way out for what was committed: entries to their topics and the tap, promises when their time comes."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta

from shared.bus import Bus, due_message, envelope, tap
from shared.documents import Condition, Contended, Documents, Key, Query, Snapshot, Write
from shared.edge import limits
from shared.edge.proof import again
from shared.entity import written
from shared.evidence import Entry
from shared.observing import Backlog
from shared.store import Due

BATCH = 100
LATE = timedelta(minutes=2)
"""How long a promise may be overdue before it counts as late: two runs of the schedule."""


class Relay:
    """
    Publishes committed entries, an entity's in order, each at least once.

    A crash between publishing and marking sends an entry again, under the same id.
    """

    def __init__(
        self, documents: Documents, bus: Bus, clock: Callable[[], datetime], environment: str
    ) -> None:
        """Relay from *documents* to *bus*."""
        self._documents, self._bus = documents, bus
        self._clock, self._environment = clock, environment

    def publish(self, tenant: str, entry_id: str) -> None:
        """Publish what of an entry's entity is unpublished, up to that entry."""
        found = self._documents.get(Key(tenant, Entry.collection, entry_id))
        if found is not None:
            where = (*_UNPUBLISHED, Condition("entity", "==", str(found.data["entity"])))
            query = Query(Entry.collection, where, (("eseq", "asc"),), BATCH)
            self._publish(self._documents.find(tenant, query))

    def sweep(self) -> int:
        """Publish every entry that is not published yet, and return how many there were."""
        swept = 0
        query = Query(Entry.collection, _UNPUBLISHED, (("ts", "asc"),), BATCH)
        while found := self._documents.find(None, query):
            self._publish(found)
            swept += len(found)
        return swept

    def release_dues(self) -> int:
        """Hand over every promise whose time has come; it stays until its reaction has kept it."""
        where = (Condition("at", "<=", written(self._clock())),)
        query = Query(Due.collection, where, (("at", "asc"),), BATCH)
        dues = [Due.from_stored(s.data) for s in self._documents.find(None, query)]
        self._bus.publish([due_message(due) for due in dues])
        return len(dues)

    def backlog(self) -> Backlog:
        """Return how much waits for its way out, of all tenants."""
        oldest = Query(Entry.collection, _UNPUBLISHED, (("ts", "asc"),), 1)
        found = self._documents.find(None, oldest)
        late = Query(Due.collection, (Condition("at", "<=", written(self._clock() - LATE)),))
        return Backlog(
            unpublished=self._documents.count(None, oldest) if found else 0,
            oldest_at=datetime.fromisoformat(found[0].data["ts"]) if found else None,
            overdue=self._documents.count(None, late),
        )

    def resend(self, topic: str, tenant: str, id: str, *, consumer: str, replay: int) -> bool:
        """Publish an event once more for one consumer, and say whether it is still there to be published."""
        now, environment = self._clock(), self._environment
        message = again(self._documents, topic, tenant, id, environment=environment, now=now)
        if message is None:
            return False
        for_one = {"consumer": consumer, "replayid": str(replay)}
        self._bus.publish([replace(message, attributes=message.attributes | for_one)])
        return True

    def _publish(self, found: Sequence[Snapshot]) -> None:
        if not found:
            return
        entries = sorted(
            ((Entry.from_stored(snapshot.data), snapshot) for snapshot in found),
            key=lambda pair: (pair[0].entity, pair[0].eseq),
        )
        messages = [tap(entry) for entry, _ in entries]
        messages += [
            envelope(entry, environment=self._environment) for entry, _ in entries if entry.topic
        ]
        self._bus.publish(messages)
        self._mark([snapshot for _, snapshot in entries])

    def _mark(self, published: Sequence[Snapshot]) -> None:
        at = written(self._clock())
        writes = []
        for snapshot in published:
            delivery = snapshot.data["delivery"]
            marked = delivery | {"published_at": at, "attempts": delivery["attempts"] + 1}
            data = snapshot.data | {"delivery": marked}
            writes.append(Write(snapshot.key, data, snapshot.revision))
        for some in limits.commits(writes):
            # Where another relay was at the same entries, those it has not marked are published again.
            with suppress(Contended):
                self._documents.commit(some)


_UNPUBLISHED = (Condition("delivery.published_at", "==", None),)
