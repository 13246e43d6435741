from typing import Annotated

from pydantic import ConfigDict, Field

from shared.actors import Scope
from shared.agents.actions.makers import makers
from shared.entity import Because, Id, Text, Value
from shared.operation import Call, operation
from shared.violations.models import OpenedViolation
from shared.violations.rules import lifecycle


class Resolution(Value):
    """How a violation was put right."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"resolution": "The texts were withdrawn and the sources certified again."}
            ]
        }
    )

    resolution: Annotated[Text, Field(min_length=10, max_length=2000)]
    """What was done about it, in your words."""


@operation("POST", "/v1/mobile/violations/{violation_id}/resolve", scopes={Scope.GOVERNANCE_WRITE})
def resolve_violation(call: Call, violation_id: Id, body: Resolution) -> OpenedViolation:
    """Close a violation that was put right; a critical one needs a plan first."""
    with call.transaction() as txn:
        before = txn.get(OpenedViolation, violation_id)
        who = makers(call, before.agent_id)
        after = lifecycle.resolved(
            before, resolution=body.resolution, by=call.actor, makers=who, at=call.now
        )
        because = Because(rationale=body.resolution, authority=call.actor.type)
        return txn.save(after, lifecycle.closed(after), because=because)
