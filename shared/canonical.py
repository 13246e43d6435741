"""Canonical bytes and digests: RFC 8785 JSON and SHA-256."""

import hashlib
import json
from typing import Any

import rfc8785

from shared.errors import Invalid

_MAX_INT = 2**53 - 1
_FIRST_SURROGATE = "\ud800"


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
            return json.dumps(
                value, ensure_ascii=False, allow_nan=False, separators=(",", ":"), sort_keys=True
            ).encode()
        return rfc8785.dumps(value)
    except (rfc8785.CanonicalizationError, UnicodeEncodeError, RecursionError) as error:
        raise Invalid(f"this has no canonical form: {error}", rule="canonicalization") from error


def digest(value: Any) -> str:
    """Return the SHA-256 of the canonical form of *value*, as 64 lower-case hex digits."""
    return hashlib.sha256(canonical(value)).hexdigest()


def _plain(value: Any) -> bool:
    """
    Say whether the standard library writes it as RFC 8785 does.

    The two differ in fractions, in integers that are too large, and in the order of keys beyond the
    surrogates, which RFC 8785 sorts by UTF-16 code units.
    """
    kind = type(value)
    if kind is int:
        return bool(-_MAX_INT <= value <= _MAX_INT)
    if kind is dict:
        return all(map(_ordinary, value)) and all(map(_plain, value.values()))
    if kind is list or kind is tuple:
        return all(map(_plain, value))
    return kind is str or value is None or kind is bool


def _ordinary(key: Any) -> bool:
    return type(key) is str and (key.isascii() or max(key) < _FIRST_SURROGATE)
