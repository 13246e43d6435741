from shared.actors import Scope
from shared.budgets.actions import looking
from shared.budgets.models.mandates import SeenMandate
from shared.entity import Id
from shared.operation import Call, operation


@operation("GET", "/v1/mandates/{mandate_id}", scopes={Scope.BUDGETS_READ}, audited=False)
def get_mandate(call: Call, mandate_id: Id) -> SeenMandate:
    """Return a consent to pay, with what was paid under it and what is under way."""
    with call.transaction() as txn:
        return looking.mandate(txn, mandate_id)
