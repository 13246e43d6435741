from shared.actors import Scope
from shared.approvals.actions import attention
from shared.approvals.models.approvals import Approval
from shared.approvals.models.records import Attention
from shared.approvals.models.seen import SeenApproval
from shared.approvals.rules.windows import seen
from shared.entity import Id
from shared.operation import Call, operation


@operation(
    "GET",
    "/v1/approvals/{approval_id}",
    scopes={Scope.GOVERNANCE_READ},
    audited=False,
    notes=Attention,
)
def get_approval(call: Call, approval_id: Id) -> SeenApproval:
    """
    Show one approval with its evidence, its decisions and its clocks.

    That somebody who may answer has opened it is noted, the first time.
    """
    with call.transaction() as txn:
        approval = txn.get(Approval, approval_id)
        attention.note(txn, approval, by=call.actor, at=call.now)
        return seen(approval, at=call.now)
