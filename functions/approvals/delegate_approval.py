from pydantic import ConfigDict

from shared.actors import Scope
from shared.approvals.actions import answerable
from shared.approvals.actions.timers import schedule_next
from shared.approvals.events.lifecycle import ApprovalDelegated
from shared.approvals.models.approvals import Approval
from shared.approvals.models.parts import Person, Reason
from shared.approvals.rules import delegation
from shared.entity import Id, Timestamp, Value
from shared.examples import TOMORROW
from shared.operation import Call, operation


class Handover(Value):
    """Who is to answer, until when, and why."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "to": "deputy_governor.platform",
                    "reason": "I am travelling until tomorrow evening.",
                    "until": TOMORROW,
                }
            ]
        }
    )

    to: Person
    """Who is to answer: the id of a person, as their token names it."""
    reason: Reason
    """Why somebody else answers, in your words."""
    until: Timestamp | None = None
    """When the delegation ends; without it, with the time to answer."""


@operation(
    "POST", "/v1/approvals/{approval_id}/delegate", scopes={Scope.GOVERNANCE_WRITE}, in_freeze=True
)
def delegate_approval(call: Call, approval_id: Id, handover: Handover) -> Approval:
    """
    Hand a request on to somebody who answers in one's place.

    Naming oneself takes it back, as is possible until it is decided. A deputy decides neither money nor
    the constitution, and who decided is reviewed afterwards.
    """
    with call.transaction() as txn:
        before = txn.get(Approval, approval_id)
        after = delegation.delegate(
            before,
            by=call.actor,
            at=call.now,
            to=handover.to,
            reason=handover.reason,
            until=handover.until,
        )
        if handover.to != call.actor.id:
            answerable.may_stand_in(call, txn, before, handover.to)
        told = ApprovalDelegated.of(after, at=call.now, by=call.actor.id)
        after = txn.save(after, told)
        schedule_next(txn, after, at=call.now)
    return after
