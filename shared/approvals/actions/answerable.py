"""
Whether somebody can answer a question, before it is asked (ruling 83).

What is known is the roster: who signed in, with which roles. Each scope has one Governor, who counts as one
person where none was seen yet, but as nobody where the role was taken from who held it; foundational agents
always exist. Where nobody signed in yet at all, nothing is judged by it.
"""

from dataclasses import replace

from shared.actors import PLATFORM, Role
from shared.approvals.models.approvals import Approval
from shared.approvals.rules.people import People, unanswerable
from shared.errors import Invalid, Violation
from shared.identity.models import Member, Vacancy
from shared.identity.rules import members
from shared.identity.rules.members import AGENTS
from shared.operation import Call
from shared.store import Transaction

WHY = "the platform's people answer, or ask, in every tenant"
UNDER_WAY = "whoever signs in meanwhile can answer a moment later"


def check(call: Call, txn: Transaction, new: Approval, *, joins: bool = False) -> None:
    """
    Make sure that a question comes from somebody, and that enough different people can answer it.

    One that joins another is answered by those whom that one asks. Who is said to ask is not counted on here,
    and may answer all the same: it is only their service's word.

    Raises:
        Invalid: It names somebody who does not exist, or nobody could answer one of its steps.
    """
    asker = new.requested_by
    with call.platform(WHY) as platform:
        known = people(platform, txn if call.tenant != PLATFORM else None)
        if known is None:
            return
        # Whoever made the agent existed before the roster was kept.
        if asker not in {call.actor.id, *new.concerned} and not _exists(platform, txn, asker):
            raise Invalid(
                f"nobody called {asker} has signed in here; name who it is asked for",
                violations=[_missing("on_behalf_of", f"{asker} is not known")],
            )
    lacking = [] if joins else unanswerable(new, known, new.parties | new.askers)
    if lacking:
        raise Invalid(
            f"nobody could answer this: {'; '.join(lacking)}",
            violations=[_missing("chain", one, "nobody_can_answer") for one in lacking],
        )


def people(platform: Transaction, own: Transaction | None) -> People | None:
    """Return who decides in a tenant, as the roster knows it; None where nobody signed in yet at all."""
    deciding = _deciding(platform)
    if not deciding and _nobody(platform):
        return None
    known = People(deciding, _deciding(own) if own else ())
    places = ((Role.GOVERNOR, platform), (Role.CUSTOMER_ADMIN, own))
    unseen = [(role, there) for role, there in places if there and not known.seen(role)]
    vacant = frozenset(role for role, there in unseen if there.get_or_none(Vacancy, role.value))
    return replace(known, vacant=vacant)


def may_stand_in(call: Call, txn: Transaction, approval: Approval, to: str) -> None:
    """
    Make sure that whoever a question is handed to exists, and may decide where it is asked.

    Raises:
        Invalid: They do not, as far as the roster knows.
    """
    own = approval.governor_scope == "engagement" and call.tenant != PLATFORM
    with call.platform(WHY) as platform:
        there = txn if own else platform
        deciding = _deciding(there)
        if not deciding and _nobody(there):
            return
        known = People(own=deciding) if own else People(platform=deciding)
    if not known.named(to):
        raise Invalid(
            f"{to} cannot answer this: nobody of that name who may decide has signed in",
            violations=[_missing("to", f"{to} is not known to decide here")],
        )


def alone(call: Call, txn: Transaction, question: Approval) -> bool:
    """Say whether whoever asks is the only person who could answer a question, as far as the roster knows."""
    asking = members.member(call.actor.id, call.actor.roles, call.now)
    with call.platform(WHY) as platform:
        deciding = _deciding(platform)
        if not deciding and _nobody(platform):
            return False
        own = _deciding(txn) if call.tenant != PLATFORM else ()
    ours = call.actor.tenant == PLATFORM
    known = People(
        (*deciding, asking) if ours else deciding, own if ours else (*own, asking), agents=False
    )
    return bool(unanswerable(question, known, question.parties | question.askers))


def _exists(platform: Transaction, txn: Transaction, id: str) -> bool:
    known = (one.get_or_none(Member, id) for one in (txn, platform))
    return id in {role.value for role in AGENTS} or any(known)


def _nobody(txn: Transaction) -> bool:
    return txn.loosely(UNDER_WAY).first(Member) is None


def _deciding(txn: Transaction) -> tuple[Member, ...]:
    return txn.loosely(UNDER_WAY).all(Member, decides=True)


def _missing(field: str, message: str, rule: str = "unknown_principal") -> Violation:
    return Violation(rule=rule, message=message, field=field)
