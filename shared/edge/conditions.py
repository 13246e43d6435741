"""Which version a request is about: `If-Match` and `If-None-Match`, as RFC 9110 (13.1) and RFC 6585 (3) say."""

import re

from werkzeug.datastructures import Headers

from shared.edge.headers import MATCH
from shared.errors import BadRequest, VersionConflict, VersionRequired
from shared.operation import Operation

CONDITIONS = ("If-Match", "If-None-Match")
"""The headers that say which version a change is of."""

_TAG = re.compile(r'(W/)?"([^"]*)"')


def seen(op: Operation, headers: Headers) -> frozenset[str] | None:
    """
    Return the versions of which the caller saw one: `*` is any, the empty one is none; None where none is named.

    A weak tag is none of ours, as versions are compared to the letter; nor is a star in quotes.

    Raises:
        BadRequest: It is no ETag.
        VersionRequired: There is none, and the operation needs one.
    """
    told = headers.get("If-Match")
    if told is None and op.mutates and headers.get("If-None-Match") == "*":
        return frozenset({""})
    if told is None:
        if op.versioned and op.mutates:
            raise VersionRequired("say which version you change: send its ETag as If-Match")
        return None
    return _tags(told)


def is_had(headers: Headers, etag: str) -> bool:
    """
    Say whether whoever asks for a file has it already: `If-None-Match` may name it weakly too (RFC 9110, 13.1.2).

    Raises:
        BadRequest: `If-Match` is no ETag.
        VersionConflict: It names others only.
    """
    told = headers.get("If-Match")
    if told is not None and _tags(told).isdisjoint({"*", etag.strip('"')}):
        raise VersionConflict("this file is another one than you had; ask for all of it")
    had = headers.get("If-None-Match", "")
    return had == "*" or any(f'"{tag}"' == etag for _, tag in _TAG.findall(had))


def _tags(told: str) -> frozenset[str]:
    """Return what `If-Match` names, of which each is compared to the letter."""
    if not MATCH.allows(told):
        raise BadRequest("If-Match is no ETag; send it as you got it, in its quotes")
    if told == "*":
        return frozenset({"*"})
    return frozenset(tag for weak, tag in _TAG.findall(told) if not weak and tag != "*")
