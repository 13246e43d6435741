from shared.actors import Scope
from shared.answers import Created
from shared.budgets.models.mandates import Mandate, NewMandate
from shared.budgets.rules import mandates
from shared.operation import Call, operation


@operation("POST", "/v1/mandates", scopes={Scope.MANDATES_WRITE})
def create_mandate(call: Call, terms: NewMandate) -> Created[Mandate]:
    """
    Agree to payments: to one payee, within a range, so much in all, so often, until a time.

    It is one consent for all connectors: whatever pays under it takes from the same total, also what is under way.
    """
    with call.transaction() as txn:
        new = mandates.given(
            terms, id=call.new_id(), tenant=call.tenant, by=call.actor, at=call.now
        )
        made = txn.create(new, mandates.told(new))
    return Created(f"/v1/mandates/{made.id}", made)
