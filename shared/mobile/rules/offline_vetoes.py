"""Vetoes that waited on a phone without a connection: what becomes of each when it arrives."""

from datetime import datetime, timedelta
from typing import Any

from shared.actors import Actor, Scope
from shared.approvals.models.approvals import Approval, ApprovalStatus
from shared.devices.rules import SKEW
from shared.errors import Forbidden
from shared.evidence import digest_of
from shared.mobile.models.queue import ItemResult, QueuedVeto, Result

GRACE = timedelta(hours=1)
"""How long after its window a veto may still arrive that was signed inside it."""

MAX_SKEW = timedelta(minutes=5)
"""A phone whose clock differs by more is not believed about the time."""


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
