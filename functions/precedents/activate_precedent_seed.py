from shared.actors import PLATFORM, Scope
from shared.entity import Id
from shared.learning.actions.support import still_supported
from shared.operation import Call, operation
from shared.precedents.events import SeedApproved
from shared.precedents.models.seeds import PrecedentSeed
from shared.precedents.rules import lifecycle


@operation(
    "POST",
    "/v1/precedent-seeds/{seed_id}/activate",
    scopes={Scope.PRECEDENTS_DECIDE},
    tenant=PLATFORM,
)
def activate_precedent_seed(call: Call, seed_id: Id) -> PrecedentSeed:
    """
    Let a seed decide, as the Governor.

    It must have proved itself in shadow, and what it rests on must not have been objected to since; what the Governor wrote needs Genesis's validation only.
    """
    with call.transaction() as txn:
        before = txn.get(PrecedentSeed, seed_id)
        still_supported(txn, before)
        after = lifecycle.activated(before, by=call.actor, at=call.now)
        if after is not before:
            because = lifecycle.because(after, "activated by the Governor", call.actor)
            after = txn.save(after, SeedApproved.of(after), because=because)
    return after
