"""Which facts a decision rests on, and who looks them up: each area its own, in the transaction of the act."""

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

from shared.deciding import Question
from shared.store import Transaction

FactsOf = Callable[[Transaction, Question], Mapping[str, Any]]
"""Looks up what is so, in the transaction of the act: what it says is named in `FACTS`."""

LOOKED_UP: Mapping[str, tuple[str, ...]] = {
    "agents": ("agents",),
    "execution": ("agents", "approvals", "budgets", "policy"),
    "integration": ("agents", "approvals", "budgets", "platform", "policy"),
    "prompt": ("agents", "approvals", "budgets", "policy"),
    "step": ("agents", "approvals", "budgets", "platform", "policy"),
    "task": ("agents", "approvals", "budgets", "policy"),
}
"""
Whose facts are asked for, by the family of the act; those of approvals also where one is presented.

What an area knows is in ``shared/<area>/actions/facts.py``: ``facts(txn, question)`` returns it by the parts that
`FACTS` of `shared/deciding.py` names. What it reads is compared where the act writes it; what the act only rests on, it
holds.
"""

OF_THE_PLATFORM = frozenset({"agents", "platform"})
"""Whose facts are the platform's own, whichever customer something is done for."""


def facts(
    txn: Transaction, question: Question, *, frozen: bool, platform: Transaction | None = None
) -> dict[str, Any]:
    """
    Return everything that is known about what is asked.

    Args:
        txn: The transaction of the act.

        question: What is asked.

        frozen: Whether nothing may change now.

        platform: Where the platform's own is read, where the act is in a customer's tenant.

    Raises:
        TypeError: Two areas know different things of the same.
    """
    found: dict[str, Any] = {"context": {"freeze": frozen}}
    presented = ("approvals",) if question.approval_id else ()
    for area in dict.fromkeys((*LOOKED_UP.get(question.family, ()), *presented)):
        where = platform if platform and area in OF_THE_PLATFORM else txn
        for part, known in _of(area)(where, question).items():
            before = found.get(part)
            if before is None:
                found[part] = known
            elif known is not None and before.keys().isdisjoint(known):
                found[part] = {**before, **known}
            elif known is not None:
                raise TypeError(f"{area} says of {part} what was said already")
    return found


def _of(area: str) -> FactsOf:
    looked_up: FactsOf = import_module(f"shared.{area}.actions.facts").facts
    return looked_up
