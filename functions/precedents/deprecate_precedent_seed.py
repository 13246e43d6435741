from pydantic import ConfigDict

from shared.actors import PLATFORM, Scope
from shared.approvals.models.parts import Reason
from shared.entity import Id, Value
from shared.operation import Call, operation
from shared.precedents.events import SeedDeprecated
from shared.precedents.models.seeds import PrecedentSeed
from shared.precedents.rules import lifecycle


class Deprecation(Value):
    """Why a seed is of no more use."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"reason": "No request matched it in 90 days."}]}
    )

    reason: Reason
    """Why the seed is of no more use, in your words."""


@operation(
    "POST",
    "/v1/precedent-seeds/{seed_id}/deprecate",
    scopes={Scope.PRECEDENTS_WRITE},
    tenant=PLATFORM,
    in_freeze=True,
)
def deprecate_precedent_seed(call: Call, seed_id: Id, body: Deprecation) -> PrecedentSeed:
    """End a seed that is of no more use; what was done by it stays done, and what is still held is asked again."""
    with call.transaction() as txn:
        before = txn.get(PrecedentSeed, seed_id)
        after = lifecycle.deprecated(before, by=call.actor, reason=body.reason)
        if after is not before:
            because = lifecycle.because(after, body.reason, call.actor)
            after = txn.save(after, SeedDeprecated.of(after), because=because)
    return after
