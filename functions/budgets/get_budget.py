from shared.actors import Scope
from shared.budgets.actions import looking
from shared.budgets.models.budgets import SeenBudget
from shared.entity import BudgetScope
from shared.operation import Call, operation


@operation("GET", "/v1/budgets/{scope}", scopes={Scope.BUDGETS_READ}, audited=False)
def get_budget(call: Call, scope: BudgetScope) -> SeenBudget:
    """
    Return a budget: its limits, what is spent and held of them in this window, and what that means.

    One that nobody set has the limits that are usual for its scope.
    """
    with call.transaction() as txn:
        return looking.seen(txn, scope, at=call.now)
