"""The rules of deciding: who may, until when, and what each answer does."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from shared.approvals import checks
from shared.approvals.events import told
from shared.approvals.models import (
    Approval,
    ApprovalStatus,
    Cancellation,
    Consumer,
    Decision,
    Verb,
    Veto,
    VetoCategory,
)
from shared.entity import Because, written
from shared.errors import AlreadyDecided, ApprovalRequired, Conflict, Expired, Forbidden
from shared.identity import Actor, Role

VETO_WINDOW = timedelta(hours=24)
"""How long after an approval the Governor may still object."""

TIME_TO_USE = timedelta(minutes=60)
"""How long an approval may be used at least, however late it came."""

CONCERNS = frozenset({"stage-4", "stage-5"})
"""Gates where a reviewer's concern is settled: it can be sent back or upheld, never overruled."""


# --- deciding ------------------------------------------------------------------------------------


def approve(
    before: Approval, *, by: Actor, at: datetime, expected_digest: str, comment: str | None = None
) -> Approval:
    """
    Return the approval with one more agreement; the last one needed grants it.

    Raises:
        Refusal: Who asks may not decide, too late, or not on what they saw.
    """
    decision = _decision(before, "approve", by=by, at=at, reason=comment)
    if _repeated(before, decision):
        return before
    if before.gate in CONCERNS:
        checks.may_decide(before, by)
        raise Conflict(
            "a reviewer's concern cannot be approved away; request changes or reject it",
            rule="concern_not_approvable",
        )
    _check(before, by=by, at=at, expected_digest=expected_digest)
    if before.current_step < len(before.steps):
        return _answered(before, decision, current_step=before.current_step + 1)
    return _settled(
        before,
        decision,
        ApprovalStatus.APPROVED,
        veto_until=at + VETO_WINDOW,
        expires_at=max(before.expires_at, at + TIME_TO_USE),
    )


def reject(
    before: Approval, *, by: Actor, at: datetime, reason: str, expected_digest: str | None = None
) -> Approval:
    """
    Return the approval rejected; one no ends the whole chain.

    Raises:
        Refusal: Who asks may not decide, too late, or not on what they saw.
    """
    decision = _decision(before, "reject", by=by, at=at, reason=reason)
    if _repeated(before, decision):
        return before
    _check(before, by=by, at=at, expected_digest=expected_digest)
    return _settled(before, decision, ApprovalStatus.REJECTED)


def request_changes(
    before: Approval,
    *,
    by: Actor,
    at: datetime,
    changes: Sequence[str],
    expected_digest: str | None = None,
) -> Approval:
    """
    Return the approval sent back to whoever made what it is about.

    Raises:
        Refusal: Who asks may not decide, too late, or not on what they saw.
    """
    decision = _decision(before, "request_changes", by=by, at=at, changes=tuple(changes))
    if _repeated(before, decision):
        return before
    _check(before, by=by, at=at, expected_digest=expected_digest)
    return _settled(before, decision, ApprovalStatus.CHANGES_REQUESTED)


def because(approval: Approval) -> Because:
    """Return why the latest decision was taken, as its audit entry keeps it."""
    decision = approval.last
    words = decision.reason or "; ".join(decision.changes) or f"{decision.verb} without comment"
    step_no = 1 if decision.verb == "veto" else decision.step_no
    authority = approval.steps[step_no - 1].approver
    return Because(rationale=told(words), authority=authority)


# --- objecting -----------------------------------------------------------------------------------


def veto(
    before: Approval, *, by: Actor, at: datetime, category: VetoCategory, explanation: str
) -> Approval:
    """
    Return the approval vetoed: its effect never happens.

    What was used already is not undone by saying so here; suspending and rolling back do that.

    Raises:
        Refusal: Who asks is not its Governor, it is too late, or the effect was started already.
    """
    decision = _decision(before, "veto", by=by, at=at, reason=explanation, category=category)
    if _repeated(before, decision):
        return before
    checks.may_decide(before, by, role=before.steps[0].approver)
    if before.open:
        checks.undecided(before, at)
        return _settled(before, decision, ApprovalStatus.VETOED)
    if before.veto_until is None or before.status not in {
        ApprovalStatus.APPROVED,
        ApprovalStatus.CONSUMED,
    }:
        raise checks.decided(before)
    if at >= before.veto_until:
        raise Conflict(
            f"the veto window closed at {written(before.veto_until)}; suspend the agent or roll it"
            " back instead",
            rule="veto_window_closed",
            approval_id=before.id,
        )
    if before.status is ApprovalStatus.CONSUMED:
        raise Conflict(
            "this approval is used already, and a veto here would not undo it; suspend the agent"
            " (POST /v1/agents/{id}/suspend) or roll it back (POST /v1/agents/{id}/rollback)",
            rule="already_consumed",
            approval_id=before.id,
        )
    return _settled(before, decision, ApprovalStatus.VETOED)


def record_veto(before: Approval, after: Approval, *, id: str) -> Veto:
    """Return the record of the veto that turned *before* into *after*."""
    decision = after.last
    if decision.category is None:
        raise ValueError(f"{after.id} was not vetoed")
    return Veto(
        id=id,
        tenant_id=after.tenant_id,
        created_at=decision.at,
        updated_at=decision.at,
        governance_agent_id=after.governance_agent_id,
        correlation_id=after.correlation_id,
        approval_id=after.id,
        category=decision.category,
        explanation=decision.reason or "",
        issued_by=decision.approver_id,
        decided_at=decision.at,
        received_at=decision.at,
        window_end=before.veto_until or before.expires_at,
        effect="never_sent",
        effect_completed_at=decision.at,
    )


# --- ending otherwise ----------------------------------------------------------------------------


def cancel(before: Approval, *, by: Actor, at: datetime, reason: str) -> Approval:
    """
    Return the approval withdrawn, as whoever asked may do until it is decided.

    Raises:
        Refusal: Somebody else asks, or it is decided.
    """
    if by.id != before.requested_by and Role.SERVICE not in by.roles:
        raise Forbidden("only whoever asked for an approval can withdraw it", rule="not_requester")
    if before.status is ApprovalStatus.CANCELLED:
        return before
    checks.undecided(before, at)
    return _changed(
        before,
        status=ApprovalStatus.CANCELLED,
        cancellation=Cancellation(by=by.id, reason=reason, at=at),
    )


def expire(before: Approval, *, at: datetime, decision_version: int) -> Approval:
    """Return the approval expired, where its time is over and nothing changed since that was set."""
    waits = before.open or before.status is ApprovalStatus.APPROVED
    if not waits or at < before.expires_at or decision_version != before.decision_version:
        return before
    return _changed(before, status=ApprovalStatus.EXPIRED)


def consume(before: Approval, *, by: Consumer, action_digest: str, at: datetime) -> Approval:
    """
    Return the approval used up by one step; for the same step again, as it is.

    Save it in the transaction that starts the effect, so that it cannot be used twice.

    Args:
        before: The approval.

        by: The one step that uses it.

        action_digest: The digest of what is about to be done.

        at: The present.

    Raises:
        Refusal: It is not granted, not for this, used already, or its time is over.
    """
    checks.same_subject(before, action_digest)
    if before.consumed_by == by:
        return before
    if before.status is ApprovalStatus.CONSUMED:
        raise AlreadyDecided("this approval is used already; ask again", approval_id=before.id)
    if before.status is ApprovalStatus.EXPIRED or (
        before.status is ApprovalStatus.APPROVED and at >= before.expires_at
    ):
        raise Expired("this approval was not used in time; ask again", approval_id=before.id)
    if before.status is not ApprovalStatus.APPROVED:
        raise ApprovalRequired(
            f"this approval is {before.status}, so nothing may happen", approval_id=before.id
        )
    return _changed(before, status=ApprovalStatus.CONSUMED, consumed_at=at, consumed_by=by)


# --- what they share -----------------------------------------------------------------------------


def _check(before: Approval, *, by: Actor, at: datetime, expected_digest: str | None) -> None:
    checks.may_decide(before, by)
    checks.undecided(before, at)
    checks.first_vote(before, by)
    checks.fresh(before, by, at)
    checks.same_subject(before, expected_digest)


def _repeated(before: Approval, decision: Decision) -> bool:
    """Whether the same person said the same before, and it still stands."""
    if not any(decision.says_as(earlier) for earlier in before.decisions):
        return False
    return before.last.verb == decision.verb


def _decision(
    before: Approval,
    verb: Verb,
    *,
    by: Actor,
    at: datetime,
    reason: str | None = None,
    changes: tuple[str, ...] = (),
    category: VetoCategory | None = None,
) -> Decision:
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


def _settled(
    before: Approval, decision: Decision, status: ApprovalStatus, **changes: Any
) -> Approval:
    return _answered(
        before,
        decision,
        status=status,
        decided_at=decision.at,
        decided_by=decision.approver_id,
        decided_via="governor",
        **changes,
    )


def _answered(before: Approval, decision: Decision, **changes: Any) -> Approval:
    return _changed(before, decisions=(*before.decisions, decision), **changes)


def _changed(before: Approval, **changes: Any) -> Approval:
    version = before.decision_version + 1
    return before.model_copy(update={"decision_version": version, **changes})
