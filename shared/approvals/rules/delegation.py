"""The rules of not answering at once: hand it on, ask others besides, or let it rest."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Literal

from shared.actors import Actor, Role
from shared.approvals.models.approvals import Approval, ApprovalStatus
from shared.approvals.models.parts import Deferral, Delegation, Escalation, Trigger
from shared.approvals.rules import cards, chains, checks, windows
from shared.approvals.rules.transitions import changed
from shared.errors import Conflict, Forbidden, Invalid, SelfApproval

MAX_DEPTH = 2
MAX_LEVEL: Literal[2] = 2
MAX_DEFERRALS = 3
SHORTEST, LONGEST = timedelta(hours=1), timedelta(days=7)
FOR_EVIDENCE = timedelta(hours=24)
"""How long a question rests for evidence that is missing, where no time is named."""


def delegate(
    before: Approval,
    *,
    by: Actor,
    at: datetime,
    to: str,
    reason: str,
    until: datetime | None = None,
) -> Approval:
    """
    Return the approval handed on to somebody for an interval; to oneself, it is taken back.

    Whoever is named answers as a deputy, unless they hold the role themselves. Those who handed it on
    may still answer, which takes it back as well.

    Raises:
        Refusal: It is not theirs to hand on, or not to this person.
    """
    right = checks.may_decide(before, by, at, "delegate")
    checks.undecided(before, at)
    running = checks.running(before, at)
    if to == by.id:
        return _taken_back(before, running, by, at)
    if right.via != "governor":
        raise Forbidden(
            "a deputy does not delegate on; answer it, or leave it", rule="deputy_limit"
        )
    if to in before.parties:
        raise SelfApproval(
            "nobody decides their own request; hand it to somebody whom it does not concern",
            approval_id=before.id,
        )
    if running and running[-1].to_id != by.id:
        raise Conflict(
            f"{running[-1].to_id} answers for it now; take it back first", rule="delegated"
        )
    if to in {person for one in running for person in (one.from_id, one.to_id)}:
        raise Conflict(
            "this person handed it on already; name somebody else, or answer it",
            rule="delegation_loop",
        )
    if len(running) >= MAX_DEPTH:
        raise Conflict("it was handed on twice already; answer it", rule="delegation_depth")
    ends = until or before.expires_at
    if ends <= at:
        raise Invalid(
            "a delegation ends later than it begins; name a later until", rule="delegation_interval"
        )
    new = Delegation(
        step_no=before.current_step, from_id=by.id, to_id=to, at=at, until=ends, reason=reason
    )
    return changed(before, delegations=(*before.delegations, new), status=ApprovalStatus.DELEGATED)


def _taken_back(
    before: Approval, running: Sequence[Delegation], by: Actor, at: datetime
) -> Approval:
    """Return the approval with whoever handed it on; what was handed on from there ends as well."""
    first = next((no for no, one in enumerate(running) if one.from_id == by.id), None)
    if first is None:
        raise Conflict("you did not hand it on, so there is nothing to take back", rule="delegated")
    ended = running[first:]
    delegations = tuple(
        one.model_copy(update={"taken_back_at": at}) if one in ended else one
        for one in before.delegations
    )
    status = ApprovalStatus.DELEGATED if first else _asked(before)
    return changed(before, delegations=delegations, status=status)


def _asked(approval: Approval) -> ApprovalStatus:
    return ApprovalStatus.ESCALATED if approval.level else ApprovalStatus.PENDING


def escalate(before: Approval, *, by: Actor, at: datetime, reason: str) -> Approval:
    """
    Return the approval with the next level asked besides, at somebody's wish.

    Raises:
        Refusal: They have nothing to do with it, or there is no further level.
    """
    concerned = by.id in before.askers or by.type == "foundational_governance_agent"
    if not concerned:
        checks.may_decide(before, by, at, "escalate")
    checks.undecided(before, at)
    if before.level >= MAX_LEVEL:
        raise Conflict(
            "everybody who may answer is asked already; wait for them", rule="escalation_limit"
        )
    return _escalated(before, before.level + 1, "manual", by=by.id, at=at, reason=reason)


def remind(
    before: Approval, *, by: Actor, at: datetime, decision_version: int, told_at: datetime | None
) -> Approval:
    """
    Return the approval with the next level asked, as the window is half over, or four fifths.

    It never moves the deadline. A mark whose clock was set anew has no effect.

    Args:
        before: The approval.

        by: The platform itself.

        at: The present.

        decision_version: The version that the mark was set for.

        told_at: Since when everybody whose turn it is has known that they are asked; None where somebody was
            not told.
    """
    late = not before.open or at >= before.expires_at
    if late or not windows.holds(before, decision_version):
        return before
    level = windows.level(before, at)
    nobody = level == MAX_LEVEL and windows.unavailable(before, told_at, at)
    if before.level >= level and not (nobody and _stand_in(before)):
        return before
    trigger: Trigger = "80" if level == MAX_LEVEL else "50"
    return _escalated(before, level, trigger, by=by.id, at=at, nobody=nobody)


def stands_in(approval: Approval, at: datetime) -> bool:
    """Whether the mark that is over by a time asks the Vision Guardian, if nobody was available."""
    return windows.level(approval, at) == MAX_LEVEL and _stand_in(approval)


def _stand_in(approval: Approval) -> bool:
    """Whether the Vision Guardian is still to be asked."""
    asked = {one.trigger for one in approval.escalations if one.step_no == approval.current_step}
    return Role.VISION_GUARDIAN in chains.added(approval, MAX_LEVEL) and "80" not in asked


def _escalated(
    before: Approval,
    level: int,
    trigger: Trigger,
    *,
    by: str,
    at: datetime,
    reason: str | None = None,
    nobody: bool = False,
) -> Approval:
    """Ask the levels that were not asked yet; the Vision Guardian only where *nobody* was available."""
    first = min(before.level + 1, level)
    added = [role for n in range(first, level + 1) for role in chains.added(before, n)]
    to = [role for role in added if nobody or role is not Role.VISION_GUARDIAN]
    new = Escalation(
        step_no=before.current_step,
        level=MAX_LEVEL if level == MAX_LEVEL else 1,
        to=tuple(dict.fromkeys(to)),
        at=at,
        trigger=trigger,
        by=by,
        reason=reason,
        answer_due_at=min(before.expires_at, at + windows.ANSWER_WITHIN),
    )
    return changed(before, escalations=(*before.escalations, new), status=ApprovalStatus.ESCALATED)


def defer(
    before: Approval,
    *,
    by: Actor,
    at: datetime,
    until: datetime | None,
    missing_evidence: Sequence[str] = (),
) -> Approval:
    """
    Return the approval at rest until a time, after which its whole window begins anew.

    Raises:
        Refusal: Who asks may not decide, the time is no use, or it rested often enough.
    """
    checks.may_decide(before, by, at, "defer")
    checks.undecided(before, at)
    if before.defer_count >= MAX_DEFERRALS:
        raise Conflict("it was deferred three times; decide it", rule="defer_limit")
    if until is None and not missing_evidence:
        raise Invalid("say until, or what is missing in missing_evidence", rule="defer_until")
    rests = until or at + FOR_EVIDENCE
    if not SHORTEST <= rests - at <= LONGEST:
        raise Invalid("until lies from one hour to seven days ahead", rule="defer_until")
    new = Deferral(approver_id=by.id, at=at, until=rests, missing_evidence=tuple(missing_evidence))
    changes: dict[str, Any] = {
        "deferrals": (*before.deferrals, new),
        "deferred_until": rests,
        "defer_count": before.defer_count + 1,
        "window_from": rests,
        "expires_at": rests + timedelta(minutes=before.window_min),
    }
    return cards.bound(changed(before, **changes))
