"""
What a document takes of Firestore's limits, as Firestore counts it.

One walk counts its bytes, its levels, the bytes of its members' paths and the entries that it has in
indexes. Where the documentation leaves room, it counts the more.

https://firebase.google.com/docs/firestore/storage-size
https://firebase.google.com/docs/firestore/quotas
"""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from shared.documents import EXPIRY, Key
from shared.edge.values import outside
from shared.errors import Invalid, TooLarge
from shared.instants import instant, written

MAX_DOCUMENT_BYTES = 1024 * 1024 - 89
"""Firestore's 1 MiB, less what it keeps for itself of a single long value."""

MAX_LEVELS = 20
MAX_NAME_BYTES = 1500
"""Of an id, of a member's name, and of all names on the way to a member with the dots between them."""

MAX_ENTRIES = 40_000 - 200
"""Firestore's, less those in indexes of several members."""

MAX_ENTRIES_BYTES = 8 * 1024 * 1024
INDEXED_BYTES = 1500
"""An index holds no more than the beginning of a longer value."""

_DOCUMENT_BYTES = 48
_ENTRY_BYTES = 32
_RESERVED = re.compile(r"__.*__", re.DOTALL)


def weight(key: Key, data: Mapping[str, Any]) -> int:
    """
    Return how many bytes a document takes.

    Raises:
        TooLarge: They are too many.
        Invalid: It holds what has no place in a document, or too much of it.
        TypeError: It is no JSON.
    """
    name_bytes = sum(len(part.encode()) + 1 for part in ("tenants", key.tenant, key.collection))
    name_bytes += len(key.id.encode()) + 1
    _check_expiry(data)
    walk = _Walk(entry_bytes=2 * name_bytes + _ENTRY_BYTES)
    members = sum(walk.member(name, value, 0, 0) for name, value in data.items())
    size = name_bytes + _DOCUMENT_BYTES + members
    what = f"{key.collection}/{key.id[:80]}"
    if size > MAX_DOCUMENT_BYTES:
        raise TooLarge(f"{what} would be {size:,} bytes, and one document is at most 1 MiB")
    if walk.entries > MAX_ENTRIES or walk.entries_bytes > MAX_ENTRIES_BYTES:
        raise Invalid(f"{what} has too many members for an index of them", rule="too_many_members")
    return size


def text_bytes(text: str) -> int:
    """
    Return how many bytes a text has in UTF-8.

    Raises:
        Invalid: It is none that a store keeps.
    """
    if "\0" in text:
        raise Invalid("a text ends before the character NUL", rule="canonicalization")
    try:
        return len(text) if text.isascii() else len(text.encode())
    except UnicodeEncodeError as error:
        message = "half a character (a lone surrogate) is no text"
        raise Invalid(message, rule="canonicalization") from error


def reserved(name: str) -> bool:
    """Say whether Firestore keeps a name to itself."""
    return _RESERVED.fullmatch(name) is not None


@dataclass
class _Walk:
    """One walk through a document."""

    entry_bytes: int
    """What an entry of an index takes besides the member's path and value."""

    entries: int = 0
    entries_bytes: int = 0

    def member(self, name: str, value: Any, level: int, path: int, *, indexed: bool = True) -> int:
        """Return the bytes of a member; *path* is that of the names before it."""
        size = _name_bytes(name)
        path += size
        if path - 1 > MAX_NAME_BYTES:
            raise Invalid(
                f"the names on the way to a member are at most {MAX_NAME_BYTES:,} bytes together",
                rule="member_name",
            )
        return size + self._value(value, level, path, indexed)

    def _value(self, value: Any, level: int, path: int, indexed: bool) -> int:
        kind = type(value)
        if kind is str:
            size = text_bytes(value) + 1
        elif value is None or kind is bool:
            size = 1
        elif kind is int or kind is float:
            size = _number_bytes(value)
        elif kind is dict or kind is list or kind is tuple:
            size = self._container(value, level, path, indexed)
        else:
            raise TypeError(f"a document holds no {kind.__name__}")
        if indexed:
            # One index of it in each direction.
            self.entries += 2
            self.entries_bytes += 2 * (self.entry_bytes + path + min(size, INDEXED_BYTES))
        return size

    def _container(self, value: Any, level: int, path: int, indexed: bool) -> int:
        # Firestore counts an empty one as nothing, and a million of them too.
        size = 1
        if level >= MAX_LEVELS:
            raise Invalid(f"a document is at most {MAX_LEVELS} levels deep", rule="too_deep")
        if isinstance(value, dict):
            for name, item in value.items():
                size += self.member(name, item, level + 1, path, indexed=indexed)
            return size
        for item in value:
            item_bytes = self._value(outside(item), level + 1, path, indexed=False)
            size += item_bytes
            if indexed:
                self.entries_bytes += self.entry_bytes + path + min(item_bytes, INDEXED_BYTES)
        self.entries += len(value) * indexed
        return size


@lru_cache(maxsize=4096)
def _name_bytes(name: str) -> int:
    size = text_bytes(name) + 1
    if not 1 < size <= MAX_NAME_BYTES + 1 or reserved(name):
        raise Invalid(f"{name[:40]!r} can be no name of a member", rule="member_name")
    return size


def _number_bytes(value: float) -> int:
    if isinstance(value, int) and not -(2**63) <= value < 2**63:
        raise Invalid("an integer has at most 64 bits", rule="integer_range")
    if not math.isfinite(value):
        raise Invalid("a number must be finite", rule="canonicalization")
    return 8


def _check_expiry(data: Mapping[str, Any]) -> None:
    """Until when a document is kept is an instant, in the one way that we write it."""
    kept = data.get(EXPIRY, "")
    try:
        right = EXPIRY not in data or (isinstance(kept, str) and written(instant(kept)) == kept)
    except ValueError:
        right = False
    if not right:
        raise Invalid(f"{EXPIRY} must be an instant, as we write them", rule=EXPIRY)
