"""Delivers what is in the queue: one entity's messages in order, different entities' side by side."""

import logging
import threading
from collections import deque
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import uuid4

from local.clock import Clock
from shared.actors import PLATFORM, Actor, Role
from shared.documents import Condition, Contended, Query, Snapshot, Write
from shared.edge.calling import request_call
from shared.edge.catalog import reactions
from shared.edge.delivery import deliver
from shared.edge.ports import Ports
from shared.edge.proof import judged
from shared.edge.queue import Delivery, delivery_key
from shared.edge.walking import pages, readable, record
from shared.entity import written
from shared.errors import EnforcementUnavailable, Refusal, StoreUnavailable
from shared.events.actions import letters
from shared.events.actions.letters import Undelivered
from shared.events.rules import LAST_S, again_in_s, hopeless

log = logging.getLogger("waooaw.delivery")

WORKERS = 6
DISPATCHER = Actor(id="service:events", tenant=PLATFORM, roles=frozenset({Role.SERVICE}))

Lane = tuple[str, str]
"""A consumer and a subject: what must stay in order."""


class Dispatcher:
    """Takes deliveries as they are committed, and those that an earlier process left."""

    def __init__(self, ports: Ports, clock: Clock, *, workers: int = WORKERS) -> None:
        """Deliver to the reactions of the catalog."""
        self._ports, self._clock = ports, clock
        self._reactions = {reaction.id: reaction for reaction in reactions()}
        self._lanes: dict[Lane, deque[Delivery]] = {}
        self._busy: set[Lane] = set()
        self._known: set[str] = set()
        self._again: dict[str, Delivery] = {}
        """What was put into the queue once more while it was being delivered, maybe after it was settled there."""

        self._doubtful: set[str] = set()
        """Those of them that wait their turn: each is delivered only if it is in the queue when that comes."""

        self._changed = threading.Condition()
        self._stopping = False
        self._threads = [
            threading.Thread(target=self._work, name=f"delivery-{n}", daemon=True)
            for n in range(workers)
        ]

    def start(self) -> None:
        """Load what is left from before, and begin."""
        self.look()
        self._clock.on_jump(self._wake)
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Finish what is being delivered; the rest stays in the queue."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        for thread in self._threads:
            thread.join()

    def look(self) -> None:
        """Queue every delivery that there is."""
        where = (Condition("first_at", ">=", ""),)
        query = Query(Delivery.collection, where, (("first_at", "asc"),))
        for page in pages(self._ports.documents, PLATFORM, query):
            self._queue(readable(page, record(Delivery)))

    def take(self, writes: Sequence[Write]) -> None:
        """Queue the deliveries among some committed writes."""
        new = [
            Snapshot(write.key, write.data, "")
            for write in writes
            if write.key.collection == Delivery.collection and write.data
        ]
        self._queue(readable(new, record(Delivery)), just_written=True)

    def _queue(self, new: Sequence[Delivery], *, just_written: bool = False) -> None:
        if not new:
            return
        with self._changed:
            for delivery in new:
                lane = (delivery.consumer, delivery.subject)
                if delivery.id not in self._known:
                    self._known.add(delivery.id)
                    self._lanes.setdefault(lane, deque()).append(delivery)
                elif just_written and lane in self._busy and self._lanes[lane][0].id == delivery.id:
                    self._again[delivery.id] = delivery
            self._changed.notify_all()

    def idle(self) -> bool:
        """Say whether nothing is being delivered and nothing could be."""
        with self._changed:
            return not self._busy and self._ready() is None

    def next_at(self) -> datetime | None:
        """Return when the next repeated attempt is due."""
        with self._changed:
            times = [lane[0].next_at for key, lane in self._lanes.items() if key not in self._busy]
            return min(map(datetime.fromisoformat, filter(None, times)), default=None)

    def _wake(self) -> None:
        with self._changed:
            self._changed.notify_all()

    def _ready(self) -> Lane | None:
        now = written(self._clock.now())
        for lane, queue in self._lanes.items():
            if lane not in self._busy and queue[0].next_at <= now:
                return lane
        return None

    def _work(self) -> None:
        while (lane := self._next()) is not None:
            delivery = self._lanes[lane][0]
            try:
                after = None if self._settled(delivery) else self._attempt(delivery)
            except Exception as error:
                log.exception("delivery %s could not be settled", delivery.id)
                soon = isinstance(error, StoreUnavailable | Contended)
                at = written(self._clock.now() + timedelta(seconds=1 if soon else LAST_S))
                after = delivery.model_copy(update={"next_at": at})
            with self._changed:
                self._busy.discard(lane)
                queue, again = self._lanes[lane], self._again.pop(delivery.id, None)
                if after is None:
                    queue.popleft()
                    self._doubtful.discard(delivery.id)
                    if again is None:
                        self._known.discard(delivery.id)
                    else:
                        self._doubtful.add(delivery.id)
                        queue.append(again)
                else:
                    queue[0] = after
                if not queue:
                    del self._lanes[lane]
                self._changed.notify_all()

    def _next(self) -> Lane | None:
        with self._changed:
            while not self._stopping:
                lane = self._ready()
                if lane is not None:
                    self._busy.add(lane)
                    return lane
                self._changed.wait(self._until_next())
            return None

    def _until_next(self) -> float | None:
        times = [lane[0].next_at for key, lane in self._lanes.items() if key not in self._busy]
        soonest = min(filter(None, times), default=None)
        if soonest is None:
            return None
        return max(0.01, self._clock.seconds_until(datetime.fromisoformat(soonest)))

    def _settled(self, delivery: Delivery) -> bool:
        """Say whether what came once more had been there before, and left the queue as that was settled."""
        if delivery.id not in self._doubtful:
            return False
        return self._ports.documents.get(delivery_key(delivery.id)) is None

    def _attempt(self, delivery: Delivery) -> Delivery | None:
        """Deliver once; return the delivery as it waits for the next attempt, or None when settled."""
        documents = self._ports.documents
        try:
            deliver(self._reactions[delivery.consumer], delivery.message, self._ports)
        except EnforcementUnavailable as waits:
            # Nothing of it was tried, so nothing is counted: it waits for as long as that takes.
            log.warning("%s waits: %s", delivery.id, waits)
            at = written(self._clock.now() + timedelta(seconds=LAST_S))
            return delivery.model_copy(update={"next_at": at})
        except Exception as error:  # noqa: BLE001 - whatever it is, the message is tried again or kept
            attempts = delivery.attempts + 1
            pause_s = None if hopeless(error) else again_in_s(attempts)
            why = error if isinstance(error, Refusal) else type(error).__name__
            log.warning("%s failed, attempt %d: %s", delivery.id, attempts, why)
            now = self._clock.now()
            first_at = delivery.first_at or written(now)
            failed = delivery.model_copy(update={"attempts": attempts, "first_at": first_at})
            if pause_s is None:
                kept = dead_letter(self._ports, failed, error, now)
                documents.commit([*kept, Write(delivery_key(failed.id), None)])
                return None
            at = written(now + timedelta(seconds=pause_s))
            failed = failed.model_copy(update={"next_at": at})
            documents.commit([Write(delivery_key(failed.id), failed.to_stored())])
            return failed
        documents.commit([Write(delivery_key(delivery.id), None)])
        return None


def dead_letter(ports: Ports, delivery: Delivery, error: Exception, now: datetime) -> list[Write]:
    """Return the writes that keep a dead letter instead of a delivery that is given up."""
    call = request_call(
        ports,
        actor=DISPATCHER,
        tenant=PLATFORM,
        operation="events.deliver",
        # What tells of no story begins one.
        correlation_id=delivery.attributes.get("correlationid") or str(uuid4()),
        causation_id=delivery.attributes.get("id"),
    )
    given = Undelivered(
        delivery.message,
        delivery.consumer,
        delivery.attempts,
        delivery.first_at,
        code=error.code if isinstance(error, Refusal) else "internal",
        error=str(error)[:500] if isinstance(error, Refusal) else type(error).__name__,
    )
    with call.transaction() as txn:
        letters.keep(txn, judged(given, ports.documents, ports.trusted, now=now), at=now)
    return list(txn.writes)
