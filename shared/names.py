"""Names that nobody else has, kept as records beside the entities that have them."""

import hashlib
from typing import ClassVar

from shared.entity import Id, Record


class TakenName(Record):
    """A name that somebody has; its id is the digest of the kind and the name."""

    collection: ClassVar[str] = "taken_names"

    holder: Id


def name_id(entity_type: str, name: str) -> str:
    """Return the id of the record that holds a name."""
    return hashlib.sha256(f"{entity_type}|{name}".encode()).hexdigest()
