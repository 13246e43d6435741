"""Which version a request is about: `If-Match` and `If-None-Match`, as RFC 9110 (13.1) and RFC 6585 (3) say."""

import re
from collections.abc import Mapping

from shared.edge.headers import MATCH
from shared.errors import BadRequest, VersionConflict, VersionRequired
from shared.operation import Operation

CONDITIONS = ("If-Match", "If-None-Match")
"""The headers that say which version a change is of."""

_TAG = re.compile(r'(W/)?"([^"]*)"')


def seen(op: Operation, headers: Mapping[str, str]) -> frozenset[str] | None:
    """
    Return the versions of which the caller saw one: `*` is any, the empty one is none; None where none is named.

    A weak tag is none of ours, as versions are compared to the letter; nor is a star in quotes. Both headers hold
    (RFC 9110, 13.2.2). What is read has no condition but as a file: its tag says which version is stored, and what
    is shown of that may say more.

    Raises:
        BadRequest: It is no ETag, or `If-None-Match` is one.
        VersionConflict: It is to be there and to be new.
        VersionRequired: There is none, and the operation needs one.
    """
    if not op.mutates:
        return None
    told, new = headers.get("If-Match"), headers.get("If-None-Match")
    if new not in {None, "*"}:
        raise BadRequest(
            "If-None-Match of a change is *; name the version that you saw as If-Match"
        )
    tags = None if told is None else _tags(told)
    if new and tags is not None and "" not in tags:
        raise VersionConflict("what has a version is not new; send If-Match or If-None-Match")
    if new:
        return frozenset({""})
    if tags is None and op.versioned:
        raise VersionRequired("say which version you change: send its ETag as If-Match")
    return tags


def is_had(headers: Mapping[str, str], etag: str) -> bool:
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
