from pydantic import ConfigDict

from shared.actors import PLATFORM, Scope
from shared.approvals.models.parts import Reason
from shared.entity import Because, Value
from shared.operation import Call, operation
from shared.precedents.events import SeedsSwitched
from shared.precedents.models.seeds import SWITCH, SeedSwitch
from shared.precedents.rules import lifecycle


class Switching(Value):
    """Whether seeds may decide, and why that is changed."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"on": False, "reason": "An incident is looked into; people decide."}]
        }
    )

    on: bool
    """Whether seeds may decide from now on; while they may not, a person is asked everything."""
    reason: Reason
    """Why, in your words."""


@operation(
    "POST",
    "/v1/precedent-seeds/switch",
    scopes={Scope.PRECEDENTS_DECIDE},
    tenant=PLATFORM,
    in_freeze=True,
)
def switch_precedent_seeds(call: Call, body: Switching) -> SeedSwitch:
    """
    Stop all seeds, or let them decide again, as the Governor.

    It holds for the next request already: every answer of a seed reads the switch.
    """
    with call.transaction() as txn:
        before = txn.get_or_none(SeedSwitch, SWITCH)
        after = lifecycle.switched(
            before, on=body.on, reason=body.reason, by=call.actor, at=call.now
        )
        if after is before:
            return after
        told = SeedsSwitched(on=after.on, reason=after.reason)
        because = Because(rationale=after.reason, authority="governor")
        if before is None:
            return txn.create(after, told, because=because)
        return txn.save(after, told, because=because)
