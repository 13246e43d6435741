"""What happens to a question besides its answer, as it is announced."""

from typing import Self

from shared.approvals.models.approvals import DECISIONS, REQUESTS, Approval
from shared.approvals.models.records import Why
from shared.entity import ActorId, Code, Event, Hex64, Said


class ApprovalJoined(Event, action="approval.joined", category="approval_request"):
    """Somebody else asked the same while it was open."""

    asked_by: ActorId


class EvidenceAdded(
    Event, action="approval.evidence_added", category="approval_request", topic=REQUESTS
):
    """Whoever asked showed what had been missing; those who had agreed are asked again."""

    by: ActorId
    kinds: tuple[Code, ...]
    card_hash: Hex64
    asked_again: tuple[ActorId, ...]

    @classmethod
    def of(cls, approval: Approval) -> Self:
        """Tell of the latest evidence."""
        last = approval.evidence_added[-1]
        return cls(
            by=last.by,
            kinds=last.kinds,
            card_hash=approval.card_hash,
            asked_again=tuple(vote.approver_id for vote in last.votes),
        )


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


class ApprovalBeside(Event, action="approval.beside", category="approval_request"):
    """The same act was asked for in other words while this was open: a no to one is a no to both."""

    asked_as: Code


class RefusalCarriedFurther(
    Event, action="approval.refusal_carried_further", category="governance_decision"
):
    """A no stands against more than one commit closes: the rest is closed now."""


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


class ApprovalStranded(Event, action="approval.stranded", category="approval_timeout"):
    """An open question waits for nobody."""

    why: Why
    owner: ActorId


class ReturnGranted(
    Event,
    action="approval.return_granted",
    category="approval_granted",
    topic=DECISIONS,
    retention="constitutional",
):
    """What a late veto took out of service is to return."""

    agent_id: Code | None


class VetoLifted(
    Event, action="veto.lifted", category="governance_decision", retention="constitutional"
):
    """What a veto had taken out of service returned to it."""

    approval_id: Code
