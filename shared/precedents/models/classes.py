"""
Which classes of acts a rule may ever answer, by what kind of act each is and how far it can be undone.

A class that is not written here is one that nobody has judged, and people decide it. Words are no ground: a
payout is refused to a rule as it is not declared, and not because of how it is called.
"""

from collections.abc import Iterator, Mapping
from typing import Literal

from shared.approvals.models.questions import ApprovalType, Question
from shared.records import dataclass
from shared.texts import bare

Reversibility = Literal["reversible", "delayed", "irreversible"]

HARDER: tuple[Reversibility, ...] = ("reversible", "delayed", "irreversible")
"""How far an act can be undone, the easiest first."""


@dataclass(frozen=True)
class OperationClass:
    """What is known of every act of a class, whatever a request says of itself."""

    types: tuple[ApprovalType, ...]
    """As what it is asked."""

    reversibility: Reversibility
    """How far it can be undone at best."""

    never: str = ""
    """Why no rule answers it; empty where one may."""

    counted: tuple[str, ...] = ()
    """The numbers that every request of the class must state."""


def _never(why: str, kind: ApprovalType, *verbs: str) -> dict[str, OperationClass]:
    return dict.fromkeys(verbs, OperationClass((kind,), "irreversible", why))


CLASSES: Mapping[str, OperationClass] = {
    "agent.deploy": OperationClass(("execution",), "reversible"),
    "publish": OperationClass(("communication",), "reversible"),
    "publish_content": OperationClass(("communication",), "reversible"),
    "post": OperationClass(("communication",), "reversible"),
    "send": OperationClass(("communication",), "irreversible", counted=("recipients",)),
    "team.internal.assign": OperationClass(("artifact", "execution"), "reversible"),
    "team.internal.review": OperationClass(("artifact", "execution"), "reversible"),
    "team.internal.track": OperationClass(("artifact", "execution"), "reversible"),
    **_never("it moves money", "financial", "pay", "refund", "trade", "place_order"),
    **_never("it moves money", "financial", "close_position", "budget.raise", "discount.grant"),
    **_never("what it removes is gone", "constitutional", "delete", "agent.delete", "bulk"),
    **_never(
        "it gives a second chance", "execution", "agent.reactivate", "agent.resume", "agent.return"
    ),
    **_never("it settles a concern", "execution", "agent.revise", "agent.rollback"),
    **_never("it changes who may do what", "execution", "user.grant_role", "secrets.read"),
    **_never("it changes what guards the rest", "execution", "policy.activate", "route.switch"),
    **_never("it decides what may be used", "execution", "genesis.certify", "system.configure"),
}
"""Every class of acts that was judged, by its verb: types and reversibility as policy has them."""

_COUNTS = {"records": "records", "recordcount": "records"} | {
    "recipients": "recipients",
    "recipientcount": "recipients",
}
_REACHED = frozenset({"to", "cc", "bcc", "recipient", "recipients", "audience"})
_AMOUNTS = frozenset({"amount", "amountminor", "minor"})


def never(verb: str) -> str:
    """Return why no rule answers acts of a class; empty where one may."""
    known = CLASSES.get(verb)
    return known.never if known else "nobody has judged acts of this class"


def reversibility(question: Question) -> Reversibility:
    """Return how far what is asked for can be undone: as its class says, or worse where the request says so."""
    known = CLASSES.get(question.deed)
    at_best = known.reversibility if known else "irreversible"
    return max(at_best, question.reversibility, key=HARDER.index)


def counts(question: Question) -> Mapping[str, tuple[object, ...]]:
    """
    Return every number of records and recipients that a question states, in its act and in its facts.

    Whom an act names by address is counted as well.
    """
    found: dict[str, tuple[object, ...]] = {}
    for kind, number in _stated(question):
        found[kind] = (*found.get(kind, ()), number)
    return found


def amounts(question: Question) -> tuple[object, ...]:
    """Return every amount that a question states, in its act and in its facts."""
    stated = (*question.subject.items(), *question.evidence_facts.items())
    return tuple(said for member, said in stated if bare(member) in _AMOUNTS)


def _stated(question: Question) -> Iterator[tuple[str, object]]:
    reached = 0
    for member, said in (*question.subject.items(), *question.evidence_facts.items()):
        kind = _COUNTS.get(bare(member))
        if isinstance(said, str) and bare(member) in _REACHED:
            reached += len(said.replace(";", " ").replace(",", " ").split())
        elif kind is not None:
            yield kind, said
    if reached:
        yield "recipients", reached
