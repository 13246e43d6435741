"""
Which acts of the platform the policies of tenants are asked about, and what each says of itself.

It is `acts.json` beside this, which `make docs` writes from what the operations declare; a contract keeps it so.
"""

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

FILE = Path(__file__).with_name("acts.json")

OWN = frozenset({"approval", "approvals", "audit", "identity", "policy"})
"""
The families that no policy of a tenant is asked about: who decides, keeps evidence, signs in, or changes the policies
themselves is never locked out by one.
"""


@cache
def declared() -> Mapping[str, Mapping[str, Any]]:
    """Return what each operation that changes something says: `kind`, `args` by their names, `in_freeze`."""
    found: dict[str, dict[str, Any]] = json.loads(FILE.read_text())
    return found


def family(name: str) -> str:
    """Return the family of an act: the first part of its name."""
    return name.partition(".")[0]


def beyond(name: str) -> bool:
    """
    Say whether an act is one that no policy of a tenant forbids.

    What goes on while the platform is frozen ends harm, decides or keeps evidence (`in_freeze` of an operation), and a
    tenant locks nobody out of that either.
    """
    return family(name) in OWN or bool(declared().get(name, {}).get("in_freeze"))
