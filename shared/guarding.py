"""
Guards: what keeps a query true until the commit of what was written on its result.

A document that was read is compared when it is written. What a query did not find is no document: two
who both find nothing would both go on. So a kind says which of its queries changes rest on, by the members
they ask for, and each value of those members has a guard: a record that every change of such a document
turns, and that every transaction which asked holds to what it was. Why: docs/decisions/0024-guards.md.
"""

import secrets
from collections.abc import Mapping
from typing import Any, ClassVar, Self, TypeVar

from shared.canonical import digest
from shared.documents import ABSENT, Documents, Key, Scalar, Snapshot, Write
from shared.entity import Entity, Record
from shared.handling import Handling, Nobody, WithAccount
from shared.projections import View

R = TypeVar("R", bound=Record)

_SAVED_AGAIN = "saved_again"
"""The member that tells a record from itself, where it was saved as it had been read."""


class Guard(Record):
    """Changes with every document of those it stands for."""

    collection: ClassVar[str] = "guards"
    handling: ClassVar = Handling(
        kept=WithAccount(),
        export=Nobody("it says that something changed, and not what"),
        erasure="deleted",
    )

    turn: str

    @classmethod
    def turned(cls, id: str) -> Self:
        """Return a guard as it never was before."""
        return cls(id=id, turn=secrets.token_hex(8))


def noticeable(record: R, before: Mapping[str, Any] | None) -> R:
    """
    Return a record whose write others notice who read the same.

    A store passes over a write that changes nothing, and those who must not miss each other may write
    what both read as it is. An entity never stays as it was, and a view is what was folded.
    """
    data = record.to_stored()
    if before != data or isinstance(record, View):
        return record
    return type(record).from_stored({**data, _SAVED_AGAIN: data.get(_SAVED_AGAIN, 0) + 1})


def of_query(kind: type[Record], equal: Mapping[str, tuple[Scalar, ...]]) -> tuple[str, ...]:
    """Return the guards of what a query asks for, by the values of its members; none where it has none."""
    if _unversioned(kind) & equal.keys():
        return ()
    if kind.guarded_by == ():
        return (kind.collection,)
    member = next((name for name in kind.guarded_by or () if name in equal), None)
    return tuple(_id(kind, member, value) for value in equal[member]) if member else ()


def of_change(
    kind: type[Record], before: Mapping[str, Any] | None, after: Mapping[str, Any] | None
) -> set[str]:
    """Return the guards that a document belongs to, as it was and as it is; none where its content stays."""
    states = [_content(kind, state) for state in (before, after) if state is not None]
    if kind.guarded_by is None or (len(states) == 2 and states[0] == states[1]):
        return set()
    if kind.guarded_by == ():
        return {kind.collection}
    return {_id(kind, name, state.get(name)) for state in states for name in kind.guarded_by}


def _content(kind: type[Record], state: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in state.items() if name not in _unversioned(kind)}


def _unversioned(kind: type[Record]) -> frozenset[str]:
    return kind.unversioned if issubclass(kind, Entity) else frozenset()


def _id(kind: type[Record], member: str, value: Scalar) -> str:
    return f"{kind.collection}.{member}.{digest([value])[:32]}"


class Guarding:
    """The guards of one transaction: those of what it asked for, and those of what it changes."""

    def __init__(self, documents: Documents, tenant: str) -> None:
        """Say where the guards are."""
        self._documents, self._tenant = documents, tenant
        self._read: dict[str, Snapshot | None] = {}
        self._turned: set[str] = set()
        self._unguarded: set[str] = set()

    def asked(self, kind: type[Record], equal: Mapping[str, tuple[Scalar, ...]]) -> None:
        """Take the guards of a query, before it is asked."""
        guards = of_query(kind, equal)
        if not guards:
            self._unguarded.add(kind.__name__)
        for id in guards:
            if id not in self._read:
                self._read[id] = self._documents.get(self._key(id))

    def changed(
        self,
        kind: type[Record],
        before: Mapping[str, Any] | None,
        after: Mapping[str, Any] | None,
    ) -> None:
        """Turn the guards of a document that is changed."""
        self._turned |= of_change(kind, before, after)

    def check(self) -> None:
        """Refuse, as a defect, to write on what a query found that has no guard."""
        if self._unguarded:
            raise RuntimeError(
                f"a query of {', '.join(sorted(self._unguarded))} has no guard, so nothing is written on"
                " what it found: say what the kind is `guarded_by`, or ask `loosely`"
            )

    @property
    def writes(self) -> list[Write]:
        """What holds each guard to what it was, and turns it where something is changed."""
        return [self._write(id) for id in sorted(self._read.keys() | self._turned)]

    def _write(self, id: str) -> Write:
        read = self._read.get(id)
        data = read.data if read and id not in self._turned else Guard.turned(id).to_stored()
        if id not in self._read:
            return Write(self._key(id), data)
        return Write(self._key(id), data, read.revision if read else ABSENT)

    def _key(self, id: str) -> Key:
        return Key(self._tenant, Guard.collection, id)
