"""Names that nobody else has, kept as records beside the entities that have them."""

import hashlib
from typing import ClassVar

from shared.entity import Id, Record
from shared.handling import ForEver, Handling, Nobody, Stays


class TakenName(Record):
    """A name that somebody has; its id is the digest of the kind and the name."""

    collection: ClassVar[str] = "taken_names"
    handling: ClassVar = Handling(
        kept=ForEver("no name is given twice"),
        export=Nobody("it holds digests and ids"),
        erasure=Stays("it holds digests and ids"),
    )

    holder: Id


def name_id(entity_type: str, name: str) -> str:
    """Return the id of the record that holds a name."""
    return hashlib.sha256(f"{entity_type}|{name}".encode()).hexdigest()
