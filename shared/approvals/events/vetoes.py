"""What becomes of a veto, as it is announced."""

from typing import Self

from shared.approvals.models.approvals import DECISIONS, Approval
from shared.approvals.models.parts import VetoCategory
from shared.approvals.models.vetoes import Veto
from shared.entity import ActorId, Code, Event, Said, Timestamp


class VetoWindowClosed(Event, action="approval.veto_window_closed", category="approval_timeout"):
    """The time to object is over."""


class VetoEffectDue(Event, action="veto.effect_due", category="approval_timeout"):
    """By now what was vetoed must be undone."""


class VetoEffectCompleted(
    Event,
    action="veto.effect_completed",
    category="governance_decision",
    retention="constitutional",
):
    """What was vetoed is undone."""

    effect: Code


class VetoEffectOverdue(
    Event,
    action="veto.effect_overdue",
    category="governance_decision",
    outcome="failure",
    severity="critical",
    retention="constitutional",
):
    """What was vetoed is not undone in time; a person must see to it."""

    effect: Code


class ApprovalVetoed(
    Event,
    action="approval.vetoed",
    category="approval_denied",
    publish_first=True,
    retention="constitutional",
):
    """An objection was raised; the veto has its own record."""

    veto_category: Code
    approver: ActorId
    explanation: Said

    @classmethod
    def of(cls, approval: Approval) -> Self:
        """Tell of an approval that was vetoed."""
        decision = approval.last
        return cls(
            veto_category=decision.category or "",
            approver=decision.approver_id,
            explanation=decision.reason or "",
        )


class VetoRecorded(
    Event,
    action="veto.recorded",
    category="governance_decision",
    topic=DECISIONS,
    publish_first=True,
    retention="constitutional",
):
    """A Governor objected."""

    approval_id: Code | None = None
    run_id: Code | None = None
    step_id: Code | None = None
    category: VetoCategory
    window_end: Timestamp
    offline: bool
    effect: Code

    @classmethod
    def of(cls, veto: Veto) -> Self:
        """Tell of a veto."""
        return cls(
            approval_id=veto.approval_id,
            run_id=veto.run_id,
            step_id=veto.step_id,
            category=veto.category,
            window_end=veto.window_end,
            offline=veto.offline,
            effect=veto.effect,
        )
