from shared.actors import PLATFORM, Scope
from shared.entity import Id
from shared.genesis.models.skills import Skill
from shared.operation import Call, operation


@operation(
    "GET",
    "/v1/genesis/skills/{skill_id}",
    scopes={Scope.GENESIS_READ},
    audited=False,
    tenant=PLATFORM,
)
def get_skill(call: Call, skill_id: Id) -> Skill:
    """Return one skill, with its checks and certificate."""
    with call.transaction() as txn:
        return txn.get(Skill, skill_id)
