from pydantic import ConfigDict

from shared.actors import PLATFORM, Scope
from shared.entity import Id, Value
from shared.examples import SUCCESSOR
from shared.learning.actions.support import still_supported
from shared.operation import Call, operation
from shared.precedents.events import SeedApproved, SeedSuperseded
from shared.precedents.models.seeds import PrecedentSeed
from shared.precedents.rules import lifecycle


class Succession(Value):
    """Which seed takes the place."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"successor_id": SUCCESSOR}]})

    successor_id: Id
    """The `id` of the seed that takes its place."""


@operation(
    "POST",
    "/v1/precedent-seeds/{seed_id}/supersede",
    scopes={Scope.PRECEDENTS_DECIDE},
    tenant=PLATFORM,
)
def supersede_precedent_seed(call: Call, seed_id: Id, body: Succession) -> PrecedentSeed:
    """
    Replace a seed by the one that was written to supersede it.

    The old one ends in the commit that activates the new one, so that at no moment both decide, or neither.
    """
    with call.transaction() as txn:
        before = txn.get(PrecedentSeed, seed_id)
        successor = txn.named(PrecedentSeed, body.successor_id, field="successor_id")
        still_supported(txn, successor)
        after, new = lifecycle.superseded(before, successor, by=call.actor, at=call.now)
        because = lifecycle.because(new, "supersedes an older seed", call.actor)
        txn.save(new, SeedApproved.of(new), because=because)
        return txn.save(after, SeedSuperseded(superseded_by=new.id), because=because)
