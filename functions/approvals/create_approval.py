from shared.approvals import requests
from shared.approvals.events import ApprovalDeadline, ApprovalRequested
from shared.approvals.models import Approval, ApprovalRequest
from shared.identity import Scope
from shared.operation import Call, operation
from shared.waiting import wait


@operation("POST", "/v1/approvals", scopes={Scope.APPROVALS_REQUEST}, status=201)
def create_approval(call: Call, request: ApprovalRequest) -> Approval:
    """
    Put a question to a Governor.

    Where a workflow waits for the answer, its callback is kept apart from the approval, in the same
    commit: nobody who may read the question learns how to wake the workflow.
    """
    with call.transaction() as txn:
        new = requests.ask(
            request, id=call.new_id(), tenant=call.tenant, by=call.actor, at=call.now
        )
        approval = txn.create(new, ApprovalRequested.of(new))
        deadline = ApprovalDeadline(decision_version=approval.decision_version)
        txn.announce(deadline, at=approval.expires_at, about=approval)
        if request.callback_url is not None:
            txn.create(wait(approval.id, request.callback_url, callbacks=call.callbacks))
    return approval
