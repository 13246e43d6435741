"""Vetoes that waited on a phone without a connection, and what became of each."""

from typing import Annotated, ClassVar, Literal

from pydantic import ConfigDict, Field
from pydantic.config import JsonDict

from shared.approvals.models.approvals import ApprovalStatus
from shared.approvals.models.parts import VetoCategory
from shared.approvals.models.vetoes import Effect
from shared.entity import Id, Record, Text, Timestamp, Value
from shared.examples import ACTION_DIGEST, APPROVAL, DEVICE, NOW, SIGNATURE, SOON
from shared.handling import Handling, Nobody, PersonalData, WithAccount
from shared.mobile.models.signed import SignedDecision

Result = Literal["applied", "duplicate", "superseded", "expired", "forbidden", "invalid"]


DEVICE_SAID: JsonDict = {
    "id": DEVICE,
    "nonce": "q83vEjRWeJCrze8S",
    "sig_expires_at": SOON,
    "signature": SIGNATURE,
}


EXAMPLE: JsonDict = {
    "category": "safety",
    "explanation": "The agent quotes a dose that no source supports.",
    "expected_digest": ACTION_DIGEST,
    "decided_at": NOW,
    "idempotency_key": "0b9a8f7e-6d5c-4b3a-8291-a0b1c2d3e4f5",
    "device": DEVICE_SAID,
}


class SignedVeto(SignedDecision):
    """An objection that a phone signed: on which ground, and why."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})

    category: VetoCategory
    """On which ground you object."""
    explanation: Annotated[Text, Field(min_length=10)]
    """Why, in your words."""


QUEUED: JsonDict = {
    "verb": "veto",
    "approval_id": APPROVAL,
    **EXAMPLE,
    "idempotency_key": "0b9a8f7e-6d5c-4b3a-8291-a0b1c2d3e4f8",
    "device": {**DEVICE_SAID, "nonce": "q83vEjRWeJCrze88"},
}


class QueuedVeto(SignedVeto):
    """A veto that waited on a phone; nothing else is ever queued."""

    model_config = ConfigDict(json_schema_extra={"examples": [QUEUED]})

    verb: Literal["veto"]
    approval_id: Id


class ItemResult(Value):
    """What became of one queued veto."""

    personal: ClassVar = PersonalData(texts="detail")

    idempotency_key: str | None
    """The key of the item; null where it had none."""
    result: Result
    """What became of it."""
    offline: bool = False
    """Whether it counted although it came without a connection and after its window."""

    approval_status: ApprovalStatus | None = None
    """What the approval is now: it is what counts."""

    decided: str | None = None
    """What was decided before it came; null where nothing was."""
    decided_at: Timestamp | None = None
    """When that was; null where nothing was."""
    veto_id: Id | None = None
    """The `id` of the veto; null where there is none."""
    effect: Effect | None = None
    """What the veto comes to; null where it did not count."""
    rollback_approval_id: Id | None = None
    """The request that somebody other than who vetoed may confirm to have it undone, where the veto came too late."""

    rule: str | None = None
    """Why it did not count, for programs; null where it did."""
    detail: str | None = None
    """Why it did not count, in words; null where it did."""


class SyncedVeto(Record):
    """What a queued veto was answered, by who sent it and under which key."""

    collection: ClassVar[str] = "synced_vetoes"
    handling: ClassVar = Handling(
        kept=WithAccount(), export=Nobody("it repeats what was answered"), erasure="deleted"
    )

    statement_hash: str
    answer: ItemResult
