"""What a phone signs."""

from typing import Annotated, Any, ClassVar

from pydantic import Field

from shared.devices.models import Signature
from shared.entity import Hex64, Id, Opaque, Record, Timestamp, Value
from shared.facts import Withheld
from shared.handling import After, Handling, Nobody, PersonalData, Stays


class DeviceSignature(Value):
    """
    Which device signed, and what it said besides the decision.

    It signs the canonical JSON (RFC 8785) of ``{typ: "device-decision/v1", approval_id, action_digest,
    card_hash, verb, reason_hash, decided_at, nonce, sig_expires_at}``, times in UTC with milliseconds;
    `reason_hash` is the SHA-256 of the canonical JSON of the words that the body gives: those of
    ``category, changes, comment, explanation`` that are there.
    """

    id: Id
    """The `id` of your device."""
    nonce: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{16,64}$", examples=["q83vEjRWeJCrze8S"])]
    """Something random, used for nothing else: base64url."""
    sig_expires_at: Timestamp
    """Until when the signature counts: at most five minutes ahead, for a queued veto until an hour after its window."""
    signature: Signature
    """The Ed25519 signature over the statement, in base64url without padding."""


class SignedWords(Value):
    """What every signed decision carries."""

    decided_at: Timestamp
    """When you decided, by the phone's clock."""
    idempotency_key: Annotated[Opaque, Field(min_length=8, max_length=128)]
    """The same key answers the same and decides once."""
    device: Annotated[DeviceSignature, Withheld]
    """Which device signed, and how."""

    def words(self) -> dict[str, Any]:
        """Return the decision's own words, which the signature covers by their digest."""
        named = {"category", "changes", "comment", "explanation"}
        return self.model_dump(mode="json", include=named, exclude_none=True)


class SignedDecision(SignedWords):
    """A signed decision on exactly what was seen."""

    expected_digest: Hex64
    """The approval's `action_digest`, as it was read: an answer to anything else is refused."""


class SpentNonce(Record):
    """A nonce that a device used, and for what, so that it is used for nothing else."""

    collection: ClassVar[str] = "spent_nonces"
    handling: ClassVar = Handling(
        kept=After(2555, since="spent_at"),
        export=Nobody("it holds digests, and the signature behind a decision that is exported"),
        erasure=Stays(
            "it shows that a decision was signed; its device names nobody once that is deleted"
        ),
    )
    personal: ClassVar = PersonalData(devices="device_id")

    device_id: Id
    statement_hash: Hex64
    signature: str
    spent_at: Timestamp
