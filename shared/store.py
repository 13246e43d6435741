"""
Documents, as operations see them.

A transaction is opened for one tenant and cannot look outside it. It reads first and writes last, as
Firestore asks. What it saves and what it announces are committed together, once, or not at all. Beneath
it is a small port, `shared/documents.py`.
"""

import base64
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar, Generic, TypeVar
from uuid import uuid4

from pydantic import BaseModel, ConfigDict

from shared import evidence
from shared.canonical import digest
from shared.documents import (
    ABSENT,
    ANYTHING,
    MAX_LIST,
    Absent,
    Anything,
    Condition,
    Documents,
    Key,
    Query,
    Scalar,
    Snapshot,
    Write,
)
from shared.entity import Audit, Because, Entity, Event, Record, Timestamp, written
from shared.errors import (
    BadRequest,
    ConstitutionalAlignment,
    NotFound,
    VersionConflict,
)
from shared.evidence import ApprovalRef, Circumstances, Entry, Signer

R = TypeVar("R", bound=Record)
E = TypeVar("E", bound=Entity)


class Page(BaseModel, Generic[R]):
    """Some of the documents, and how to get the next ones."""

    model_config = ConfigDict(frozen=True)

    items: tuple[R, ...]
    next_cursor: str | None = None


@dataclass(frozen=True)
class AtLeast:
    """The condition ``>=``."""

    value: Scalar


@dataclass(frozen=True)
class AtMost:
    """The condition ``<=``."""

    value: Scalar


@dataclass(frozen=True)
class Prefix:
    """The condition that a text starts so."""

    value: str


@dataclass(frozen=True)
class OneOf:
    """The condition that a value is one of at most 30."""

    values: tuple[Scalar, ...]


Test = Scalar | AtLeast | AtMost | Prefix | OneOf


class Due(Record):
    """A promise to announce something at a time."""

    collection: ClassVar[str] = "dues"

    at: Timestamp
    tenant: str
    action: str
    entity: str
    data: Mapping[str, Any]
    data_version: int = 1
    correlation_id: str
    causation_id: str | None = None
    traceparent: str | None = None


@dataclass
class Transaction:
    """The reads and writes of one operation in one tenant."""

    documents: Documents
    tenant: str
    circumstances: Circumstances
    signer: Signer
    if_match: str | None = None
    """The version the caller saw, for the document its path names."""

    addressed: frozenset[str] = frozenset()
    """The ids in the caller's path, which `if_match` is about."""

    writes: list[Write] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)
    urgent: bool = False
    """Whether the tap must have the entries before the caller gets an answer."""

    _seen: dict[Key, Snapshot] = field(default_factory=dict)

    def get(self, kind: type[R], id: str) -> R:
        """
        Return one document.

        Raises:
            NotFound: The tenant has none of that kind and id.
        """
        found = self.peek(kind, id)
        if found is None:
            raise NotFound(f"there is no {kind.__name__.lower()} {id} here")
        return found

    def peek(self, kind: type[R], id: str) -> R | None:
        """Return one document, or None."""
        self._before_writing()
        snapshot = self.documents.get(self._key(kind, id))
        return None if snapshot is None else self._read(kind, snapshot)

    def find(
        self,
        kind: type[R],
        *,
        order: str = "",
        limit: int = MAX_LIST,
        cursor: str | None = None,
        **tests: Test,
    ) -> Page[R]:
        """
        Return the documents that pass all tests.

        Args:
            kind: What to look for.

            order: The field to order by, ``-`` before it for descending; by id without one.

            limit: At most so many, up to 100.

            cursor: Where the last page ended.

            tests: A value for equality, or a condition; ``__`` in a name means a dot.
        """
        self._before_writing()
        query = _query(kind, order, min(limit, MAX_LIST) + 1, tests)
        if cursor:
            after = _opened(cursor, query)
            query = Query(query.collection, query.where, query.order, query.limit, after)
        found = self.documents.find(self.tenant, query)
        items = tuple(self._read(kind, snapshot) for snapshot in found[: query.limit - 1])
        more = len(found) == query.limit
        return Page(items=items, next_cursor=_sealed(query, found[-2]) if more else None)

    def count(self, kind: type[R], **tests: Test) -> int:
        """Return how many documents pass all tests."""
        self._before_writing()
        return self.documents.count(self.tenant, _query(kind, "", MAX_LIST, tests))

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

        What was read in this transaction is compared when it is written; an entity must have been. The
        document is returned as it will be stored, with its new `version_hash` and `audit`.
        """
        before = self._seen.get(self._key(type(document), document.id))
        if before is None and isinstance(document, Entity):
            raise RuntimeError(f"read {document.id} in this transaction before changing it")
        expected = before.revision if before else ANYTHING
        return self._stage(document, event, expected, because, approval)

    def delete(self, record: Record) -> None:
        """Remove a record; entities are never removed."""
        if isinstance(record, Entity):
            raise TypeError("an entity is evidence and stays")
        before = self._seen.get(self._key(type(record), record.id))
        expected = before.revision if before else ANYTHING
        self.writes.append(Write(self._key(type(record), record.id), None, expected))

    def announce(self, event: Event, *, at: datetime, about: Entity) -> None:
        """Promise to announce *event* about an entity at a time, if and when this commits."""
        due = Due(
            id=str(uuid4()),
            at=at,
            tenant=self.tenant,
            action=event.traits.action,
            entity=evidence.stream(about),
            data=event.model_dump(mode="json", by_alias=True),
            data_version=event.data_version(),
            correlation_id=self._story(about),
            causation_id=self.entries[-1].id if self.entries else self.circumstances.causation_id,
            traceparent=self.circumstances.traceparent,
        )
        self.create(due)

    def _stage(
        self,
        document: R,
        event: Event | None,
        expected: str | Absent | Anything,
        because: Because | None,
        approval: ApprovalRef | None,
    ) -> R:
        if isinstance(document, Entity):
            if event is None:
                raise TypeError(f"say which event the change of {document.id} is")
            document = self._seal(document, event, because, approval)
        elif event is not None:
            raise TypeError("a record is no evidence and has no events")
        key = self._key(type(document), document.id)
        for earlier in [write for write in self.writes if write.key == key]:
            # Changed twice in one commit: two events, and one write of what came of it.
            self.writes.remove(earlier)
            expected = earlier.expected
        self.writes.append(Write(key, document.model_dump(mode="json"), expected))
        return document

    def _seal(
        self, entity: Any, event: Event, because: Because | None, approval: ApprovalRef | None
    ) -> Any:
        """Give a changed entity its hashes, and write down the event that changed it."""
        if entity.tenant_id != self.tenant:
            raise RuntimeError(f"{entity.id} belongs to another tenant")
        self._compare(entity)
        broken = entity.violations()
        if broken:
            raise ConstitutionalAlignment(broken[0].message, violations=broken)
        now = max(self.circumstances.at, entity.updated_at)
        circumstances = self.circumstances.model_copy(update={"at": now})
        circumstances = circumstances.model_copy(update={"correlation_id": self._story(entity)})
        began = entity.correlation_id or circumstances.correlation_id
        entity = entity.model_copy(update={"updated_at": now, "correlation_id": began})
        version = digest(evidence.content(entity))
        entity = entity.model_copy(update={"version_hash": version})
        state = evidence.state_hash(entity.model_dump(mode="json"))
        entry = evidence.record(
            entity,
            event,
            state,
            entry_id=str(uuid4()),
            shard=secrets.randbelow(16),
            circumstances=circumstances,
            signer=self.signer,
            because=because,
            approval=approval,
        )
        self.entries.append(entry)
        self.urgent = self.urgent or event.traits.publish_first
        place = Key(self.tenant, Entry.collection, entry.id)
        self.writes.append(Write(place, entry.stored, ABSENT))
        audit = Audit(n=entry.eseq, head=entry.hash, state_hash=state, entry=entry.id)
        return entity.model_copy(update={"audit": audit})

    def _story(self, entity: Entity) -> str:
        """
        Return the story that a change belongs to.

        A request that names one tells it on; else the change goes on with the story of its entity, or,
        of a new one, of what the caller's path names.
        """
        if self.circumstances.named:
            return self.circumstances.correlation_id
        read = (s.data for key, s in self._seen.items() if key.id in self.addressed)
        stories = [entity.correlation_id, *(data.get("correlation_id") for data in read)]
        return next(filter(None, stories), self.circumstances.correlation_id)

    def _compare(self, entity: Entity) -> None:
        before = self._seen.get(self._key(type(entity), entity.id))
        if self.if_match is None or before is None or entity.id not in self.addressed:
            return
        if before.data["version_hash"] != self.if_match:
            raise VersionConflict("it was changed since you read it; read it again")

    def _read(self, kind: type[R], snapshot: Snapshot) -> R:
        self._seen[snapshot.key] = snapshot
        return kind.from_stored(snapshot.data)

    def _key(self, kind: type[Record], id: str) -> Key:
        return Key(self.tenant, kind.collection, id)

    def _before_writing(self) -> None:
        if self.writes:
            raise RuntimeError("a transaction reads first and writes last")


def _query(kind: type[Record], order: str, limit: int, tests: Mapping[str, Test]) -> Query:
    where: list[Condition] = []
    for name, test in tests.items():
        where += _conditions(name.replace("__", "."), test)
    named = ((order.removeprefix("-"), "desc" if order.startswith("-") else "asc"),)
    return Query(kind.collection, tuple(where), named if order else (), limit)  # type: ignore[arg-type]


def _conditions(name: str, test: Test) -> list[Condition]:
    match test:
        case AtLeast(value):
            return [Condition(name, ">=", value)]
        case AtMost(value):
            return [Condition(name, "<=", value)]
        case Prefix(value):
            return [Condition(name, ">=", value), Condition(name, "<", value + "\U0010ffff")]
        case OneOf(values):
            return [Condition(name, "in", values)]
        case _:
            return [Condition(name, "==", test)]


def _sealed(query: Query, last: Snapshot) -> str:
    values = [_at(last.data, name) for name, _ in query.order]
    sealed = json.dumps([_shape(query), *values, last.key.id])
    return base64.urlsafe_b64encode(sealed.encode()).decode()


def _opened(cursor: str, query: Query) -> tuple[Scalar, ...]:
    """Return where the last page ended; a cursor belongs to the list that gave it."""
    try:
        shape, *after = json.loads(base64.urlsafe_b64decode(cursor.encode()))
    except (ValueError, TypeError) as error:
        raise BadRequest("this cursor is not one of ours; start without one") from error
    if shape != _shape(query):
        raise BadRequest("this cursor is of another list; start without one")
    return tuple(after)


def _shape(query: Query) -> str:
    where = [[c.field, c.op, c.value] for c in query.where]
    return digest([query.collection, where, [*map(list, query.order)]])[:16]


def _at(data: Mapping[str, Any], name: str) -> Scalar:
    value: Any = data
    for part in name.split("."):
        value = value[part]
    return value  # type: ignore[no-any-return]


def moment(at: datetime) -> str:
    """Write a moment as documents hold it, for comparisons in queries."""
    return written(at)
