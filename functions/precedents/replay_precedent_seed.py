from pydantic import ConfigDict, Field

from shared.actors import PLATFORM, Scope
from shared.approvals.models.approvals import Approval
from shared.entity import Id, Value
from shared.operation import Call, operation
from shared.precedents.models.seeds import PrecedentSeed
from shared.precedents.rules.replay import Replay, replayed
from shared.queries import Prefix


class ReplayRequest(Value):
    """How many recorded decisions are looked at."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"limit": 100}]})

    limit: int = Field(100, ge=1, le=100)
    """How many recorded decisions of its class to look at."""


@operation(
    "POST",
    "/v1/precedent-seeds/{seed_id}/replay",
    scopes={Scope.PRECEDENTS_READ},
    tenant=PLATFORM,
    in_freeze=True,
)
def replay_precedent_seed(call: Call, seed_id: Id, body: ReplayRequest) -> Replay:
    """
    Run recorded decisions of its class through a seed, as if it had been in force then.

    Nothing is changed; it works for a draft, before anybody relies on it.
    """
    with call.transaction() as txn:
        seed = txn.get(PrecedentSeed, seed_id)
        name = seed.approval_class
        test = Prefix(name.removesuffix("*")) if name.endswith("*") else name
        found = txn.find(Approval, order="approval_class", limit=body.limit, approval_class=test)
    return replayed(seed, found.items, more=found.next_cursor is not None)
