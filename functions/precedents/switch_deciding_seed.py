from pydantic import ConfigDict, StrictBool

from shared.actors import Scope
from shared.approvals.models.parts import Reason
from shared.entity import Because, Value
from shared.operation import Call, operation
from shared.precedents.actions.reading import decides_here, switches
from shared.precedents.events import SeedSwitchedHere
from shared.precedents.models.deciding import DecidingSeed
from shared.precedents.models.seeds import SeedNumber
from shared.precedents.rules import lifecycle


class SwitchingHere(Value):
    """Whether a rule may decide in your tenant, and why that is changed."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"on": False, "reason": "We look at every publication ourselves."}]
        }
    )

    on: StrictBool
    """Whether it may decide."""

    reason: Reason
    """Why; it stays in the evidence."""


@operation(
    "POST",
    "/v1/precedent-seeds/deciding/{number}/switch",
    scopes={Scope.VETO_EXECUTE},
    in_freeze=True,
)
def switch_deciding_seed(call: Call, number: SeedNumber, body: SwitchingHere) -> DecidingSeed:
    """
    Switch a rule off in your tenant, or on again.

    It holds for the next request already. What the rule had granted here and is still held is asked again.
    """
    seed = decides_here(call, number)
    with call.transaction() as txn:
        before = switches(txn, (seed,)).get(seed.id)
        after = lifecycle.switched_here(
            before, seed, tenant=call.tenant, by=call.actor, at=call.now, **dict(body)
        )
        if after is not before:
            told = SeedSwitchedHere(seed=seed.id, on=after.on, reason=after.reason)
            keep = txn.create if before is None else txn.save
            because = Because(rationale=after.reason, authority=min(call.actor.roles))
            after = keep(after, told, because=because)
    return DecidingSeed.of(seed, after)
