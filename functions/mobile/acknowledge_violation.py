from shared.actors import Scope
from shared.agents.actions.makers import makers
from shared.entity import Id, Value
from shared.operation import Call, operation
from shared.violations.events import ViolationUnanswered
from shared.violations.models import OpenedViolation
from shared.violations.rules import lifecycle


class Acknowledgement(Value):
    """The caller answers for it from now on."""


@operation(
    "POST",
    "/v1/mobile/violations/{violation_id}/acknowledge",
    scopes={Scope.GOVERNANCE_WRITE},
)
def acknowledge_violation(
    call: Call, violation_id: Id, acknowledgement: Acknowledgement
) -> OpenedViolation:
    """
    Answer for a violation.

    A critical one then needs a plan within a day of when it was found.
    """
    del acknowledgement
    with call.transaction() as txn:
        before = txn.get(OpenedViolation, violation_id)
        who = makers(call, before.agent_id)
        after = lifecycle.acknowledged(before, by=call.actor, makers=who, at=call.now)
        if after is before:
            return before
        after = txn.save(after, lifecycle.updated(after))
        txn.schedule(ViolationUnanswered(status=after.status), at=after.due_at, about=after)
        return after
