"""Canonical bytes and digests: RFC 8785 JSON and SHA-256."""

import hashlib
from typing import Any

import rfc8785

from shared.errors import Invalid


def canonical(value: Any) -> bytes:
    """
    Return the canonical JSON of *value* (RFC 8785), in UTF-8.

    Raises:
        Invalid: It holds what has no canonical form: NaN, an infinity, an integer beyond 2^53 - 1, a
            lone surrogate.
    """
    try:
        return rfc8785.dumps(value)
    except (rfc8785.CanonicalizationError, UnicodeEncodeError) as error:
        raise Invalid(f"this has no canonical form: {error}", rule="canonicalization") from error


def digest(value: Any) -> str:
    """Return the SHA-256 of the canonical form of *value*, as 64 lower-case hex digits."""
    return hashlib.sha256(canonical(value)).hexdigest()
