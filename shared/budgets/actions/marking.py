"""Thresholds of budgets, as they are announced: each once in a window, in the commit that reaches it."""

from datetime import datetime

from shared.budgets.events.budgets import ThresholdCrossed
from shared.budgets.models.budgets import Budget
from shared.budgets.rules import limits
from shared.budgets.rules.limits import Taken
from shared.reservations import Changed, Kept
from shared.store import Transaction


def crossed(txn: Transaction, budget: Budget, came: Changed | Kept, *, at: datetime) -> Budget:
    """Announce the thresholds that were passed, each in an event of its own, and return the budget after that."""
    actions = dict(limits.MARKS[budget.scope_kind])
    for measure, limit in limits.limits(budget, at=at).items():
        for percent in came.passed.get(limit.id, ()):
            taken = Taken(measure, limit.amount, spent=came.taken[limit.id])
            told = ThresholdCrossed(
                mark=percent,
                kind="notification" if actions[percent] == "notify" else "enforcement",
                measure=measure,
                spent_bp=taken.bp,
                limit=limit.amount,
                window=limit.window.name,
            )
            budget = txn.save(limits.fired(budget, measure, percent, at=at), told)
    return budget
