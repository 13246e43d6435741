"""Thresholds of budgets, as they are announced: each once in a window, in the commit that reaches it."""

from datetime import datetime

from shared.budgets.events.budgets import BudgetOverspent, ThresholdCrossed
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
            there = came.where[limit.id]
            taken = Taken(measure, there.limit, spent=came.taken[limit.id])
            told = ThresholdCrossed(
                mark=percent,
                kind="notification" if actions[percent] == "notify" else "enforcement",
                measure=measure,
                spent_bp=taken.bp,
                limit=there.limit,
                window=there.window,
            )
            fired = limits.fired(budget, measure, percent, window=there.window, at=at)
            budget = txn.save(fired, told)
    return budget


def overrun(txn: Transaction, budget: Budget, came: Kept, *, at: datetime) -> None:
    """Announce what was spent beyond a budget, in the commit that settles it."""
    beyond = {} if came.again else came.reservation.beyond
    for measure, limit in limits.limits(budget, at=at).items():
        if amount := beyond.get(limit.id):
            there = came.where[limit.id]
            told = BudgetOverspent(
                reservation_id=came.reservation.id,
                measure=measure,
                beyond=amount,
                limit=there.limit,
                window=there.window,
            )
            budget = txn.save(budget, told)
