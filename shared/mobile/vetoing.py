"""Vetoes that waited on a phone without a connection: what becomes of each when it arrives."""

from datetime import datetime, timedelta
from typing import Annotated, Any, ClassVar, Literal

from pydantic import ConfigDict, Field
from pydantic.config import JsonDict

from shared.approvals.models import Approval, ApprovalStatus, Effect, VetoCategory
from shared.entity import Id, Record, Text, Timestamp, Value
from shared.errors import Forbidden
from shared.evidence import digest_of
from shared.examples import ACTION_DIGEST, APPROVAL, DEVICE, NOW, SIGNATURE, SOON
from shared.identity import Actor, Scope
from shared.mobile.deciding import SignedDecision
from shared.mobile.signatures import SKEW

GRACE = timedelta(hours=1)
"""How long after its window a veto may still arrive that was signed inside it."""

MAX_SKEW = timedelta(minutes=5)
"""A phone whose clock differs by more is not believed about the time."""

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

    statement_hash: str
    answer: ItemResult


def answer_id(by: Actor, key: str) -> str:
    """Name the answer to a queued veto."""
    return digest_of(f"{by.id}\n{key}".encode())


def may_sync(by: Actor, approval: Approval, item: QueuedVeto) -> None:
    """
    Refuse whoever may not veto, and a signature that was made to last for longer than it may.

    Raises:
        Forbidden: Either of them.
    """
    if Scope.VETO_EXECUTE not in by.scopes:
        raise Forbidden("this takes the scope veto:execute, which your roles do not hold")
    if item.device.sig_expires_at > window_end(approval) + GRACE + SKEW:
        raise Forbidden(
            "sig_expires_at of a queued veto lies at most an hour after its window; sign again",
            rule="signature_too_long",
        )


def window_end(approval: Approval) -> datetime:
    """Return until when an approval can be vetoed."""
    return approval.veto_until or approval.expires_at


def signed_at(
    item: QueuedVeto, *, since: datetime, skew: timedelta | None, at: datetime
) -> datetime:
    """
    Return when a veto was decided, by our clock: not before *since*, from when it could be.

    A phone's clock is corrected by how far it is off; one that is too far off is not believed.
    """
    said = item.decided_at + (skew or timedelta(0))
    if abs(skew or timedelta(0)) > MAX_SKEW or said < since - MAX_SKEW:
        return at
    return min(max(said, since), at)


def too_late(approval: Approval, item: QueuedVeto, decided_at: datetime, at: datetime) -> bool:
    """Say whether a veto was signed after its window, or came too long after it."""
    ends = window_end(approval)
    return decided_at >= ends or at > min(ends + GRACE, item.device.sig_expires_at)


def settled(approval: Approval) -> bool:
    """Say whether an approval was answered so that there is nothing left to object to."""
    left = approval.open or approval.status in {ApprovalStatus.APPROVED, ApprovalStatus.CONSUMED}
    return not left or approval.vetoed_at is not None


def stored(item: QueuedVeto, approval: Approval, result: Result, **more: Any) -> ItemResult:
    """Return a result that shows how the approval stands."""
    last = approval.decisions[-1] if approval.decisions else None
    return ItemResult(
        idempotency_key=item.idempotency_key,
        result=result,
        approval_status=approval.status,
        decided=last.verb if last else approval.status.value,
        decided_at=last.at if last else approval.decided_at or approval.updated_at,
        **more,
    )
