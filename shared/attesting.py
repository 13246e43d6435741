"""What is kept of a decision where no entry of evidence carries it."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

from shared.entity import Code, Record, Timestamp
from shared.handling import EVIDENCE_DAYS, After, Handling, PersonalData, Stays
from shared.judged import Pattern


class Attestation(Record):
    """A decision on what wrote no entry that could carry it."""

    collection: ClassVar[str] = "decisions"
    handling: ClassVar = Handling(
        kept=After(EVIDENCE_DAYS["standard"] or 0, since="decided_at"),
        export="tenant",
        erasure=Stays("it is signed, and people are in it by their ids alone"),
    )
    personal: ClassVar = PersonalData(ids="decision")

    decided_at: Timestamp
    """When it was decided."""
    decision: Mapping[str, Any]
    """The decision, as an entry would carry it."""
    kid: Code
    """The key that signed it, see `/.well-known/jwks.json`."""
    sig: Annotated[str, Pattern(r"^[A-Za-z0-9_-]{86}$")]
    """The Ed25519 signature over the canonical JSON of `decision`, with `typ` added."""


DECISION_TYPE = "decision/v1"
"""What the signed bytes of a decision by itself say that they are."""
