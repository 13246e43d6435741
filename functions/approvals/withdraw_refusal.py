from pydantic import ConfigDict

from shared.actors import Scope
from shared.approvals.actions import repeats
from shared.approvals.events.questions import RefusalWithdrawn
from shared.approvals.models.approvals import Approval
from shared.approvals.models.parts import Reason
from shared.entity import Id, Value
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
    in_freeze=True,
)
def withdraw_refusal(call: Call, approval_id: Id, thought: SecondThought) -> Approval:
    """
    Withdraw a no, as only whoever said it may.

    The approval stays as it was decided. The act that it refused may be asked for again, in any spelling.
    """
    with call.transaction() as txn:
        before = txn.get(Approval, approval_id)
        after = repeats.withdrawn(before, by=call.actor, at=call.now, reason=thought.reason)
        if after is not before:
            after = txn.save(after, RefusalWithdrawn.of(after))
    return after
