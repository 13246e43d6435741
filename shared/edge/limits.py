"""
What every store holds documents and queries to, so that what one accepts the other accepts.

The limits are Firestore's. SQLite keeps them too, or a document that fits on one machine would be refused
in the cloud; they are judged here, before a store sees anything.
"""

import math
import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from shared.documents import Condition, Key, Query, Write
from shared.errors import BadRequest, Invalid, TooLarge

MAX_WRITES = 500
MAX_DOCUMENT_BYTES = 1024 * 1024 - 89
"""Firestore's 1 MiB, less what it keeps for itself of a single long value."""

MAX_COMMIT_BYTES = 10 * 1024 * 1024
MAX_DEPTH = 20
MAX_NAME_BYTES = 1500
MAX_ALTERNATIVES = 30

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_OVERHEAD_BYTES = 48
_RESERVED = re.compile(r"__.*__", re.DOTALL)


def check_writes(writes: Sequence[Write]) -> None:
    """
    Check one commit.

    Raises:
        TooLarge: A document or the whole commit is over its limit.
        Invalid: A document holds what has no place in a document.
        ValueError: The commit itself is wrong: too many writes, two of one document, a bad key.
    """
    if len(writes) > MAX_WRITES:
        raise ValueError(f"one commit is at most {MAX_WRITES} writes, not {len(writes)}")
    if len({write.key for write in writes}) < len(writes):
        raise ValueError("one commit writes a document once")
    total = 0
    for write in writes:
        check_key(write.key)
        total += 0 if write.data is None else _size_of(write.key, write.data)
    if total > MAX_COMMIT_BYTES:
        raise TooLarge(f"one change is at most {MAX_COMMIT_BYTES:,} bytes, not {total:,}")


def check_key(key: Key) -> None:
    """
    Check where a document lives.

    Raises:
        ValueError: A part of it can be no part of a path.
    """
    plain(key.collection)
    for part in (key.tenant, key.id):
        if not _is_path_part(part):
            raise ValueError(f"{part!r} is no part of a document's place")


def check_query(tenant: str | None, query: Query) -> None:
    """
    Check a query.

    Raises:
        BadRequest: `after` is no place in this order: the cursor of another list, or a made up one.
        ValueError: The query itself is wrong.
    """
    check_conditions(tenant, query)
    first = query.order[0][0] if query.order else None
    for condition in query.where:
        if condition.op not in {"==", "in"} and condition.field != first:
            raise ValueError(f"order by {condition.field} first: it has a range")
    for name, _ in query.order:
        _check_field(name)
    if query.after:
        _check_after(tenant, query)


def check_conditions(tenant: str | None, query: Query) -> None:
    """
    Check what a query asks of documents, whatever its order.

    Raises:
        ValueError: The query itself is wrong.
    """
    check_key(Key(tenant or "any", query.collection, "any"))
    for condition in query.where:
        _check_field(condition.field)
        _check_value(condition)


def plain(name: str) -> str:
    """
    Return the name of a collection.

    Raises:
        ValueError: It is none.
    """
    if not _NAME.fullmatch(name) or _RESERVED.fullmatch(name):
        raise ValueError(f"{name!r} is no name of a collection or a field")
    return name


def _check_field(path: str) -> None:
    for part in path.split("."):
        plain(part)


def _check_value(condition: Condition) -> None:
    match condition.op, condition.value:
        case "in", tuple(values) if len(values) <= MAX_ALTERNATIVES:
            given = values
        case "in", _:
            raise ValueError(f"'in' takes a tuple of at most {MAX_ALTERNATIVES} values")
        case op, tuple():
            raise ValueError(f"{op!r} compares with one value")
        case (("<" | "<=" | ">=" | ">"), None):
            raise ValueError("nothing is before or after null")
        case _, value:
            given = (value,)
    if not all(map(_is_scalar, given)):
        raise ValueError(f"{condition.field} cannot be compared with {condition.value!r}")


def _check_after(tenant: str | None, query: Query) -> None:
    """Check that a cursor, which came back from a stranger, is of this query's shape."""
    ids = 1 if tenant is not None else 2
    values, place = query.after[:-ids], query.after[-ids:]
    right = len(values) == len(query.order) and len(place) == ids
    if not right or not all(map(_is_scalar, values)) or not all(map(_is_part, place)):
        raise BadRequest("this cursor is of another list; start without one")


def _is_scalar(value: Any) -> bool:
    if isinstance(value, str):
        return _is_text(value)
    return value is None or (isinstance(value, int) and _in_64_bits(value))


def _is_part(value: Any) -> bool:
    return isinstance(value, str) and _is_text(value) and _is_path_part(value)


def _is_path_part(part: str) -> bool:
    return (
        "/" not in part
        and part not in {"", ".", ".."}
        and len(part) <= MAX_NAME_BYTES
        and not _RESERVED.fullmatch(part)
    )


def _is_text(value: str) -> bool:
    return value.isascii() or not any("\ud800" <= letter <= "\udfff" for letter in value)


def _in_64_bits(value: int) -> bool:
    return -(2**63) <= value < 2**63


# --- how large a document is, as Firestore counts ------------------------------------------------


def _size_of(key: Key, data: dict[str, Any]) -> int:
    place = sum(len(part.encode()) + 1 for part in ("tenants", key.tenant, key.collection, key.id))
    size = place + _OVERHEAD_BYTES + _size(data, 0)
    if size > MAX_DOCUMENT_BYTES:
        what = f"{key.collection}/{key.id}"
        raise TooLarge(f"{what} would be {size:,} bytes, and one document is at most 1 MiB")
    return size


def _size(value: Any, depth: int) -> int:
    kind = type(value)
    if kind is str:
        return len(value) + 1 if value.isascii() and "\0" not in value else _size_of_text(value)
    if value is None or kind is bool:
        return 1
    if kind is int or kind is float:
        return _size_of_number(value)
    if kind is not dict and kind is not list and kind is not tuple:
        raise TypeError(f"a document holds no {kind.__name__}")
    if depth > MAX_DEPTH:
        raise Invalid(f"a document is at most {MAX_DEPTH} levels deep", rule="too_deep")
    if kind is dict:
        return sum(_size_of_name(name) + _size(item, depth + 1) for name, item in value.items())
    return sum(_size(item, depth + 1 + isinstance(item, list | tuple)) for item in value)


def _size_of_number(value: float) -> int:
    if isinstance(value, int) and not _in_64_bits(value):
        raise Invalid("an integer has at most 64 bits", rule="integer_range")
    if not math.isfinite(value):
        raise Invalid("a number must be finite", rule="canonicalization")
    return 8


@lru_cache(maxsize=4096)
def _size_of_name(name: str) -> int:
    size = _size_of_text(name)
    if not 1 < size <= MAX_NAME_BYTES + 1 or _RESERVED.fullmatch(name):
        raise Invalid(f"{name[:40]!r} can be no name of a member", rule="member_name")
    return size


def _size_of_text(text: str) -> int:
    if "\0" in text:
        raise Invalid("a text ends before the character NUL", rule="canonicalization")
    try:
        return len(text.encode()) + 1
    except UnicodeEncodeError as error:
        message = "half a character (a lone surrogate) is no text"
        raise Invalid(message, rule="canonicalization") from error
