"""How requests and answers are written: in ours, or as a standard asks whose clients were not made for us."""

from dataclasses import dataclass


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


HOUSE = Dialect("Problem", ("/v1/", "/.well-known/"), "application/json")
"""Ours: problem documents of RFC 9457."""

SCIM = Dialect("ScimError", ("/scim/v2/",), "application/scim+json", ("application/json",))
"""The System for Cross-domain Identity Management, RFC 7644."""
