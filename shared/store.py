"""
Documents, as operations see them.

A transaction is opened for one tenant and cannot look outside it. It reads first and writes last, as
Firestore asks. What it saves and what it announces are committed together, once, or not at all. Beneath
it is a small port, `shared/documents.py`.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from typing import Any, TypeVar
from uuid import uuid4

from shared import evidence
from shared.believing import Belief
from shared.documents import (
    ABSENT,
    ANYTHING,
    Absent,
    Anything,
    Contended,
    Documents,
    Key,
    Snapshot,
    Write,
)
from shared.entity import Because, Entity, Event, Record
from shared.errors import (
    ConstitutionalAlignment,
    Invalid,
    NotFound,
    VersionConflict,
    Violation,
)
from shared.evidence import ApprovalRef, Circumstances, Entry, Signer
from shared.guarding import Guarding, noticeable
from shared.masking import for_evidence
from shared.promises import Due
from shared.queries import Reads, Test, equal
from shared.texts import in_words

R = TypeVar("R", bound=Record)

Writable = frozenset[type[Record]] | None
"""The kinds that a transaction may write; None for all."""


class Transaction(Reads):
    """The reads and writes of one operation in one tenant."""

    def __init__(
        self,
        documents: Documents,
        signer: Signer,
        *,
        tenant: str,
        circumstances: Circumstances,
        if_match: frozenset[str] | None = None,
        addressed: frozenset[str] = frozenset(),
        writable: Writable = None,
        changing: bool = True,
    ) -> None:
        """
        Begin with nothing read and nothing written.

        Args:
            documents: The store.

            signer: The writer's key.

            tenant: The one tenant it sees.

            circumstances: What its entries say about the act.

            if_match: The versions of which the caller saw one, for the document its path names.

            addressed: The ids in the caller's path, which `if_match` is about.

            writable: The kinds it may write; None for all.

            changing: Whether what it reads may be ground for a change, here or elsewhere.
        """
        super().__init__(documents, tenant)
        self._within = tenant
        self._signer, self._circumstances, self._writable = signer, circumstances, writable
        self._if_match, self._addressed, self._changing = if_match, addressed, changing
        self._seen: dict[Key, Snapshot] = {}
        self._absent: set[Key] = set()
        self._writes: list[Write] = []
        self._held: set[Key] = set()
        self._guards = Guarding(documents, tenant)
        self._looking, self._looked = False, dict[Key, Snapshot | None]()
        self._policy: Mapping[str, Any] | None = None
        self._decision_id: str | None = None
        self._belief = Belief(documents, tenant, circumstances.correlation_id)
        self._alongside: list[tuple[Entity, Event]] = []
        self._approval: ApprovalRef | None = None
        self.entries: list[Entry] = []
        self.urgent = False
        """Whether the tap must have the entries before the caller gets an answer."""

    @property
    def tenant(self) -> str:
        """The one tenant it sees."""
        return self._within

    @property
    def writes(self) -> tuple[Write, ...]:
        """What it writes, in the order it was said, what it holds, and the guards of what it asked for and changes."""
        if not self._writes:
            return ()
        return (*self._writes, *self.holding, *self._guards.writes)

    @property
    def holding(self) -> tuple[Write, ...]:
        """What it holds and does not write, as it was read."""
        held = self._held - {write.key for write in self._writes}
        as_read = [self._seen[key] for key in sorted(held, key=lambda key: key.id)]
        return tuple(Write(one.key, one.data, one.revision) for one in as_read)

    def loosely(self, why: str) -> Reads:
        """Return the way to ask what may have changed when this commits, and say why that does no harm."""
        if not why.strip():
            raise ValueError("whoever asks without a guard says why")
        return _Loosely(self, self._documents)

    def get(self, kind: type[R], id: str) -> R:
        """
        Return one document.

        Raises:
            NotFound: The tenant has none of that kind and id.
        """
        found = self.get_or_none(kind, id)
        if found is None:
            raise NotFound(f"there is no {in_words(kind)} {id} here")
        return found

    def named(self, kind: type[R], id: str, *, field: str) -> R:
        """
        Return one document that a member of a body names, and not the path.

        Args:
            kind: What it is.

            id: Its id.

            field: The member that names it.

        Raises:
            Invalid: The tenant has none of that kind and id.
        """
        found = self.get_or_none(kind, id)
        if found is None:
            missing = f"there is no {in_words(kind)} {id} here"
            raise Invalid(
                missing,
                violations=[Violation(rule="dependency_missing", field=field, message=missing)],
            )
        return found

    def get_or_none(self, kind: type[R], id: str) -> R | None:
        """
        Return one document, or None.

        Raises:
            IntegrityHold: It is an entity that is not what it says it is, or was one that is gone, and
                something may be built on that.
        """
        self._may_read()
        key = self._key(kind, id)
        return self._got(kind, key, self._snapshot(key))

    def get_all(self, kind: type[R], ids: Iterable[str]) -> dict[str, R]:
        """
        Return what there is of some documents, by their ids: it takes a read of each, and one request.

        Raises:
            IntegrityHold: As of `get_or_none`.
        """
        self._may_read()
        keys = [self._key(kind, id) for id in dict.fromkeys(ids)]
        there = {key: self._looked.pop(key) for key in keys if key in self._looked}
        asked = [key for key in keys if key not in there]
        there |= zip(asked, self._documents.get_all(asked), strict=True)
        found = {key.id: self._got(kind, key, there[key]) for key in keys}
        return {id: one for id, one in found.items() if one is not None}

    @contextmanager
    def beforehand(self) -> Iterator[None]:
        """Look at what is decided on: the first look of the operation at the same is this one, and costs nothing more."""
        self._looking = True
        try:
            yield
        finally:
            self._looking = False

    def _snapshot(self, key: Key) -> Snapshot | None:
        if key in self._looked:
            return self._looked[key] if self._looking else self._looked.pop(key)
        found = self._documents.get(key)
        if self._looking:
            self._looked[key] = found
        return found

    def attest(self, decision_id: str, policy: Mapping[str, Any] | None) -> None:
        """Have the first entry be called as the decision that this act is under, and carry it; the others cite it."""
        self._decision_id, self._policy = decision_id, policy

    def under(self, approval: ApprovalRef) -> None:
        """Have each entry name the approval that this act is done with, but where it names another."""
        self._approval = approval

    def alongside(self, document: Entity, event: Event) -> None:
        """Have a document be kept with whatever this keeps, after the first of it; where it keeps nothing, nor is that."""
        self._alongside.append((document, event))

    def keep_alongside(self) -> None:
        """Keep now what is to be kept alongside, and was not yet."""
        alongside, self._alongside = self._alongside, []
        for one, told in alongside:
            known = self._key(type(one), one.id) in self._seen
            (self.save if known else self.create)(one, told)

    def _got(self, kind: type[R], key: Key, snapshot: Snapshot | None) -> R | None:
        if snapshot is None:
            self._absent.add(key)
            if issubclass(kind, Entity) and self._changing:
                self._belief.absent(key)
            return None
        return self._read(kind, snapshot)

    def trust(self, entity: Entity) -> None:
        """
        Hold what a decision rests on to its last entry, as what is changed is held: it takes a read.

        Raises:
            IntegrityHold: It is not what its last entry says.
        """
        self._belief.to_the_last(self._seen[self._key(type(entity), entity.id)])

    def create(
        self,
        document: R,
        event: Event | None = None,
        *,
        because: Because | None = None,
        approval: ApprovalRef | None = None,
    ) -> R:
        """
        Keep a new document; an entity comes with the event that says so.

        It is an error of the commit, not of this call, if the document exists: the operation runs again
        and finds it.
        """
        return self._stage(document, event, ABSENT, because, approval)

    def save(
        self,
        document: R,
        event: Event | None = None,
        *,
        because: Because | None = None,
        approval: ApprovalRef | None = None,
    ) -> R:
        """
        Keep a changed document; an entity comes with the event that says so.

        What was read in this transaction is compared when it is written, also what was not there; an entity
        must have been, or was made here. The document is returned as it will be stored, with its new
        `version_hash` and `audit`.
        """
        key = self._key(type(document), document.id)
        before = self._seen.get(key)
        staged = next((write.data for write in self._writes if write.key == key), None)
        if before is None and staged is None and isinstance(document, Entity):
            raise RuntimeError(
                f"read {document.id} in this transaction before changing it; what is new is created"
            )
        if isinstance(document, Entity):
            self._continues(staged or (before.data if before else None), document)
        if before is None:
            unread = ABSENT if key in self._absent else ANYTHING
            return self._stage(document, event, unread, because, approval)
        document = document.in_place_of(before.data)
        return self._stage(document, event, before.revision, because, approval)

    def _continues(self, before: Mapping[str, Any] | None, entity: Entity) -> None:
        """Refuse to save what was made of another copy than the last: its chain would fork."""
        last = (before or {}).get("audit")
        made_of = entity.audit.to_stored() if entity.audit else None
        if made_of != last:
            raise RuntimeError(
                f"save what became of {entity.id} as the last save or read returned it"
            )

    def hold(self, entity: Entity) -> None:
        """Keep an entity to what it was when it was read: where it changes meanwhile, the operation runs again."""
        self._held.add(self._key(type(entity), entity.id))

    def delete(self, record: Record) -> None:
        """Remove a record; entities are never removed."""
        if isinstance(record, Entity):
            raise TypeError("an entity is evidence and stays")
        self._may_write(type(record))
        before = self._seen.get(self._key(type(record), record.id))
        self._guards.changed(type(record), None, record.to_stored())
        expected = before.revision if before else ANYTHING
        self._writes.append(Write(self._key(type(record), record.id), None, expected))

    def schedule(self, event: Event, *, at: datetime, about: Entity) -> Due:
        """Promise to announce *event* about an entity at a time, if and when this commits."""
        due = Due(
            id=str(uuid4()),
            at=at,
            topic=event.promised_on,
            tenant=self.tenant,
            action=event.traits.action,
            entity=evidence.stream(about),
            data=for_evidence(event),
            data_version=event.data_version(),
            correlation_id=self._story(about),
            causation_id=self.entries[-1].id if self.entries else self._circumstances.causation_id,
            traceparent=self._circumstances.traceparent,
        )
        return self.create(due)

    def unschedule(self, due: str) -> None:
        """Take back a promise, by its id, unless it was kept meanwhile."""
        self._may_write(Due)
        self._writes.append(Write(self._key(Due, due), None))

    def _stage(
        self,
        document: R,
        event: Event | None,
        expected: str | Absent | Anything,
        because: Because | None,
        approval: ApprovalRef | None,
    ) -> R:
        self._may_write(type(document))
        stored: dict[str, Any] | None = None
        if isinstance(document, Entity):
            if event is None:
                raise TypeError(f"say which event the change of {document.id} is")
            document, stored = self._seal(document, event, because, approval)
        elif event is not None:
            raise TypeError("a record is no evidence and has no events")
        key = self._key(type(document), document.id)
        for earlier in [write for write in self._writes if write.key == key]:
            # Changed twice in one commit: two events, and one write of what came of it.
            self._writes.remove(earlier)
            expected = earlier.expected
        before = self._seen.get(key)
        if stored is None:
            document = noticeable(document, before.data if before else None)
            stored = document.to_stored()
        self._guards.changed(type(document), before.data if before else None, stored)
        self._writes.append(Write(key, stored, expected))
        self.keep_alongside()
        return document

    def _seal(
        self, entity: Any, event: Event, because: Because | None, approval: ApprovalRef | None
    ) -> tuple[Any, dict[str, Any]]:
        """Give a changed entity its hashes, write down the event that changed it, and return how it is stored."""
        if entity.tenant_id != self.tenant:
            raise RuntimeError(f"{entity.id} belongs to another tenant")
        self._compare(entity)
        self._believe(entity)
        if entity.broken:
            raise ConstitutionalAlignment(entity.broken[0].message, violations=entity.broken)
        now = max(self._circumstances.at, entity.updated_at)
        story = self._story(entity)
        circumstances = replace(self._circumstances, at=now, correlation_id=story)
        began = entity.correlation_id or circumstances.correlation_id
        entity = entity.model_copy(update={"updated_at": now, "correlation_id": began})
        policy, decision_id = self._policy, self._decision_id
        if policy and decision_id is None:
            policy = {name: policy[name] for name in policy if name != "decision"}
        self._decision_id = None
        sealed = evidence.seal(
            entity,
            event,
            circumstances=circumstances,
            signer=self._signer,
            because=because,
            approval=approval or self._approval,
            policy=policy,
            entry_id=decision_id,
        )
        self.entries.append(sealed.entry)
        self.urgent = self.urgent or event.traits.publish_first
        place = Key(self.tenant, Entry.collection, sealed.entry.id)
        self._writes.append(Write(place, sealed.entry.to_stored(), ABSENT))
        return sealed.entity, sealed.stored

    def _believe(self, entity: Entity) -> None:
        """Hold what was read to its last entry as it lies in the store, before anything is built on it."""
        key = self._key(type(entity), entity.id)
        before = self._seen.get(key)
        if before is not None and all(write.key != key for write in self._writes):
            self.trust(entity)

    def _story(self, entity: Entity) -> str:
        """
        Return the story that a change belongs to.

        A request that names one tells it on; else the change goes on with the story of its entity, or,
        of a new one, of what the caller's path names.
        """
        told = self._circumstances.correlation_id
        read = (s.data for key, s in self._seen.items() if key.id in self._addressed)
        stories = [entity.correlation_id, *(data.get("correlation_id") for data in read)]
        story = told if self._circumstances.named else next(filter(None, stories), told)
        if not story:
            raise RuntimeError(f"say to which story the change of {entity.id} belongs")
        return story

    def _compare(self, entity: Entity) -> None:
        before = self._seen.get(self._key(type(entity), entity.id))
        if self._if_match is None or before is None or entity.id not in self._addressed:
            return
        if not type(entity).from_stored(before.data).is_version(self._if_match):
            raise VersionConflict("it was changed since you read it; read it again")

    def _read(self, kind: type[R], snapshot: Snapshot) -> R:
        known = self._seen.get(snapshot.key) is snapshot
        if issubclass(kind, Entity) and self._changing and not known:
            # Whoever only looks is shown what there is.
            self._belief.by_itself(snapshot)
        earlier = self._seen.setdefault(snapshot.key, snapshot)
        if self._changing and earlier.revision != snapshot.revision:
            # What was made of the first would be written over the second.
            raise Contended(f"{snapshot.key.id} was changed between two looks at it")
        return kind.from_stored(snapshot.data)

    def _key(self, kind: type[Record], id: str) -> Key:
        return Key(self.tenant, kind.collection, id)

    def _asking(self, kind: type[Record], tests: Mapping[str, Test]) -> None:
        self._may_read()
        if self._writable is not None:
            return
        self._guards.asked(kind, equal(tests))

    def _may_write(self, kind: type[Record]) -> None:
        self._guards.check()
        if self._writable is not None and kind not in self._writable:
            raise RuntimeError(f"this transaction only reads; it writes no {kind.__name__}")

    def _may_read(self) -> None:
        if self._writes:
            raise RuntimeError("a transaction reads first and writes last")


class _Loosely(Reads):
    """Asks on behalf of a transaction, without a guard."""

    def __init__(self, txn: Transaction, documents: Documents) -> None:
        super().__init__(documents, txn.tenant)
        self._txn = txn

    def _asking(self, *_: object) -> None:
        self._txn._may_read()  # noqa: SLF001 - a part of it

    def _read(self, kind: type[R], snapshot: Snapshot) -> R:
        return self._txn._read(kind, snapshot)  # noqa: SLF001 - a part of it
