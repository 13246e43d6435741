"""What a decision says about the seeds that made it, or predicted it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Literal

from shared.approvals.events.lifecycle import ApprovalConfirmed, ApprovalGranted
from shared.approvals.events.vetoes import VetoRecorded
from shared.approvals.models.approvals import Approval, ApprovalStatus
from shared.entity import Event
from shared.precedents.events import SeedDeprecated, SeedJudged, SeedMatched
from shared.precedents.models.seeds import PrecedentSeed
from shared.precedents.rules import counting, lifecycle

Fact = Literal["granted", "denied", "confirmed", "vetoed", "withheld"]
"""What happened: a veto of what was never granted *withholds* it."""

ANSWERS: Mapping[Fact, bool] = {
    "granted": True,
    "denied": False,
    "withheld": False,
    "vetoed": False,
}
"""What people answer; a veto takes back the yes before it."""


def fact(event: Event, approval: Approval) -> Fact:
    """Return what an event says about an approval."""
    if isinstance(event, ApprovalGranted):
        return "granted"
    if isinstance(event, ApprovalConfirmed):
        return "confirmed"
    if isinstance(event, VetoRecorded):
        return "withheld" if approval.veto_until is None else "vetoed"
    return "denied"


def answered(approval: Approval) -> Fact | None:
    """Return what people answered to a request, or None where they did not yet, or never did."""
    if approval.vetoed_at is not None:
        return "withheld"
    if approval.veto_until is not None:
        return "granted"
    denied = {ApprovalStatus.REJECTED, ApprovalStatus.CHANGES_REQUESTED}
    return "denied" if approval.status in denied else None


def cited(
    seed: PrecedentSeed, approval_id: str, fact: Fact, *, at: datetime
) -> tuple[PrecedentSeed, Event]:
    """Return a seed after something happened to what it granted, and the event that says so."""
    if fact == "granted":
        matched = SeedMatched(approval_id=approval_id, mode="active", would_have_approved=True)
        return counting.matched(seed, at=at), matched
    if fact == "confirmed":
        return counting.confirmed(seed), SeedJudged(approval_id=approval_id, outcome="confirmed")
    after = counting.objected(seed)
    if lifecycle.worn_out(after):
        reason = f"the Governor objected {after.false_positive_count} times"
        after = after.model_copy(update={"status": "deprecated", "deprecation_reason": reason})
        return after, SeedDeprecated.of(after)
    return after, SeedJudged(approval_id=approval_id, outcome="vetoed")


def compared(
    seed: PrecedentSeed, approval_id: str, fact: Fact, *, would: bool, again: bool = False
) -> tuple[PrecedentSeed, Event]:
    """
    Return a seed after people answered what it had predicted, and the event that says so.

    Where they answer *again*, a veto took back the yes that it was compared with.
    """
    agreed = would is ANSWERS[fact]
    told = SeedMatched(
        approval_id=approval_id,
        mode="shadow",
        would_have_approved=would,
        human_agreed=agreed,
        again=again,
    )
    if again:
        return counting.turned(seed, agreed=agreed), told
    return counting.compared(seed, agreed=agreed), told
