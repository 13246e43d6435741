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
    walk = _Walk()
    size = name_bytes + _DOCUMENT_BYTES + walk.members(data, 0, 0)
    what = f"{key.collection}/{key.id[:80]}"
    if size > MAX_DOCUMENT_BYTES:
        raise TooLarge(f"{what} would be {size:,} bytes, and one document is at most 1 MiB")
    entry_bytes = 2 * name_bytes + _ENTRY_BYTES
    # A member takes three bytes at the least and has two entries, an item one and one: few need a count.
    most = size * 5 / 3
    most_bytes = most * (entry_bytes + walk.longest + 2 * MAX_LEVELS)
    if most > MAX_ENTRIES or most_bytes > MAX_ENTRIES_BYTES:
        entries = _Entries(entry_bytes)
        entries.add_members(data, 0)
        if entries.number > MAX_ENTRIES or entries.bytes > MAX_ENTRIES_BYTES:
            raise Invalid(f"{what} has too many members for indexes", rule="too_many_members")
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


class _Walk:
    """One walk through a document: its bytes, its levels and its paths."""

    longest = 0
    """The bytes of the longest path to a member, with a dot behind it."""

    def members(self, members: Mapping[str, Any], level: int, path: int) -> int:
        """Return the bytes of what is in a map; *path* is that of the names before it."""
        names = [*map(_name_bytes, members)]
        size, most = sum(names), max(names, default=0)
        for own, value in zip(names, members.values(), strict=True):
            # Most of what there is are plain texts: they are counted here.
            if type(value) is str and value.isascii() and "\0" not in value:
                size += len(value) + 1
            else:
                size += self.value(value, level, path + own)
        if path + most > self.longest:
            self.longest = path + most
            if self.longest - 1 > MAX_NAME_BYTES:
                raise Invalid(
                    f"the names on the way to a member are at most {MAX_NAME_BYTES:,} bytes together",
                    rule="member_name",
                )
        return size

    def value(self, value: Any, level: int, path: int) -> int:
        """Return the bytes of a value."""
        kind = type(value)
        if kind is str:
            return text_bytes(value) + 1
        if value is None or kind is bool:
            return 1
        if kind is int or kind is float:
            return _number_bytes(value)
        if kind is not dict and kind is not list and kind is not tuple:
            raise TypeError(f"a document holds no {kind.__name__}")
        if level >= MAX_LEVELS:
            raise Invalid(f"a document is at most {MAX_LEVELS} levels deep", rule="too_deep")
        # Firestore counts an empty one as nothing, and a million of them too.
        if kind is dict:
            return 1 + self.members(value, level + 1, path)
        size = 1
        for item in value:
            if type(item) is str and item.isascii() and "\0" not in item:
                size += len(item) + 1
            else:
                size += self.value(outside(item), level + 1, path)
        return size


class _Entries:
    """The entries that a document has in the indexes of single members."""

    def __init__(self, entry_bytes: int) -> None:
        """Say what each takes besides the member's path and value."""
        self._entry_bytes = entry_bytes
        self.number = self.bytes = 0

    def add_members(self, members: Mapping[str, Any], path: int) -> int:
        """Count those of what is in a map, one in each direction, and return its bytes."""
        size = 0
        for name, value in members.items():
            there = path + _name_bytes(name)
            own = self._add(value, there)
            self.number += 2
            self.bytes += 2 * (self._entry_bytes + there + min(own, INDEXED_BYTES))
            size += own + there - path
        return size

    def _add(self, value: Any, path: int) -> int:
        if isinstance(value, dict):
            return 1 + self.add_members(value, path)
        if not isinstance(value, list | tuple):
            return _plain_bytes(value)
        # What is in a list has an entry as it is; what is in its maps has none.
        sizes = [_plain_bytes(item) for item in value]
        self.number += len(sizes)
        self.bytes += sum(self._entry_bytes + path + min(one, INDEXED_BYTES) for one in sizes)
        return 1 + sum(sizes)


def _plain_bytes(value: Any) -> int:
    """Return the bytes of a value that was walked through before."""
    return _Walk().value(value, 0, 0)


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
