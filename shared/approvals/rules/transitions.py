"""How an approval changes: each change raises its version, and nothing that was said is lost."""

from datetime import datetime
from typing import Any

from shared.actors import Actor
from shared.approvals.models.approvals import Approval, ApprovalStatus
from shared.approvals.models.parts import NOES, Decision, Verb, VetoCategory
from shared.approvals.rules import acts
from shared.approvals.rules.checks import Authority


def decision(
    before: Approval,
    verb: Verb,
    *,
    by: Actor,
    at: datetime,
    reason: str | None = None,
    changes: tuple[str, ...] = (),
    category: VetoCategory | None = None,
) -> Decision:
    """Return what somebody says, in the order it was said."""
    return Decision(
        step_no=before.current_step,
        approver_id=by.id,
        verb=verb,
        reason=reason,
        changes=changes,
        category=category,
        at=at,
        auth_time=by.auth_time,
        decision_version=before.decision_version + 1,
    )


def by_right(decision: Decision, right: Authority, opened_at: datetime | None = None) -> Decision:
    """Return a decision with the right it was taken by."""
    told = {"seat": right.seat, "via": right.via, "opened_at": opened_at}
    return decision.model_copy(update=told)


def repeated(before: Approval, decision: Decision) -> bool:
    """Whether the same person said the same before, and it still stands."""
    if not any(decision.says_as(earlier) for earlier in before.decisions):
        return False
    return before.last.verb == decision.verb


def settled(
    before: Approval, decision: Decision, status: ApprovalStatus, **changes: Any
) -> Approval:
    """Return the approval with the answer that settles it."""
    return answered(
        before,
        decision,
        status=status,
        decided_at=decision.at,
        decided_by=decision.approver_id,
        **{"decided_via": decision.via} | changes,
    )


def answered(before: Approval, decision: Decision, **changes: Any) -> Approval:
    """Return the approval with one more answer; a no stands until it is withdrawn, against the act it was said to."""
    told: dict[str, Any] = {"refused": False, "decisions": (*before.decisions, decision)}
    if decision.verb in NOES:
        told |= {"refused": True, **acts.act(before).found_by}
    return changed(before, **told | changes)


def shown(before: Approval) -> Approval:
    """Return the approval held back no longer; its clocks run as they did."""
    return before.model_copy(update={"held_back": False})


def changed(before: Approval, **changes: Any) -> Approval:
    """Return the approval with its next version."""
    version = before.decision_version + 1
    return before.model_copy(update={"decision_version": version, **changes})
