"""
Guards: what keeps a query true until the commit of what was written on its result.

A document that was read is compared when it is written. What a query did not find is no document: two
who both find nothing would both go on. So a kind says which of its queries changes rest on, by the members
they ask for, and each value of those members has a guard: a record that every change of such a document
turns, and that every transaction which asked holds to what it was. Why: docs/decisions/0024-guards.md.
"""

import secrets
from collections.abc import Mapping
from typing import Any, ClassVar, Self

from shared.canonical import digest
from shared.documents import Scalar
from shared.entity import Entity, Record
from shared.handling import Handling, Nobody, WithAccount


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
