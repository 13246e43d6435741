from pydantic import ConfigDict

from shared.actors import PLATFORM, Scope
from shared.approvals.models.parts import Reason
from shared.entity import Id, Value
from shared.operation import Call, operation
from shared.precedents.events import SeedRevoked
from shared.precedents.models.seeds import PrecedentSeed
from shared.precedents.rules import lifecycle


class Revocation(Value):
    """Why a seed may no longer decide."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"reason": "It lets claims pass that nobody checked."}]}
    )

    reason: Reason
    """Why the seed may no longer decide, in your words."""


@operation(
    "POST",
    "/v1/precedent-seeds/{seed_id}/revoke",
    scopes={Scope.PRECEDENTS_DECIDE},
    tenant=PLATFORM,
    in_freeze=True,
)
def revoke_precedent_seed(call: Call, seed_id: Id, body: Revocation) -> PrecedentSeed:
    """
    Take a seed back at once, as the Governor or, on constitutional grounds, the Vision Guardian.

    The next request already goes to a person, as seeds are read anew for each. Whatever it
    granted and is still held is asked again, in every tenant and however much it is.
    """
    with call.transaction() as txn:
        before = txn.get(PrecedentSeed, seed_id)
        after = lifecycle.revoked(before, by=call.actor, reason=body.reason)
        if after is not before:
            told = SeedRevoked(reason=after.deprecation_reason or "")
            after = txn.save(after, told, because=lifecycle.because(after, body.reason, call.actor))
    return after
