"""How requests and answers are written: in ours, or as a standard asks whose clients were not made for us."""

from typing import Literal

from shared.records import dataclass


@dataclass(frozen=True)
class Dialect:
    """What addresses, bodies and refusals look like."""

    name: str
    """What it is called in the description: of its refusals."""

    prefixes: tuple[str, ...]
    """How addresses begin."""

    media_type: str
    """The type of JSON here, in requests and answers."""

    also_takes: tuple[str, ...] = ()
    """Of which other types a body may be."""

    strangers: Literal["forbid", "ignore"] = "forbid"
    """What becomes of members of a body that nobody declared."""


HOUSE = Dialect("Problem", ("/v1/", "/.well-known/"), "application/json")
"""Ours: problem documents of RFC 9457."""

SCIM = Dialect(
    "ScimError", ("/scim/v2/",), "application/scim+json", ("application/json",), strangers="ignore"
)
"""
The System for Cross-domain Identity Management, RFC 7644.

Its clients send whole resources, with what only the service provider sets, which is to be ignored (3.3, 3.5.1), and
with extensions that others know.
"""


def spoken_at(path: str) -> Dialect:
    """Return the dialect of an address, also of one where there is nothing."""
    return SCIM if path.startswith(SCIM.prefixes) else HOUSE
