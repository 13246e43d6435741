"""
What every store holds places, queries and commits to, so that what one accepts the other accepts.

The limits are Firestore's, in bytes. SQLite keeps them too, or a document that fits on one machine would be
refused in the cloud; they are judged here, before a store sees anything. A value that nobody could keep or
ask for is `Invalid`, as callers bring values; a query of the wrong shape is a defect, a `ValueError`.
"""

import math
import re
from collections.abc import Iterator, Sequence
from typing import Any

from shared.actors import TENANT
from shared.documents import (
    EXPIRY,
    MAX_ASKED_BYTES,
    OF_A_LIST,
    RANGES,
    Condition,
    Key,
    Query,
    Write,
)
from shared.edge import values
from shared.edge.weights import MAX_LEVELS, MAX_NAME_BYTES, reserved, text_bytes, weight
from shared.errors import BadRequest, Invalid, TooLarge

MAX_WRITES = 500
MAX_COMMIT_BYTES = 4 * 1024 * 1024
"""What Firestore's emulator takes of a commit (Firestore itself takes 10 MiB), counted as it is sent."""

MAX_ALTERNATIVES = 30
"""How many cases all `in` and `contains_any` of a query may come to when they are multiplied out."""

MAX_RANGED = 10
"""How many members may have a range."""

MAX_TESTS = 99
"""Conditions and orders together; Firestore counts the tenant as one more."""

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_TENANT = re.compile(TENANT)
_SENT_BYTES, _SENT_TIMES = 500, 28
"""No write is sent in more than so many bytes and so many times its weight (an empty map in a list)."""


def check_writes(writes: Sequence[Write]) -> None:
    """
    Check one commit.

    Raises:
        TooLarge: A document or the whole commit is over its limit.
        Invalid: A document, or its place, holds what it cannot.
        ValueError: The commit itself is wrong: too many writes, or two of one document.
    """
    if len(writes) > MAX_WRITES:
        raise ValueError(f"one commit is at most {MAX_WRITES} writes, not {len(writes)}")
    if len({write.key for write in writes}) < len(writes):
        raise ValueError("one commit writes a document once")
    most = 0
    for write in writes:
        check_key(write.key)
        most += _SENT_BYTES
        most += 0 if write.data is None else _SENT_TIMES * weight(write.key, write.data)
    if most > MAX_COMMIT_BYTES and (sent := sum(map(_sent_bytes, writes))) > MAX_COMMIT_BYTES:
        raise TooLarge(f"one change is at most {MAX_COMMIT_BYTES:,} bytes, not {sent:,}")


def commits(writes: Sequence[Write]) -> Iterator[Sequence[Write]]:
    """Divide writes into as few commits, in this order, as the limits allow."""
    start = sent = 0
    for position, write in enumerate(writes):
        sent += (own := _sent_bytes(write))
        if position - start == MAX_WRITES or sent > MAX_COMMIT_BYTES:
            yield writes[start:position]
            start, sent = position, own
    if writes:
        yield writes[start:]


def check_key(key: Key) -> None:
    """
    Check where a document lives.

    Raises:
        Invalid: The tenant or the id can be no part of a place.
        ValueError: There can be no such collection.
    """
    plain(key.collection)
    check_tenant(key.tenant)
    if not _is_id(key.id):
        raise Invalid(
            f"{key.id[:40]!r} can be no id: at most {MAX_NAME_BYTES:,} bytes without a slash",
            rule="id",
        )


def check_tenant(tenant: str) -> None:
    """
    Check the name of a tenant.

    Raises:
        Invalid: No tenant can be called so.
    """
    if not _TENANT.fullmatch(tenant):
        raise Invalid(f"{tenant[:40]!r} can be no tenant", rule="tenant")


def check_query(tenant: str | None, query: Query) -> None:
    """
    Check a query.

    Raises:
        BadRequest: `after` is no place in this order: the cursor of another list, or a made up one.
        Invalid: A value, or the number of them, is none that can be asked for.
        ValueError: The query itself is wrong.
    """
    check_conditions(tenant, query)
    ordered = {name for name, _ in query.order}
    for condition in query.where:
        if condition.op in RANGES and condition.field not in ordered:
            raise ValueError(f"order by {condition.field} too: it has a range")
    for name, _ in query.order:
        _check_field(name)
    if not 1 <= query.limit < 2**31:
        raise ValueError("a query asks for one document at least")
    if query.after:
        _check_after(tenant, query)


def check_conditions(tenant: str | None, query: Query) -> None:
    """
    Check what a query asks of documents, whatever its order.

    Raises:
        Invalid: A value, or the number of them, is none that can be asked for.
        ValueError: The query itself is wrong.
    """
    plain(query.collection)
    if tenant is not None:
        check_tenant(tenant)
    tests = len(query.order) + 1
    for condition in query.where:
        _check_field(condition.field)
        _check_value(condition)
        # Null is asked for apart from other alternatives.
        tests += 1 + (condition.op == "in" and None in _given(condition))
    if tests > MAX_TESTS:
        raise ValueError(f"a query has at most {MAX_TESTS} conditions and orders")
    if len({c.field for c in query.where if c.op in RANGES}) > MAX_RANGED:
        raise ValueError(f"a query has ranges of at most {MAX_RANGED} members")
    if sum(c.op in OF_A_LIST for c in query.where) > 1:
        raise ValueError("a query asks for what one list contains")
    several = [len(_given(c)) for c in query.where if c.op in {"in", "contains_any"}]
    if math.prod(several) > MAX_ALTERNATIVES:
        raise Invalid(
            f"a query asks for at most {MAX_ALTERNATIVES} alternatives, not {math.prod(several)}",
            rule="alternatives",
        )


def plain(name: str) -> str:
    """
    Return the name of a collection.

    Raises:
        ValueError: It is none.
    """
    if not _NAME.fullmatch(name) or reserved(name) or len(name) > MAX_NAME_BYTES:
        raise ValueError(f"{name!r} is no name of a collection or a field")
    return name


def _sent_bytes(write: Write) -> int:
    fields = {} if write.data is None else values.fields(write.data)
    place = len(write.key.collection) + len(write.key.id.encode())
    return _SENT_BYTES + place + len(values.text(fields).encode())


def _check_field(path: str) -> None:
    parts = path.split(".")
    for part in parts:
        plain(part)
    if len(path) > MAX_NAME_BYTES or len(parts) > MAX_LEVELS:
        raise ValueError(f"{path[:40]}… is no path to a member: it is too long")
    if path == EXPIRY:
        raise ValueError(f"nobody asks for {EXPIRY}: it has no index")


def _given(condition: Condition) -> tuple[Any, ...]:
    return condition.value if isinstance(condition.value, tuple) else (condition.value,)


def _check_value(condition: Condition) -> None:
    match condition.op, condition.value:
        case (("in" | "contains_any"), tuple()):
            pass
        case ("in" | "contains_any") as op, _:
            raise ValueError(f"{op!r} takes a tuple of values")
        case op, tuple():
            raise ValueError(f"{op!r} compares with one value")
        case (("<" | "<=" | ">=" | ">"), None):
            raise ValueError("nothing is before or after null")
    if condition.op in OF_A_LIST and None in _given(condition):
        raise ValueError("nobody finds the null in a list")
    for value in _given(condition):
        if not isinstance(value, str | int | None):
            raise ValueError(f"{condition.field} cannot be compared with {value!r}")  # noqa: TRY004
        if not _is_askable(value):
            raise Invalid(
                f"{condition.field} cannot be compared with that: a text has at most"
                f" {MAX_ASKED_BYTES:,} bytes, an integer 64 bits",
                rule="comparison",
            )


def _check_after(tenant: str | None, query: Query) -> None:
    """Check that a cursor, which came back from a stranger, is of this query's shape."""
    ids = 1 if tenant is not None else 2
    given, place = query.after[:-ids], query.after[-ids:]
    right = len(given) == len(query.order) and len(place) == ids
    right = right and all(isinstance(value, str | int | None) for value in given)
    right = right and all(map(_is_askable, given)) and _is_id(place[-1])
    right = right and (
        ids == 1 or (isinstance(place[0], str) and bool(_TENANT.fullmatch(place[0])))
    )
    if not right:
        raise BadRequest("this cursor is of another list; start without one")


def _is_askable(value: Any) -> bool:
    if isinstance(value, str):
        return _is_text(value) and text_bytes(value) <= MAX_ASKED_BYTES
    return value is None or -(2**63) <= value < 2**63


def _is_id(id: Any) -> bool:
    return (
        isinstance(id, str)
        and _is_text(id)
        and "/" not in id
        and id not in {"", ".", ".."}
        and text_bytes(id) <= MAX_NAME_BYTES
        and not reserved(id)
    )


def _is_text(text: str) -> bool:
    try:
        text_bytes(text)
    except Invalid:
        return False
    return True
