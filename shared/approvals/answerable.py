"""
Whether somebody can answer a question, before it is asked (ruling 83).

What is known is the roster: who signed in, with which roles. Each scope has one Governor, who counts as one
person where none was seen yet, and foundational agents always exist. Where nobody signed in yet at all, nothing
is judged by it.
"""

from dataclasses import dataclass

from shared.approvals import chains
from shared.approvals.models import Approval
from shared.approvals.parts import Step
from shared.errors import Invalid, Violation
from shared.identities import members
from shared.identities.members import AGENTS, Member
from shared.identity import PLATFORM, Role
from shared.operation import Call
from shared.store import Transaction

WHY = "the platform's people answer, or ask, in every tenant"
UNDER_WAY = "whoever signs in meanwhile can answer a moment later"
KEEPERS = frozenset({Role.GOVERNOR, Role.CUSTOMER_ADMIN})


@dataclass(frozen=True)
class People:
    """Who decides: the platform's people, and the tenant's own."""

    platform: tuple[Member, ...] = ()
    own: tuple[Member, ...] = ()
    agents: bool = True
    """Whether the foundational agents count beside them."""

    def holding(self, role: Role) -> frozenset[str]:
        """Return who holds a role where it is asked for."""
        if role in AGENTS:
            return frozenset({role.value} if self.agents else ())
        there = self.own if role is Role.CUSTOMER_ADMIN else self.platform
        known = frozenset(one.id for one in there if role in one.roles)
        return known or frozenset({f"the {role}"} if role in KEEPERS else ())

    def named(self, id: str) -> frozenset[str]:
        """Return a person, if they exist and may decide."""
        known = {one.id for one in (*self.platform, *self.own)} | {role.value for role in AGENTS}
        return frozenset({id}) & known

    def seated(self, id: str, approval: Approval) -> frozenset[str]:
        """Return a person, if they exist and hold a role that may have a seat in the chain of a question."""
        return frozenset({id}) & frozenset[str]().union(*map(self.holding, chains.asked(approval)))


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
        deciding = _deciding(platform)
        if not deciding and _nobody(platform):
            return
        # Whoever made the agent existed before the roster was kept.
        if asker not in {call.actor.id, *new.concerned} and not _exists(platform, txn, asker):
            raise Invalid(
                f"nobody called {asker} has signed in here; name who it is asked for",
                violations=[_missing("on_behalf_of", f"{asker} is not known")],
            )
        if joins:
            return
        people = People(deciding, _deciding(txn) if call.tenant != PLATFORM else ())
    lacking = unanswerable(new, people)
    if lacking:
        raise Invalid(
            f"nobody could answer this: {'; '.join(lacking)}",
            violations=[_missing("chain", one, "nobody_can_answer") for one in lacking],
        )


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
        people = People(own=deciding) if own else People(platform=deciding)
    if not people.named(to):
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
    people = People(
        (*deciding, asking) if ours else deciding, own if ours else (*own, asking), agents=False
    )
    return bool(unanswerable(question, people))


def unanswerable(approval: Approval, people: People) -> list[str]:
    """
    Return for each step that lacks somebody who it is.

    Nobody has two votes, so every vote needs a person of its own.
    """
    cannot = approval.parties | approval.askers
    places = [
        (step, {one for one in could if one not in cannot})
        for step in approval.steps
        for could in _votes(approval, step, people)
    ]
    taken: dict[str, int] = {}
    lacking = [step for no, (step, _) in enumerate(places) if not _seated(no, places, taken, set())]
    return list(
        dict.fromkeys(
            f"step {step.step_no} asks {', '.join(step.seats)}"
            f"{f' for {step.quorum} votes' if step.quorum else ''}, and there is nobody else"
            for step in lacking
        )
    )


def _votes(approval: Approval, step: Step, people: People) -> list[frozenset[str]]:
    """Return, for each vote that a step needs, who could give it."""
    there = approval.model_copy(update={"current_step": step.step_no})
    besides = frozenset[str]().union(
        *(people.holding(role) for level in (1, 2) for role in chains.added(there, level))
    )
    seats = [people.holding(role) for role in step.roles] + [
        people.seated(one, approval) for one in step.principals
    ]
    if step.mode == "all":
        return [seat | besides for seat in seats]
    anybody = besides.union(*seats)
    return [anybody] * (step.quorum or 1 if step.mode == "quorum" else 1)


def _seated(
    no: int, places: list[tuple[Step, set[str]]], taken: dict[str, int], tried: set[str]
) -> bool:
    """Find somebody for a vote, asking who has another to take over where that helps."""
    for one in sorted(places[no][1] - tried):
        tried.add(one)
        if one not in taken or _seated(taken[one], places, taken, tried):
            taken[one] = no
            return True
    return False


def _exists(platform: Transaction, txn: Transaction, id: str) -> bool:
    known = (one.peek(Member, id) for one in (txn, platform))
    return id in {role.value for role in AGENTS} or any(known)


def _nobody(txn: Transaction) -> bool:
    return txn.loosely(UNDER_WAY).first(Member) is None


def _deciding(txn: Transaction) -> tuple[Member, ...]:
    return txn.loosely(UNDER_WAY).all(Member, decides=True)


def _missing(field: str, message: str, rule: str = "unknown_principal") -> Violation:
    return Violation(rule=rule, message=message, field=field)
