from typing import Annotated

from pydantic import ConfigDict, Field

from shared.actors import Scope
from shared.approvals.actions.timers import schedule_next
from shared.approvals.events.lifecycle import ApprovalDeferred
from shared.approvals.models.approvals import Approval
from shared.approvals.models.questions import ShortText
from shared.approvals.rules import delegation
from shared.entity import Id, Timestamp, Value
from shared.operation import Call, operation


class Rest(Value):
    """Until when a request rests, or which evidence it waits for."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"missing_evidence": ["A report of the roll-back test"]}]}
    )

    until: Timestamp | None = None
    """
    When the question comes back: in one hour at the earliest, in seven days at the latest; without it, in 24
    hours if evidence is missing.
    """
    missing_evidence: Annotated[tuple[ShortText, ...], Field(max_length=20)] = ()
    """What you need to see before you can decide, one sentence each."""


@operation(
    "POST", "/v1/approvals/{approval_id}/defer", scopes={Scope.GOVERNANCE_WRITE}, in_freeze=True
)
def defer_approval(call: Call, approval_id: Id, rest: Rest) -> Approval:
    """
    Let a request rest for an hour to seven days, at most three times.

    It stays open, and its whole window begins anew when the rest is over.
    """
    with call.transaction() as txn:
        before = txn.get(Approval, approval_id)
        after = delegation.defer(
            before,
            by=call.actor,
            at=call.now,
            until=rest.until,
            missing_evidence=rest.missing_evidence,
        )
        after = txn.save(after, ApprovalDeferred.of(after))
        schedule_next(txn, after, at=call.now)
    return after
