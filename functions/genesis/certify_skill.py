from shared.actors import PLATFORM, Scope
from shared.entity import Id
from shared.genesis.actions import certification, examination
from shared.genesis.models.skills import Skill
from shared.operation import Call, operation


@operation(
    "POST",
    "/v1/genesis/skills/{skill_id}/certify",
    scopes={Scope.GENESIS_CERTIFY},
    tenant=PLATFORM,
)
def certify_skill(call: Call, skill_id: Id) -> Skill:
    """
    Check a skill and certify it, or reject it with the checks that it failed.

    Both are decisions and answered with the skill as it then is. Where nothing is wrong but a verdict is
    missing, that is said and nothing is decided. A certified successor deprecates what it supersedes in
    the same commit.
    """
    with call.transaction() as txn:
        before = txn.get(Skill, skill_id)
        return certification.decided(txn, call, before, examination.of_skill(txn, before))
