from typing import Annotated

from pydantic import ConfigDict, Field

from shared.actors import Scope
from shared.agents.actions.makers import makers
from shared.entity import Because, Id, Text, Value
from shared.operation import Call, operation
from shared.violations.models import OpenedViolation
from shared.violations.rules import lifecycle


class Dismissal(Value):
    """Why a violation is none."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"reason": "The probe measured a release that was taken down on purpose."}]
        }
    )

    reason: Annotated[Text, Field(min_length=10, max_length=2000)]
    """Why no rule was broken, in your words."""


@operation("POST", "/v1/mobile/violations/{violation_id}/dismiss", scopes={Scope.GOVERNANCE_WRITE})
def dismiss_violation(call: Call, violation_id: Id, body: Dismissal) -> OpenedViolation:
    """Close a violation that was none, as its Governor may."""
    with call.transaction() as txn:
        before = txn.get(OpenedViolation, violation_id)
        who = makers(call, before.agent_id)
        after = lifecycle.dismissed(
            before, reason=body.reason, by=call.actor, makers=who, at=call.now
        )
        because = Because(rationale=body.reason, authority=call.actor.type)
        return txn.save(after, lifecycle.closed(after), because=because)
