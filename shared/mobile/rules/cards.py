"""What the phone shows of an approval in its list."""

from datetime import datetime
from typing import Annotated

from pydantic import Field

from shared.approvals.models.approvals import Approval, ApprovalStatus
from shared.approvals.models.questions import ApprovalType, Risk
from shared.entity import Hex64, Id, Timestamp, Value


class ApprovalCard(Value):
    """One request as a list shows it."""

    approval_id: Id
    """By which the request is opened and decided."""
    title: str
    """The question in one line."""
    type: ApprovalType
    """What kind of permission it is."""
    gate: str
    """Where in the work it is asked."""
    risk: Risk
    """How risky it is."""
    urgency: str
    """How soon an answer is needed."""
    status: ApprovalStatus
    """What became of it."""
    agent_id: Id | None
    """The agent it is about; null where it is about none."""
    requested_at: Timestamp
    """When it was asked."""
    expires_at: Timestamp
    """Until when it can be answered."""
    age_s: int
    """For how many seconds it has waited."""
    action_digest: Hex64
    """What a yes names as `expected_digest`."""
    seed_id: str | None
    """The number of the precedent that approved it; null where none did."""
    group_key: Hex64 | None = None
    """What `GET /v1/approvals` lists all by that this card stands for; null where it stands for itself alone."""
    alike: Annotated[int, Field(ge=1)] = 1
    """For how many open requests this card stands, itself among them; each has its own decision."""


def card(approval: Approval, *, at: datetime, alike: int = 1) -> ApprovalCard:
    """Return the card of an approval, and of those like it."""
    return ApprovalCard(
        approval_id=approval.id,
        title=approval.title,
        type=approval.type,
        gate=approval.gate,
        risk=approval.risk,
        urgency=approval.urgency,
        status=approval.status,
        agent_id=approval.agent_id,
        requested_at=approval.requested_at,
        expires_at=approval.expires_at,
        age_s=max(0, int((at - approval.requested_at).total_seconds())),
        action_digest=approval.action_digest,
        seed_id=approval.seed_id,
        group_key=approval.group_key,
        alike=alike,
    )
