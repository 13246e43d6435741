"""Canonical bytes and digests: RFC 8785 JSON and SHA-256."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any

import rfc8785

from shared.errors import Invalid

_MAX_INT = 2**53 - 1
_LEAVES = frozenset({str, bool, type(None)})
_FIRST_SURROGATE = "\ud800"
# What holds itself ends where it is walked through before it is written.
_written = json.JSONEncoder(
    ensure_ascii=False,
    allow_nan=False,
    check_circular=False,
    separators=(",", ":"),
    sort_keys=True,
).encode


def canonical(value: Any) -> bytes:
    """
    Return the canonical JSON of *value* (RFC 8785), in UTF-8.

    What holds no fraction and no unusual key, which is nearly everything, is written by the standard
    library in a tenth of the time; a test holds both ways to the same bytes.

    Raises:
        Invalid: It holds what has no canonical form: NaN, an infinity, an integer beyond 2^53 - 1, a
            lone surrogate.
    """
    try:
        if _plain(value):
            return _written(value).encode()
        return rfc8785.dumps(value)
    except (rfc8785.CanonicalizationError, UnicodeEncodeError, RecursionError) as error:
        raise Invalid(f"this has no canonical form: {error}", rule="canonicalization") from error


def digests(document: Mapping[str, Any], *, apart: AbstractSet[str], name: str) -> tuple[str, str]:
    """
    Return the digest of a document without some of its members, and that of all of it with the first as *name*.

    Both are over nearly the same, so each member is written once, with those beside it that are in the same of them.

    Raises:
        Invalid: It has no canonical form.
    """
    names = {*document, name}
    plain = "".join(names).isascii()
    runs: list[tuple[bool | None, dict[str, Any]]] = []
    for one in sorted(names, key=None if plain else _in_utf_16):
        kind = None if one == name else one in apart
        if not runs or runs[-1][0] is not kind:
            runs.append((kind, {}))
        runs[-1][1][one] = document.get(one)
    texts = [(kind, b"" if kind is None else _inside(run)) for kind, run in runs]
    first = _digest_of([text for kind, text in texts if kind is False])
    own = _inside({name: first})
    return first, _digest_of([own if kind is None else text for kind, text in texts])


def digest(value: Any) -> str:
    """Return the SHA-256 of the canonical form of *value*, as 64 lower-case hex digits."""
    return hashlib.sha256(canonical(value)).hexdigest()


def _inside(members: Mapping[str, Any]) -> bytes:
    return canonical(members)[1:-1]


def _digest_of(members: Sequence[bytes]) -> str:
    return hashlib.sha256(b"{" + b",".join(members) + b"}").hexdigest()


def _in_utf_16(name: str) -> bytes:
    """Return by what RFC 8785 sorts a name."""
    return name.encode("utf-16-be", "surrogatepass")


def _plain(value: Any) -> bool:
    """
    Say whether the standard library writes it as RFC 8785 does.

    The two differ in fractions, in integers that are too large, and in the order of keys beyond the
    surrogates, which RFC 8785 sorts by UTF-16 code units.
    """
    kind = type(value)
    if kind is dict:
        for name in value:
            if type(name) is not str or not (name.isascii() or max(name) < _FIRST_SURROGATE):
                return False
        value = value.values()
    elif kind is int:
        return bool(-_MAX_INT <= value <= _MAX_INT)
    elif kind is not list and kind is not tuple:
        return kind in _LEAVES
    for item in value:  # noqa: SIM110 - this is walked for every document, and a generator takes twice as long
        # Most of what there is are texts: they are not gone into.
        if type(item) not in _LEAVES and not _plain(item):
            return False
    return True
