from typing import Annotated

from pydantic import ConfigDict, Field

from shared.actors import Scope
from shared.agents.actions.makers import makers
from shared.entity import Id, Text, Timestamp, Value
from shared.examples import NEXT_WEEK
from shared.operation import Call, operation
from shared.violations.models import OpenedViolation
from shared.violations.rules import lifecycle


class RemediationPlan(Value):
    """How a violation is put right, and until when."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "plan": "Withdraw the texts of this week and certify the sources again.",
                    "due_at": NEXT_WEEK,
                }
            ]
        }
    )

    plan: Annotated[Text, Field(min_length=10)]
    """What will be done, by whom, in your words."""
    due_at: Timestamp | None = None
    """Until when it is done; without an instant, by the deadline that its severity sets."""


@operation("POST", "/v1/mobile/violations/{violation_id}/plan", scopes={Scope.GOVERNANCE_WRITE})
def plan_remediation(call: Call, violation_id: Id, body: RemediationPlan) -> OpenedViolation:
    """Say how a violation is put right; a better plan takes the place of the one before."""
    with call.transaction() as txn:
        before = txn.get(OpenedViolation, violation_id)
        who = makers(call, before.agent_id)
        after = lifecycle.planned(
            before, plan=body.plan, due_at=body.due_at, by=call.actor, makers=who
        )
        return before if after == before else txn.save(after, lifecycle.updated(after))
