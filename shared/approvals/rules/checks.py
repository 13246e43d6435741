"""The conditions of deciding: the right person, freshly signed in, in time, about what they saw."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from shared.actors import PLATFORM, Actor, Role
from shared.approvals.models.approvals import Approval, ApprovalStatus
from shared.approvals.models.parts import Delegation, Verb, Via
from shared.approvals.rules import chains
from shared.entity import written
from shared.errors import (
    AlreadyDecided,
    ApprovalMismatch,
    Expired,
    Forbidden,
    Unauthenticated,
)
from shared.impartial import impartial
from shared.records import dataclass

FRESH = timedelta(minutes=5)
"""How recent a person's sign-in must be for what is high-risk."""

OVERRIDING = frozenset({"approve", "defer"})
"""What the Vision Guardian may do where nobody else answers."""


@dataclass(frozen=True)
class Authority:
    """In whose place somebody answers, and by which right."""

    seat: str
    via: Via = "governor"


def may_decide(
    approval: Approval, by: Actor, at: datetime, verb: Verb | str = "approve"
) -> Authority:
    """
    Return by which right somebody answers.

    Raises:
        Forbidden: They are not asked, or the question is not one for a deputy.
        SelfApproval: It is their own: they asked, made it, or it is about them.
    """
    found = _authority(approval, by, at)
    if found is None:
        raise _stranger(approval)
    impartial(by, *approval.parties, approval_id=approval.id)
    if found.via == "deputy" and not chains.for_substitutes(approval):
        raise Forbidden(
            "this is for the Governor alone, not for a deputy; leave it to them",
            rule="deputy_limit",
        )
    if found.via == "vision_guardian_override" and not (
        verb in OVERRIDING and chains.urgent_and_safe(approval)
    ):
        raise Forbidden(
            "the Vision Guardian approves only what is urgent and safe, and otherwise defers",
            rule="deputy_limit",
        )
    return found


def may_veto(approval: Approval, by: Actor, at: datetime) -> None:
    """
    Make sure that somebody is the Governor of an approval's scope, who alone vetoes, also what is their own.

    Raises:
        Forbidden: They are not, not even as a deputy.
    """
    if not _holds(by, approval.governor, approval):
        found = _authority(approval, by, at) if approval.open else None
        if found is not None and found.via != "governor":
            raise Forbidden("a deputy does not veto; tell the Governor", rule="deputy_limit")
        raise _stranger(approval)


def _authority(approval: Approval, by: Actor, at: datetime) -> Authority | None:
    """Find by which right somebody answers the step that is due: their own, or somebody else's."""
    if Role.SERVICE in by.roles:
        return None
    step, taken = approval.step, approval.step.taken(approval.decisions).values()
    own = [str(role) for role in step.roles if _holds(by, role, approval)]
    may_sit = any(_holds(by, role, approval) for role in chains.asked(approval))
    if may_sit and by.id in step.principals:
        own.append(by.id)
    if own:
        return Authority(_free(own, taken))
    place = _free(step.seats, taken)
    if any(d.to_id == by.id for d in running(approval, at)) and _inside(by, approval):
        return Authority(place, "deputy")
    return _added(approval, by, place)


def _added(approval: Approval, by: Actor, place: str) -> Authority | None:
    """
    Find by which right somebody answers whom an escalation asked: somebody else's, never their own.

    The Vision Guardian is asked by the platform alone, when it saw that nobody was available. Whoever the table
    does not name answers nothing, however they came to be asked.
    """
    asked = {
        role
        for one in approval.escalations
        if one.step_no == approval.current_step and one.by not in by.hands
        for role in one.to
        if role is not Role.VISION_GUARDIAN or one.trigger == "80"
    }.intersection(chains.reached(approval, approval.step, 2))
    held = {role for role in asked if _holds(by, role, approval)}
    if not held:
        return None
    if Role.GOVERNOR in held:
        return Authority(place)
    if Role.DEPUTY_GOVERNOR in held or Role.VISION_GUARDIAN not in held:
        return Authority(place, "deputy")
    return Authority(place, "vision_guardian_override")


def running(approval: Approval, at: datetime) -> list[Delegation]:
    """Return who answers for whom at the present step, in the order it was handed on."""
    return [
        one for one in approval.delegations if one.step_no == approval.current_step and one.runs(at)
    ]


def _free(seats: Iterable[str], taken: Iterable[str]) -> str:
    seats = list(seats)
    return next((seat for seat in seats if seat not in taken), seats[0])


def _holds(by: Actor, role: Role, approval: Approval) -> bool:
    own = approval.tenant_id if role is Role.CUSTOMER_ADMIN else PLATFORM
    return role in by.roles and by.tenant == own


def _inside(by: Actor, approval: Approval) -> bool:
    own = PLATFORM if approval.governor_scope == "platform" else approval.tenant_id
    return by.tenant == own


def _stranger(approval: Approval) -> Forbidden:
    asked = ", ".join(approval.step.seats)
    return Forbidden(f"only the {asked} of this approval's scope decides it", rule="not_governor")


def asked_by(approval: Approval, by: Actor) -> frozenset[str]:
    """
    Return whose asking of a question somebody may withdraw or add to: their own, or what they put for others.

    Raises:
        Forbidden: It is somebody else's.
    """
    if by.id in approval.askers:
        return frozenset({by.id})
    if by.id == approval.asked_through:
        return frozenset({approval.requested_by})
    raise Forbidden("this is for whoever asked for the approval; ask them", rule="not_requester")


def undecided(approval: Approval, at: datetime) -> None:
    """Refuse where another decision was first, or the time is over, timer or no timer."""
    if not approval.open:
        raise decided(approval)
    if at >= approval.expires_at:
        raise Expired(
            f"the time to decide was over at {written(approval.expires_at)}; it must be asked again",
            approval_id=approval.id,
        )


def decided(approval: Approval) -> AlreadyDecided | Expired:
    """Say what was first."""
    if approval.status is ApprovalStatus.EXPIRED:
        return Expired("this approval expired; it must be asked again", approval_id=approval.id)
    verb, at, who = approval.status.value, approval.decided_at, approval.seed_id
    if approval.cancellation is not None:
        verb, at, who = "cancel", approval.cancellation.at, approval.cancellation.by
    elif approval.decisions:
        verb, at, who = approval.last.verb, approval.last.at, approval.last.approver_id
    words = f"this was decided already: {approval.status}; what it says is at GET /v1/approvals/{approval.id}"
    return _first(approval, words, verb, who, at)


def _first(
    approval: Approval, words: str, verb: str, who: str | None, at: datetime | None
) -> AlreadyDecided:
    """Name the verdict that was first, whose it was, and when."""
    return AlreadyDecided(
        words,
        approval_id=approval.id,
        decided=verb,
        decided_by=who or str(approval.governor),
        decided_at=written(at or approval.updated_at),
    )


def first_vote(approval: Approval, by: Actor) -> None:
    """Refuse a second vote of one person, who may hold the roles of two steps."""
    for earlier in approval.decisions:
        if earlier.approver_id == by.id:
            words = "you answered this already; somebody else must answer the next step"
            raise _first(approval, words, earlier.verb, by.id, earlier.at)


def fresh(approval: Approval, by: Actor, at: datetime) -> None:
    """Ask a person for a recent sign-in where much is at stake; a foundational agent has none."""
    high = approval.risk in {"high", "critical"} or approval.type in {"financial", "constitutional"}
    effect = approval.governor_scope == "engagement" and approval.type == "execution"
    if not high and not effect:
        return
    if by.auth_time is None and by.type == "foundational_governance_agent":
        return
    if by.auth_time is None or at - by.auth_time > FRESH:
        raise Unauthenticated(
            "this decision is high-risk; sign in again before you take it",
            rule="step_up_required",
            max_age_s=int(FRESH.total_seconds()),
        )


def same_subject(approval: Approval, action_digest: str | None) -> None:
    """Refuse what is about something else; who names no digest decides on whatever is there."""
    if action_digest not in {None, approval.action_digest}:
        raise ApprovalMismatch(
            "this is not what was put to the approver; read the approval again",
            rule="stale_subject",
            approval_id=approval.id,
        )


def same_card(approval: Approval, card_hash: str | None) -> None:
    """Refuse a yes to another card than the present one; where evidence was added, one must be named."""
    if card_hash != approval.card_hash and (card_hash or approval.evidence_added):
        raise ApprovalMismatch(
            "evidence was added to this; read it again, and name its card_hash in expected_card",
            rule="stale_subject",
            approval_id=approval.id,
        )
