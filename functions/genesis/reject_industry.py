from shared.actors import PLATFORM, Scope
from shared.entity import Because, Id
from shared.genesis.models.industries import Industry
from shared.genesis.models.requests import Reason
from shared.genesis.rules import announcements, lifecycle
from shared.operation import Call, operation


@operation(
    "POST",
    "/v1/genesis/industries/{industry_id}/reject",
    scopes={Scope.GENESIS_CERTIFY},
    tenant=PLATFORM,
)
def reject_industry(call: Call, industry_id: Id, body: Reason) -> Industry:
    """
    Reject an industry for a reason that no check knows.

    Its authors may revise it, which submits it again.
    """
    with call.transaction() as txn:
        before = txn.get(Industry, industry_id)
        after = lifecycle.rejected(
            before, body.reason, by=call.actor, at=call.now, certification_id=call.new_id()
        )
        because = Because(rationale=announcements.refusal(after), authority=call.actor.id)
        return txn.save(after, announcements.decision(after), because=because)
