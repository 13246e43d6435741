"""The conditions of deciding: the right person, freshly signed in, in time, about what they saw."""

from datetime import datetime, timedelta

from shared.approvals.models import Approval, ApprovalStatus
from shared.entity import written
from shared.errors import (
    AlreadyDecided,
    ApprovalMismatch,
    Expired,
    Forbidden,
    SelfApproval,
    Unauthenticated,
)
from shared.identity import PLATFORM, Actor, Role

FRESH = timedelta(minutes=5)
"""How recent a person's sign-in must be for what is high-risk."""


def may_decide(approval: Approval, by: Actor, *, role: Role | None = None) -> None:
    """
    Refuse whoever is not asked, and whoever asked.

    Args:
        approval: What is decided.

        by: Who wants to.

        role: Whose word it takes; by default that of the step which is due.
    """
    role = role or approval.awaited
    own = approval.tenant_id if role is Role.CUSTOMER_ADMIN else PLATFORM
    if role not in by.roles or by.tenant != own:
        raise Forbidden(f"only the {role} of this approval's scope decides it", rule="not_governor")
    if by.id in {approval.requested_by, approval.agent_id}:
        raise SelfApproval("nobody decides their own request", approval_id=approval.id)


def undecided(approval: Approval, at: datetime) -> None:
    """Refuse where another decision was first, or the time is over, timer or no timer."""
    if not approval.open:
        raise decided(approval)
    if at >= approval.expires_at:
        raise Expired(
            f"the time to decide was over at {written(approval.expires_at)}; it must be asked again",
            approval_id=approval.id,
        )


def decided(approval: Approval) -> AlreadyDecided | Expired:
    """Say what was first."""
    if approval.status is ApprovalStatus.EXPIRED:
        return Expired("this approval expired; it must be asked again", approval_id=approval.id)
    withdrawn = approval.cancellation
    return AlreadyDecided(
        f"this was decided already: {approval.status}",
        approval_id=approval.id,
        decided="cancel" if withdrawn else approval.last.verb,
        decided_at=written(withdrawn.at if withdrawn else approval.last.at),
    )


def first_vote(approval: Approval, by: Actor) -> None:
    """Refuse a second vote of one person, who may hold the roles of two steps."""
    for earlier in approval.decisions:
        if earlier.approver_id == by.id:
            raise AlreadyDecided(
                "you answered this already; somebody else must answer the next step",
                approval_id=approval.id,
                decided=earlier.verb,
                decided_at=written(earlier.at),
            )


def fresh(approval: Approval, by: Actor, at: datetime) -> None:
    """Ask a person for a recent sign-in where much is at stake; a foundational agent has none."""
    high = approval.risk in {"high", "critical"}
    if not high and approval.type not in {"financial", "constitutional"}:
        return
    if by.auth_time is None and by.type == "foundational_governance_agent":
        return
    if by.auth_time is None or at - by.auth_time > FRESH:
        raise Unauthenticated(
            "this decision is high-risk; sign in again before you take it",
            rule="step_up_required",
            max_age_s=int(FRESH.total_seconds()),
        )


def same_subject(approval: Approval, action_digest: str | None) -> None:
    """Refuse what is about something else; who names no digest decides on whatever is there."""
    if action_digest not in {None, approval.action_digest}:
        raise ApprovalMismatch(
            "this is not what was put to the approver; read the approval again",
            rule="stale_subject",
            approval_id=approval.id,
        )
