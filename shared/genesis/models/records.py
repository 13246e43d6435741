"""The catalogue's entities and records, and the facts announced about them."""

import hashlib
from typing import Annotated, ClassVar

from pydantic import Field

from shared.entity import Id, Record
from shared.judged import Masked

# --- records -------------------------------------------------------------------------------------


class TakenName(Record):
    """A name that somebody has; its id is the digest of the kind and the name."""

    collection: ClassVar[str] = "taken_names"

    holder: Id


class ExternalIds(Record):
    """How many external ids were given out under one prefix and code; its id is ``SKILL-HC``."""

    collection: ClassVar[str] = "external_ids"

    given: int = Field(0, ge=0)


def name_id(entity_type: str, name: str) -> str:
    """Return the id of the record that holds a name."""
    return hashlib.sha256(f"{entity_type}|{name}".encode()).hexdigest()


Reasons = Annotated[tuple[Annotated[str, Masked(kept=150)], ...], Field(max_length=50)]
