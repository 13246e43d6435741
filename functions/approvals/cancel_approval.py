from pydantic import ConfigDict

from shared.actors import Scope
from shared.approvals.events.lifecycle import ApprovalCancelled
from shared.approvals.events.questions import ApprovalLeft
from shared.approvals.models.approvals import Approval
from shared.approvals.models.parts import Reason
from shared.approvals.rules import decisions
from shared.entity import Id, Value
from shared.operation import Call, operation


class Withdrawal(Value):
    """Why the request is no longer wanted."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"reason": "The workflow was cancelled."}]}
    )

    reason: Reason
    """Why nobody needs an answer any more, in your words."""


@operation("POST", "/v1/approvals/{approval_id}/cancel", scopes={Scope.ACCOUNT}, in_freeze=True)
def cancel_approval(call: Call, approval_id: Id, withdrawal: Withdrawal) -> Approval:
    """
    Withdraw a request, as whoever made it may until it is decided, or the service that put it for them.

    Where others asked the same, it stays open for them.
    """
    with call.transaction() as txn:
        before = txn.get(Approval, approval_id)
        after = decisions.cancel(before, by=call.actor, at=call.now, reason=withdrawal.reason)
        if after is not before:
            left = ApprovalLeft(by=call.actor.id, reason=withdrawal.reason)
            after = txn.save(after, left if after.open else ApprovalCancelled.of(after))
    return after
