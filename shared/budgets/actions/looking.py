"""What budgets say, and how far they are taken."""

from datetime import datetime

from shared.budgets.models.budgets import Budget, SeenBudget
from shared.budgets.models.mandates import Mandate, SeenMandate
from shared.budgets.rules import limits, mandates
from shared.budgets.rules.limits import Taken
from shared.reservations import use
from shared.store import Transaction


def budget(txn: Transaction, scope: str, *, at: datetime) -> Budget:
    """Return the budget of a scope: as somebody set it, or as is usual."""
    return txn.get_or_none(Budget, scope) or limits.usual(scope, at=at)


def taken(txn: Transaction, budget: Budget, *, at: datetime) -> tuple[Taken, ...]:
    """Return what was taken of a budget in its window; it takes a query for each of its limits."""
    found = {measure: use(txn, limit) for measure, limit in limits.limits(budget, at=at).items()}
    return tuple(
        Taken(measure, used.limit, spent=used.spent, reserved=used.reserved)
        for measure, used in found.items()
    )


def seen(txn: Transaction, scope: str, *, at: datetime) -> SeenBudget:
    """Return a budget as it is shown."""
    found = budget(txn, scope, at=at)
    return limits.seen(found, taken(txn, found, at=at), at=at)


def mandate(txn: Transaction, id: str) -> SeenMandate:
    """Return a consent to pay as it is shown."""
    found = txn.get(Mandate, id)
    minor, times = (use(txn, limit) for limit in mandates.limits(found))
    return mandates.seen(
        found, minor=(minor.spent, minor.reserved), times=(times.spent, times.reserved)
    )
