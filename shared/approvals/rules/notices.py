"""What notices say of questions and of vetoes."""

from datetime import datetime

from shared.actors import PLATFORM
from shared.approvals.models.approvals import Approval, ApprovalStatus
from shared.approvals.models.vetoes import Veto
from shared.approvals.rules.windows import NOTHING_BEGAN, silence
from shared.entity import written
from shared.notifications.models import Claim
from shared.notifications.rules.notices import inbox
from shared.notifications.rules.subjects import Subject

_GRANTED = {ApprovalStatus.APPROVED, ApprovalStatus.CONSUMED}


def claims(approval: Approval, at: datetime) -> dict[Claim, bool]:
    """Say of each thing that notices say of a question whether it is so."""
    return {
        "waits": approval.open and at < approval.expires_at,
        "objectable": objectable(approval, at),
        "review": approval.status != ApprovalStatus.VETOED and _in_time(approval, at),
        "unanswered": approval.status == ApprovalStatus.EXPIRED and approval.unused is None,
        "unused": approval.unused is not None,
        "refused": approval.refused,
        "vetoed": approval.vetoed_at is not None,
    }


def inbox_of(approval: Approval, who: str) -> str:
    """Return in which tenant somebody looks whom a question has to do with: a role, or a person."""
    seats = [one.seat for one in approval.answers if one.approver_id == who]
    asked = {id for step in approval.steps for id in step.principals}
    asked |= {one.to_id for one in approval.delegations}
    if approval.governor_scope == "platform" and (seats or who in asked):
        return PLATFORM
    # Of a customer's question the platform's Governor is asked besides.
    return inbox(next(iter(seats), who), approval.tenant_id)


def objectable(approval: Approval, at: datetime) -> bool:
    """Say whether a question was answered with yes, and there is time to object."""
    return approval.status in _GRANTED and _in_time(approval, at)


def _in_time(approval: Approval, at: datetime) -> bool:
    ends = approval.veto_until
    return approval.vetoed_at is None and (ends is None or at < ends)


def became(approval: Approval) -> str:
    """Say in one sentence what became of a question."""
    if approval.cancellation is not None:
        return f"{approval.cancellation.by} withdrew it at {written(approval.cancellation.at)}."
    if approval.unused is not None:
        return NOTHING_BEGAN[approval.unused.why]
    if approval.status == ApprovalStatus.EXPIRED:
        return silence(approval)
    if approval.open:
        return f"It waits for a decision until {written(approval.expires_at)}."
    if not approval.decisions:
        return f"The precedent {approval.seed_id} approved it."
    last = approval.last
    return f"{last.approver_id}: {_SAID[last.verb]} at {written(last.at)}."


_SAID = {
    "approve": "approved",
    "reject": "rejected",
    "request_changes": "sent back with changes",
    "veto": "vetoed",
}


def details(approval: Approval) -> dict[str, str]:
    """Return what the app may show of a question."""
    found = {
        "approval_id": approval.id,
        "approval_type": approval.type,
        "risk": approval.risk,
        "expires_at": written(approval.expires_at),
    }
    return found | ({"agent_id": approval.agent_id} if approval.agent_id is not None else {})


def _stands(veto: Veto, at: datetime) -> dict[Claim, bool]:  # noqa: ARG001 - it is so until the record says else
    return {"not_undone": veto.effect_completed_at is None}


def _carried_out(veto: Veto) -> tuple[str, str]:
    done = veto.effect_completed_at
    undone = f"What it hit was undone at {written(done)}." if done else "It still stands."
    return "A veto is carried out", undone


QUESTIONS = Subject(
    Approval,
    claims=claims,
    became=lambda approval: (approval.title, became(approval)),
    details=details,
    concerns=lambda approval: f"agents/{approval.agent_id}" if approval.agent_id else None,
    deadline=lambda approval: approval.expires_at,
)

VETOES = Subject(
    Veto,
    claims=_stands,
    became=_carried_out,
)
