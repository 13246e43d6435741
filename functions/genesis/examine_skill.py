from shared.actors import PLATFORM, Scope
from shared.entity import Id
from shared.genesis.actions import examination
from shared.genesis.actions.examination import Outlook
from shared.genesis.models.skills import Skill
from shared.operation import Call, operation


@operation(
    "GET",
    "/v1/genesis/skills/{skill_id}/checks",
    scopes={Scope.GENESIS_READ},
    audited=False,
    tenant=PLATFORM,
)
def examine_skill(call: Call, skill_id: Id) -> Outlook:
    """
    Say what the certification of a skill would come to now, and whose verdict is missing.

    Nothing is decided; what the codes ask is listed at `/v1/genesis/checks`.
    """
    with call.transaction() as txn:
        found = txn.get(Skill, skill_id)
        return examination.outlook(found, examination.of_skill(txn, found))
