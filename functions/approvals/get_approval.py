from shared.approvals.models import Approval
from shared.entity import Id
from shared.identity import Scope
from shared.operation import Call, operation


@operation("GET", "/v1/approvals/{approval_id}", scopes={Scope.GOVERNANCE_READ}, audited=False)
def get_approval(call: Call, approval_id: Id) -> Approval:
    """Show one approval with its evidence and its decisions."""
    with call.transaction() as txn:
        return txn.get(Approval, approval_id)
