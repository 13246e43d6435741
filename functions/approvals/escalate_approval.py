from pydantic import ConfigDict

from shared.actors import Scope
from shared.approvals.actions.timers import schedule_next
from shared.approvals.events.lifecycle import ApprovalEscalated
from shared.approvals.models.approvals import Approval
from shared.approvals.models.parts import Reason
from shared.approvals.rules import delegation
from shared.entity import Id, Value
from shared.operation import Call, operation


class Urging(Value):
    """Why others should be asked besides."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"reason": "The customer's campaign begins in an hour."}]}
    )

    reason: Reason
    """Why others should be asked too, in your words."""


@operation(
    "POST",
    "/v1/approvals/{approval_id}/escalate",
    scopes={Scope.GOVERNANCE_WRITE, Scope.ACCOUNT},
    in_freeze=True,
)
def escalate_approval(call: Call, approval_id: Id, urging: Urging) -> Approval:
    """
    Ask the next level besides, as whoever made the request, decides it or guards the platform may.

    The first ones stay asked, and the deadline stays where it is.
    """
    with call.transaction() as txn:
        before = txn.get(Approval, approval_id)
        after = delegation.escalate(before, by=call.actor, at=call.now, reason=urging.reason)
        after = txn.save(after, ApprovalEscalated.of(after))
        schedule_next(txn, after, at=call.now)
    return after
