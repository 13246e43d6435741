"""What policies are told of budgets: how far those are used that an act would be taken from."""

from collections.abc import Mapping
from typing import Any

from shared.actors import PLATFORM
from shared.budgets.actions import looking
from shared.budgets.models.blocks import Block
from shared.budgets.models.budgets import Budget
from shared.budgets.rules import blocks, limits, spending
from shared.budgets.rules.spending import Spend
from shared.deciding import Question
from shared.entity import written
from shared.errors import Invalid
from shared.shares import LIFE
from shared.store import Transaction

TOLD = frozenset({"agent", "platform"})
"""Of which scopes it is told by itself how much is used, in basis points."""


def facts(txn: Transaction, question: Question) -> Mapping[str, Any]:
    """
    Return the level of the scarcest budget, how much of it is used, and when all of it is there again.

    Whose budgets they are is taken from the arguments that the act declares (`agent_id`, `trial_id`, `project_id`),
    from the address, and from the tenant; how much is used, from the store and from nobody's word.
    """
    said = {name: _own(question, f"{name}_id") for name in ("agent", "trial", "project")}
    spend = Spend(
        agent_id=said["agent"] or "",
        trial_id=said["trial"],
        project_id=said["project"],
        micro_usd=0,
    )
    names, at = spending.scopes(spend, tenant=question.tenant), question.now
    found = txn.get_all(Budget, names)
    budgets = [found.get(name) or limits.usual(name, at=at) for name in names]
    taken = {one.id: looking.taken(txn, one, at=at) for one in budgets}
    levels = {one.id: spending.level_of(one, taken[one.id], at=at) for one in budgets}
    used = {id: max((one.bp for one in some), default=0) for id, some in taken.items()}
    worst = max(budgets, key=lambda one: (limits.LEVELS.index(levels[one.id]), used[one.id]))
    window = limits.window_at(worst.window, at)
    context: dict[str, Any] = {"budget_level": levels[worst.id], "budget_spent_bp": used[worst.id]}
    for id, bp in used.items():
        if (kind := id.partition(":")[0]) in TOLD:
            context[f"{kind}_spent_bp"] = bp
    if window != LIFE:
        context["budget_reset_at"] = written(window.ends)
    if question.tenant != PLATFORM:
        block = txn.get_or_none(Block, blocks.none(question.tenant, at=at).id)
        if block and block.refused_until and at < block.refused_until:
            context |= {"budget_level": "blocked", "budget_reset_at": written(block.refused_until)}
    return {"context": context}


def _own(question: Question, name: str) -> str | None:
    """Return what the act says that it is about, if that is of its tenant: nobody spends for another."""
    said = question.args.get(name) or question.path.get(name)
    try:
        return limits.own_id(question.tenant, said) if isinstance(said, str) else None
    except Invalid:
        return None
