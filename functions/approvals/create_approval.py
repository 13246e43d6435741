from shared.approvals import load, requests, windows
from shared.approvals.events import ApprovalRequested, decided
from shared.approvals.models import Approval, ApprovalRequest
from shared.identity import Scope
from shared.operation import Call, operation
from shared.ports import Deployment
from shared.precedents import matching
from shared.precedents.reading import precedent
from shared.waiting import wait


@operation("POST", "/v1/approvals", scopes={Scope.APPROVALS_REQUEST}, status=201)
def create_approval(call: Call, request: ApprovalRequest, deployment: Deployment) -> Approval:
    """
    Put a question to a Governor, unless a precedent of theirs answers it.

    Where a workflow waits for the answer, its callback is kept apart from the approval, in the same
    commit: nobody who may read the question learns how to wake the workflow.
    """
    with call.transaction() as txn:
        new = requests.ask(
            request, id=call.new_id(), tenant=call.tenant, by=call.actor, at=call.now
        )
        new = load.guarded(txn, new)
        seed = precedent(call, txn, new)
        if seed is None:
            approval = txn.create(new, ApprovalRequested.of(new))
        else:
            new = matching.decide(new, seed, at=call.now)
            approval = txn.create(new, decided(new), because=matching.because(seed))
        timer, due = windows.following(approval, at=call.now)
        txn.announce(timer, at=due, about=approval)
        if request.callback_url is not None:
            txn.create(wait(approval.id, request.callback_url, callbacks=deployment.callbacks))
    return approval
