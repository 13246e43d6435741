from shared.actors import Scope
from shared.budgets.models.mandates import Mandate, Revocation
from shared.budgets.rules import mandates
from shared.entity import Id
from shared.operation import Call, operation


@operation(
    "POST", "/v1/mandates/{mandate_id}/revoke", scopes={Scope.MANDATES_WRITE}, in_freeze=True
)
def revoke_mandate(call: Call, mandate_id: Id, body: Revocation) -> Mandate:
    """
    Take a consent back, at once and for good.

    No payment begins under it from then on. What is under way already is not called back by this.
    """
    with call.transaction() as txn:
        before = txn.get(Mandate, mandate_id)
        after = mandates.revoked(before, by=call.actor, reason=body.reason, at=call.now)
        return txn.save(*after) if after else before
