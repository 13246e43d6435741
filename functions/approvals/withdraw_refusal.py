from pydantic import ConfigDict

from shared.approvals import again
from shared.approvals.models import Approval
from shared.approvals.parts import Reason
from shared.approvals.question_events import RefusalWithdrawn
from shared.entity import Id, Value
from shared.identity import Scope
from shared.operation import Call, operation


class SecondThought(Value):
    """Why the no no longer stands."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"reason": "The supplier fixed what I refused it for."}]}
    )

    reason: Reason
    """What changed since it was refused."""


@operation(
    "POST",
    "/v1/approvals/{approval_id}/withdraw-refusal",
    scopes={Scope.GOVERNANCE_WRITE, Scope.VETO_EXECUTE},
)
def withdraw_refusal(call: Call, approval_id: Id, thought: SecondThought) -> Approval:
    """
    Withdraw a no, as only whoever said it may.

    The approval stays as it was decided. The act that it refused may be asked for again, in any spelling.
    """
    with call.transaction() as txn:
        before = txn.get(Approval, approval_id)
        after = again.withdrawn(before, by=call.actor, at=call.now, reason=thought.reason)
        if after is not before:
            after = txn.save(after, RefusalWithdrawn.of(after))
    return after
