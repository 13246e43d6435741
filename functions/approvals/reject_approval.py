from pydantic import ConfigDict

from shared.actors import Scope
from shared.approvals.actions import attention
from shared.approvals.events.lifecycle import decided
from shared.approvals.models.approvals import Approval
from shared.approvals.models.parts import Reason
from shared.approvals.rules import decisions
from shared.entity import Hex64, Id, Value
from shared.operation import Call, operation


class Rejection(Value):
    """A no, and why."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"reason": "The rollback plan was never tested."}]}
    )

    reason: Reason
    """Why not, in your words; whoever asked reads it."""
    expected_digest: Hex64 | None = None
    """The approval's `action_digest`, as you read it; where you name it, a no to anything else is refused."""


@operation(
    "POST", "/v1/approvals/{approval_id}/reject", scopes={Scope.GOVERNANCE_WRITE}, in_freeze=True
)
def reject_approval(call: Call, approval_id: Id, rejection: Rejection) -> Approval:
    """Reject a request for good; a new one may come with new evidence."""
    with call.transaction() as txn:
        before = txn.get(Approval, approval_id)
        after = decisions.reject(
            before,
            by=call.actor,
            at=call.now,
            reason=rejection.reason,
            expected_digest=rejection.expected_digest,
            opened_at=attention.of(txn, before, call.actor).opened_at(before),
        )
        if after is not before:
            after = txn.save(after, decided(after), because=decisions.because(after))
    return after
