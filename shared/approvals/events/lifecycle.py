"""What happens to an approval, as it is announced."""

from datetime import datetime
from typing import Literal, Self

from pydantic import ConfigDict, Field

from shared.approvals.models.approvals import DECISIONS, REQUESTS, Approval, ApprovalStatus
from shared.approvals.models.parts import Trigger
from shared.entity import ActorId, Code, Event, Hex64, Said, Timestamp

Retention = Literal["standard", "financial", "constitutional"]


class ApprovalRequested(
    Event, action="approval.requested", category="approval_request", topic=REQUESTS
):
    """Somebody must decide."""

    type: Code
    gate: Code
    agent_id: Code | None
    run_id: Code | None = None
    step_id: Code | None = None
    action_digest: Hex64
    card_hash: Hex64
    chain: Code
    step_no: int
    approvers: tuple[ActorId, ...]
    expires_at: Timestamp
    risk: Code
    amount: int | None = None

    @classmethod
    def of(cls, approval: Approval) -> Self:
        """Tell of a new question."""
        return cls(
            type=approval.type,
            gate=approval.gate,
            agent_id=approval.agent_id,
            action_digest=approval.action_digest,
            card_hash=approval.card_hash,
            chain=approval.chain,
            step_no=approval.current_step,
            approvers=tuple(dict.fromkeys(seat for step in approval.steps for seat in step.seats)),
            expires_at=approval.expires_at,
            risk=approval.risk,
        )


class StepApproved(
    Event, action="approval.step_approved", category="approval_granted", publish_first=True
):
    """One of several people agreed; the next one is asked."""

    approver: ActorId
    step_no: int
    decided_at: Timestamp

    @classmethod
    def of(cls, approval: Approval) -> Self:
        """Tell of a question that was answered in part."""
        decision = approval.last
        return cls(approver=decision.approver_id, step_no=decision.step_no, decided_at=decision.at)


class ApprovalGranted(
    Event,
    action="approval.granted",
    category="approval_granted",
    topic=DECISIONS,
    publish_first=True,
):
    """Everybody needed agreed: the work may go on."""

    approvers: tuple[ActorId, ...]
    auto: bool = False
    seed_id: Code | None = None
    decided_at: Timestamp
    held_until: Timestamp | None = None
    veto_until: Timestamp
    via: Code | None = None
    """By which right it was decided; an earlier release does not say."""

    agent_id: Code | None = None

    @classmethod
    def of(cls, approval: Approval) -> Self:
        """Tell of an approval."""
        if approval.decided_at is None or approval.veto_until is None:
            raise ValueError(f"{approval.id} was not approved")
        return cls(
            approvers=tuple(decision.approver_id for decision in approval.decisions),
            auto=approval.seed_id is not None,
            seed_id=approval.seed_id,
            decided_at=approval.decided_at,
            held_until=approval.held_until,
            veto_until=approval.veto_until,
            via=approval.decided_via,
            agent_id=approval.agent_id,
        )


class ApprovalRejected(
    Event,
    action="approval.rejected",
    category="approval_denied",
    topic=DECISIONS,
    publish_first=True,
):
    """The answer is no."""

    approver: ActorId
    reason: Said
    via: Code | None = None

    @classmethod
    def of(cls, approval: Approval) -> Self:
        """Tell of a rejection."""
        said = approval.last
        return cls(approver=said.approver_id, reason=said.reason or "", via=said.via)


class ApprovalChangesRequested(
    Event,
    action="approval.changes_requested",
    category="approval_denied",
    topic=DECISIONS,
    publish_first=True,
):
    """The answer is: not like this."""

    approver: ActorId
    comment_ref: Code
    """Where the wishes are written."""

    via: Code | None = None

    @classmethod
    def of(cls, approval: Approval) -> Self:
        """Tell of a question that was sent back."""
        place = f"approvals/{approval.id}#/decisions/{len(approval.decisions) - 1}/changes"
        return cls(approver=approval.last.approver_id, comment_ref=place, via=approval.last.via)


class ApprovalExpired(
    Event, action="approval.expired", category="approval_timeout", topic=DECISIONS
):
    """Nobody answered in time, or the answer was not used in time."""

    open_since: Timestamp
    reminders: int = 0
    unused: Code | None = None
    """Why nothing came of a yes; none where nobody had answered."""

    owner: ActorId | None = None
    """Whose it was to begin what was approved."""

    @classmethod
    def of(cls, approval: Approval) -> Self:
        """Tell of a missed deadline."""
        reminders = sum(one.trigger != "manual" for one in approval.escalations)
        lost = approval.unused
        return cls(
            open_since=approval.requested_at,
            reminders=reminders,
            unused=lost.why if lost else None,
            owner=lost.owner if lost else None,
        )


class ApprovalCancelled(
    Event, action="approval.cancelled", category="governance_decision", topic=DECISIONS
):
    """The question was withdrawn."""

    reason: Said

    @classmethod
    def of(cls, approval: Approval) -> Self:
        """Tell of a withdrawal."""
        if approval.cancellation is None:
            raise ValueError(f"{approval.id} was not cancelled")
        return cls(reason=approval.cancellation.reason)


class ApprovalDelegated(
    Event, action="approval.delegated", category="governance_decision", topic=REQUESTS
):
    """Somebody else is to answer."""

    model_config = ConfigDict(serialize_by_alias=True, validate_by_name=True)

    from_id: ActorId = Field(alias="from")
    to_id: ActorId = Field(alias="to")
    depth: int

    @classmethod
    def of(cls, approval: Approval, *, at: datetime, by: str) -> Self:
        """Tell of a delegation; taken back, it leads to whoever gave it."""
        running = [d for d in approval.delegations if d.runs(at)]
        last = running[-1] if running and running[-1].at == at else None
        to_id = last.to_id if last else by
        return cls(from_id=by, to_id=to_id, depth=len(running))


class ApprovalEscalated(Event, action="approval.escalated", category="escalation", topic=REQUESTS):
    """Others are asked besides."""

    level: int
    to: tuple[ActorId, ...]
    trigger: Trigger

    @classmethod
    def of(cls, approval: Approval) -> Self:
        """Tell of the latest escalation."""
        last = approval.escalations[-1]
        return cls(level=last.level, to=tuple(map(str, last.to)), trigger=last.trigger)


class ApprovalDeferred(
    Event, action="approval.deferred", category="governance_decision", topic=REQUESTS
):
    """The question rests for a while."""

    approver: ActorId
    until: Timestamp
    defer_count: int

    @classmethod
    def of(cls, approval: Approval) -> Self:
        """Tell of the latest deferral."""
        last = approval.deferrals[-1]
        return cls(approver=last.approver_id, until=last.until, defer_count=approval.defer_count)


class ApprovalReleased(Event, action="approval.released", category="approval_request"):
    """What was held back is shown to its approvers."""


class ApprovalConfirmed(
    Event, action="approval.confirmed", category="governance_decision", topic=DECISIONS
):
    """Nobody objected while it was possible."""

    veto_until: Timestamp


class ApprovalDeadline(Event, action="approval.deadline_reached", category="approval_timeout"):
    """The time that was given is over; a change after it was set makes it void."""

    decision_version: int


class ApprovalMark(Event, action="approval.mark_reached", category="approval_timeout"):
    """Half of the window is over, or four fifths; a change after it was set makes it void."""

    percent: int
    decision_version: int


class StepApprovedByPlatform(StepApproved, retention="constitutional"):
    """The same, of an approval that the platform's Governor decides: kept for ever."""


class ApprovalGrantedByPlatform(ApprovalGranted, retention="constitutional"):
    """The same, by the platform's Governor: kept for ever."""


class ApprovalRejectedByPlatform(ApprovalRejected, retention="constitutional"):
    """The same, by the platform's Governor: kept for ever."""


class ChangesRequestedByPlatform(ApprovalChangesRequested, retention="constitutional"):
    """The same, by the platform's Governor: kept for ever."""


Decided = StepApproved | ApprovalGranted | ApprovalRejected | ApprovalChangesRequested

_DECIDED: dict[tuple[ApprovalStatus, str], type[Decided]] = {
    (ApprovalStatus.PENDING, "engagement"): StepApproved,
    (ApprovalStatus.PENDING, "platform"): StepApprovedByPlatform,
    (ApprovalStatus.APPROVED, "engagement"): ApprovalGranted,
    (ApprovalStatus.APPROVED, "platform"): ApprovalGrantedByPlatform,
    (ApprovalStatus.REJECTED, "engagement"): ApprovalRejected,
    (ApprovalStatus.REJECTED, "platform"): ApprovalRejectedByPlatform,
    (ApprovalStatus.CHANGES_REQUESTED, "engagement"): ApprovalChangesRequested,
    (ApprovalStatus.CHANGES_REQUESTED, "platform"): ChangesRequestedByPlatform,
}


def decided(approval: Approval) -> Decided:
    """Tell of the latest answer to a question."""
    status = ApprovalStatus.PENDING if approval.open else approval.status
    return _DECIDED[status, approval.governor_scope].of(approval)
