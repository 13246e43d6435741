"""Who could answer a question, of those who are known (ruling 83)."""

from shared.actors import Role
from shared.approvals.models.approvals import Approval
from shared.approvals.models.parts import Step
from shared.approvals.rules import chains
from shared.identity.models import Member
from shared.identity.rules.members import AGENTS, KEEPERS
from shared.records import dataclass


@dataclass(frozen=True)
class People:
    """Who decides: the platform's people, and the tenant's own."""

    platform: tuple[Member, ...] = ()
    own: tuple[Member, ...] = ()
    agents: bool = True
    """Whether the foundational agents count beside them."""
    vacant: frozenset[Role] = frozenset()
    """The Governors' roles that were taken from who held them."""

    def holding(self, role: Role) -> frozenset[str]:
        """Return who holds a role where it is asked for."""
        if role in AGENTS:
            return frozenset({role.value} if self.agents else ())
        return self.seen(role) or frozenset(
            {f"the {role}"} if role in KEEPERS - self.vacant else ()
        )

    def seen(self, role: Role) -> frozenset[str]:
        """Return who was seen to hold a role."""
        there = self.own if role is Role.CUSTOMER_ADMIN else self.platform
        return frozenset(one.id for one in there if role in one.roles)

    def named(self, id: str) -> frozenset[str]:
        """Return a person, if they exist and may decide."""
        known = {one.id for one in (*self.platform, *self.own)} | {role.value for role in AGENTS}
        return frozenset({id}) & known

    def seated(self, id: str, approval: Approval) -> frozenset[str]:
        """Return a person, if they exist and hold a role that may have a seat in the chain of a question."""
        return frozenset({id}) & frozenset[str]().union(*map(self.holding, chains.asked(approval)))


def unanswerable(approval: Approval, people: People, cannot: frozenset[str]) -> list[str]:
    """
    Return for each step that is due and lacks somebody who it is.

    Nobody has two votes, so every vote needs a person of its own, who has given none.
    """
    cannot |= {said.approver_id for said in approval.decisions}
    places = [
        (step, {one for one in could if one not in cannot})
        for step in approval.steps[approval.current_step - 1 :]
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
    """Return, for each vote that a step still needs, who could give it."""
    there = approval.model_copy(update={"current_step": step.step_no})
    besides = frozenset[str]().union(
        *(people.holding(role) for level in (1, 2) for role in chains.added(there, level))
    )
    handed = (one for one in approval.delegations if one.taken_back_at is None)
    besides |= {one.to_id for one in handed if one.step_no == step.step_no}
    taken = step.taken(approval.decisions).values()
    seats = [(str(role), people.holding(role)) for role in step.roles]
    seats += [(one, people.seated(one, approval)) for one in step.principals]
    if step.mode == "all":
        return [could | besides for seat, could in seats if seat not in taken]
    anybody = besides.union(*(could for _, could in seats))
    return [anybody] * ((step.quorum or 1 if step.mode == "quorum" else 1) - len(taken))


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
