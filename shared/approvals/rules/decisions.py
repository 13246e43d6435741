"""The rules of deciding: who may, until when, and what each answer does."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from shared.actors import Actor
from shared.approvals.models.approvals import Approval, ApprovalStatus
from shared.approvals.models.parts import (
    Attachment,
    Cancellation,
    Decision,
    Unused,
    Verb,
    VetoCategory,
    Via,
    Why,
)
from shared.approvals.models.vetoes import Effect, Veto
from shared.approvals.rules import cards, checks, windows
from shared.approvals.rules.transitions import (
    answered,
    by_right,
    changed,
    decision,
    repeated,
    settled,
)
from shared.approvals.rules.windows import REVIEW_WINDOW, TIME_TO_USE, VETO_WINDOW
from shared.entity import Because, written
from shared.errors import Conflict, Forbidden

MAX_ATTACHMENTS = 5
CONCERNS = frozenset({"stage-4", "stage-5"})
"""Gates where a reviewer's concern is settled: it can be sent back or upheld, never overruled."""


# --- deciding ------------------------------------------------------------------------------------


def approve(
    before: Approval,
    *,
    by: Actor,
    at: datetime,
    expected_digest: str,
    expected_card: str | None = None,
    comment: str | None = None,
    opened_at: datetime | None = None,
) -> Approval:
    """
    Return the approval with one more agreement; the last one needed grants it.

    Args:
        before: The approval.

        by: Who agrees.

        at: The present.

        expected_digest: The digest of what they saw.

        expected_card: The digest of the card they saw; evidence that was added made it another one.

        comment: What they say to it.

        opened_at: When they first opened it.

    Raises:
        Refusal: Who asks may not decide, too late, or not on what they saw.
    """
    said = decision(before, "approve", by=by, at=at, reason=comment)
    if repeated(before, said):
        return before
    if before.gate in CONCERNS:
        checks.may_decide(before, by, at)
        raise Conflict(
            "a reviewer's concern cannot be approved away; request changes or reject it",
            rule="concern_not_approvable",
        )
    right = _check(before, "approve", by=by, at=at, expected_digest=expected_digest)
    checks.same_card(before, expected_card)
    said = by_right(said, right, opened_at)
    if not before.step.satisfied((*before.decisions, said)):
        return answered(before, said)
    if before.current_step < len(before.steps):
        return cards.bound(answered(before, said, **_next_step(before, at)))
    by_whom = {said.via, *(earlier.via for earlier in before.decisions)}
    via = next((v for v in ("vision_guardian_override", "deputy") if v in by_whom), "governor")
    return settled(
        before,
        said,
        ApprovalStatus.APPROVED,
        decided_via=via,
        veto_until=at + (VETO_WINDOW if via == "governor" else REVIEW_WINDOW),
        expires_at=max(before.expires_at, at + TIME_TO_USE),
    )


def _next_step(before: Approval, at: datetime) -> dict[str, Any]:
    """Return what changes when it is the next one's turn, who may have a time of their own."""
    changes: dict[str, Any] = {
        "current_step": before.current_step + 1,
        "status": ApprovalStatus.PENDING,
    }
    window_min = before.steps[before.current_step].timeout_min
    if window_min is not None:
        ends = at + timedelta(minutes=window_min)
        changes |= {"window_min": window_min, "window_from": at, "expires_at": ends}
    return changes


def reject(
    before: Approval,
    *,
    by: Actor,
    at: datetime,
    reason: str,
    expected_digest: str | None = None,
    opened_at: datetime | None = None,
) -> Approval:
    """
    Return the approval rejected; one no ends the whole chain.

    Raises:
        Refusal: Who asks may not decide, too late, or not on what they saw.
    """
    said = decision(before, "reject", by=by, at=at, reason=reason)
    if repeated(before, said):
        return before
    right = _check(before, "reject", by=by, at=at, expected_digest=expected_digest)
    return settled(before, by_right(said, right, opened_at), ApprovalStatus.REJECTED)


def request_changes(
    before: Approval,
    *,
    by: Actor,
    at: datetime,
    changes: Sequence[str],
    expected_digest: str | None = None,
    opened_at: datetime | None = None,
) -> Approval:
    """
    Return the approval sent back to whoever made what it is about.

    Raises:
        Refusal: Who asks may not decide, too late, or not on what they saw.
    """
    said = decision(before, "request_changes", by=by, at=at, changes=tuple(changes))
    if repeated(before, said):
        return before
    right = _check(before, "request_changes", by=by, at=at, expected_digest=expected_digest)
    return settled(before, by_right(said, right, opened_at), ApprovalStatus.CHANGES_REQUESTED)


def because(approval: Approval) -> Because:
    """Return why the latest decision was taken, as its audit entry keeps it."""
    decision = approval.last
    words = decision.reason or "; ".join(decision.changes) or f"{decision.verb} without comment"
    authority = approval.governor if decision.verb == "veto" else decision.seat
    return Because(rationale=words, authority=f"{authority}{_ON_BEHALF[decision.via]}")


_ON_BEHALF: dict[Via, str] = {
    "governor": "",
    "deputy": " by deputy",
    "vision_guardian_override": " by the vision guardian",
}


# --- objecting -----------------------------------------------------------------------------------


def veto(
    before: Approval, *, by: Actor, at: datetime, category: VetoCategory, explanation: str
) -> Approval:
    """
    Return the approval vetoed.

    What was not used yet never happens. What a person approved and was used stays used, with the
    objection beside it; what a precedent approved is vetoed. Either is undone by reactions.

    Raises:
        Refusal: Who asks is not its Governor, it is too late, or there is nothing to object to.
    """
    said = decision(before, "veto", by=by, at=at, reason=explanation, category=category)
    said = by_right(said, checks.Authority(before.governor))
    if repeated(before, said):
        return before
    checks.may_veto(before, by, at)
    if before.open:
        checks.undecided(before, at)
        return settled(before, said, ApprovalStatus.VETOED, vetoed_at=at)
    vetoable = {ApprovalStatus.APPROVED, ApprovalStatus.CONSUMED}
    if before.veto_until is None or before.status not in vetoable or before.vetoed_at:
        raise checks.decided(before)
    if at >= before.veto_until:
        raise Conflict(
            f"the veto window closed at {written(before.veto_until)}; suspend the agent"
            " (POST /v1/agents/{id}/suspend) or roll it back (POST /v1/agents/{id}/rollback) instead",
            rule="veto_window_closed",
            approval_id=before.id,
        )
    return objected(before, said)


def objected(before: Approval, said: Decision) -> Approval:
    """Return what was approved with an objection to it, whenever that came."""
    if before.status is ApprovalStatus.CONSUMED and before.seed_id is None:
        return answered(before, said, vetoed_at=said.at)
    return settled(before, said, ApprovalStatus.VETOED, vetoed_at=said.at)


def effect(before: Approval) -> Effect:
    """Return what a veto of an approval comes to."""
    if before.consumed_by is None:
        return "never_sent"
    if before.reversibility == "irreversible":
        return "irreversible"
    if before.workflow_id is not None or before.seed_id is None:
        return "rolled_back"
    return "recalled" if before.type == "communication" else "cancelled"


def record_veto(
    before: Approval,
    after: Approval,
    *,
    id: str,
    run_id: str | None = None,
    step_id: str | None = None,
    attachments: Sequence[Attachment] = (),
) -> Veto:
    """Return the record of the veto that turned *before* into *after*."""
    said = after.last
    if said.category is None:
        raise ValueError(f"{after.id} was not vetoed")
    comes_to, used = effect(before), before.consumed_by
    at_once = comes_to in {"never_sent", "irreversible"}
    return Veto(
        id=id,
        tenant_id=after.tenant_id,
        created_at=said.at,
        updated_at=said.at,
        governance_agent_id=after.governance_agent_id,
        correlation_id=after.correlation_id,
        approval_id=after.id,
        run_id=run_id,
        step_id=step_id or (used.step_id if used else None),
        category=said.category,
        explanation=said.reason or "",
        attachments=tuple(attachments),
        issued_by=said.approver_id,
        decided_at=said.at,
        received_at=said.at,
        window_end=before.veto_until or before.expires_at,
        effect=comes_to,
        effect_completed_at=said.at if at_once else None,
    )


def attach(veto: Veto, attachment: Attachment, *, by: Actor) -> Veto:
    """
    Return the veto with one more document; the same one again changes nothing.

    Raises:
        Forbidden: Somebody else vetoed.
        Conflict: It has as many as it may have.
    """
    if by.id != veto.issued_by:
        raise Forbidden("only whoever vetoed adds documents to it; tell them", rule="not_governor")
    if attachment in veto.attachments:
        return veto
    if len(veto.attachments) >= MAX_ATTACHMENTS:
        raise Conflict(f"a veto has at most {MAX_ATTACHMENTS} documents", rule="attachment_limit")
    return veto.model_copy(update={"attachments": (*veto.attachments, attachment)})


def completed(veto: Veto, *, at: datetime) -> Veto:
    """Return the veto with nothing of what it hit left to undo."""
    return veto.model_copy(update={"effect_completed_at": at})


# --- ending otherwise ----------------------------------------------------------------------------


def cancel(before: Approval, *, by: Actor, at: datetime, reason: str) -> Approval:
    """
    Return the approval withdrawn, as whoever asked may do until it is decided.

    Where others asked the same, it stays open for them.

    Raises:
        Refusal: Somebody else asks, or it is decided; so it is for whoever withdraws it second.
    """
    mine = checks.asked_by(before, by)
    left = frozenset(before.withdrawn_by) | mine
    if before.cancellation is not None and before.cancellation.by == by.id:
        return before
    checks.undecided(before, at)
    if before.askers <= left:
        return withdraw(before, by=by, at=at, reason=reason)
    if mine <= {*before.withdrawn_by}:
        return before
    return before.model_copy(update={"withdrawn_by": (*before.withdrawn_by, *mine)})


def withdraw(before: Approval, *, by: Actor, at: datetime, reason: str) -> Approval:
    """Return an open approval withdrawn, as what it is about is no more; one that is decided, as it is."""
    if not before.open:
        return before
    return changed(
        before,
        status=ApprovalStatus.CANCELLED,
        cancellation=Cancellation(by=by.id, reason=reason, at=at),
    )


def expire(before: Approval, *, at: datetime, decision_version: int) -> Approval:
    """
    Return the approval expired, where its time is over and nothing moved it since that was set.

    Silence is never consent; a thing that nobody looked at stays inside, and says so.
    """
    if at < before.expires_at or not windows.holds(before, decision_version):
        return before
    if not before.open:
        return unused(before, why="not_started", at=at)
    return changed(before, status=ApprovalStatus.EXPIRED, unreviewed=before.type == "artifact")


def unused(before: Approval, *, why: Why, at: datetime) -> Approval:
    """
    Return what was approved closed as unused, with whose it was to begin it.

    What began, or was closed already, stays as it is: an approval is used up where its act begins, and there alone.
    """
    if before.status is not ApprovalStatus.APPROVED:
        return before
    lost = Unused(why=why, owner=before.owner, at=at)
    return changed(before, status=ApprovalStatus.EXPIRED, unused=lost)


def confirm(before: Approval, *, at: datetime) -> Approval:
    """Return the approval confirmed: used, and its time to object over without an objection."""
    open_to_veto = before.veto_until is None or at < before.veto_until or before.vetoed_at
    if before.status is not ApprovalStatus.CONSUMED or open_to_veto or before.confirmed_at:
        return before
    return changed(before, confirmed_at=at)


# --- what they share -----------------------------------------------------------------------------


def _check(
    before: Approval, verb: Verb, *, by: Actor, at: datetime, expected_digest: str | None
) -> checks.Authority:
    right = checks.may_decide(before, by, at, verb)
    checks.undecided(before, at)
    checks.first_vote(before, by)
    checks.fresh(before, by, at)
    checks.same_subject(before, expected_digest)
    return right
