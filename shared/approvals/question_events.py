"""What happens to a question besides its answer, as it is announced."""

from typing import Self

from shared.approvals.models import Approval
from shared.entity import ActorId, Code, Event, Said


class ApprovalJoined(Event, action="approval.joined", category="approval_request"):
    """Somebody else asked the same while it was open."""

    asked_by: ActorId


class ApprovalLeft(Event, action="approval.left", category="approval_request"):
    """Somebody no longer asks what others still do."""

    by: ActorId
    reason: Said


class ApprovalSuperseded(Event, action="approval.superseded", category="approval_request"):
    """What was sent back was asked again with the changes."""

    superseded_by: Code

    @classmethod
    def of(cls, approval: Approval) -> Self:
        """Tell of a successor."""
        return cls(superseded_by=approval.superseded_by or "")


class RefusalWithdrawn(
    Event,
    action="approval.refusal_withdrawn",
    category="governance_decision",
    retention="constitutional",
):
    """Whoever said no withdrew it: the same may be asked again."""

    approver: ActorId
    reason: Said

    @classmethod
    def of(cls, approval: Approval) -> Self:
        """Tell of a withdrawn no."""
        said = approval.refusal_withdrawn
        if said is None:
            raise ValueError(f"the no to {approval.id} stands")
        return cls(approver=said.by, reason=said.reason)
