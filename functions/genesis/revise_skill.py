from shared.actors import PLATFORM, Scope
from shared.constitution import amendment
from shared.entity import Id
from shared.genesis.actions import names
from shared.genesis.models.requests import SkillContent
from shared.genesis.models.skills import Skill
from shared.genesis.rules import lifecycle
from shared.operation import Call, operation


@operation(
    "PUT",
    "/v1/genesis/skills/{skill_id}",
    scopes={Scope.GENESIS_WRITE},
    tenant=PLATFORM,
)
def revise_skill(call: Call, skill_id: Id, body: SkillContent) -> Skill:
    """
    Give a draft or a rejected skill new content, and submit it for certification.

    What is certified is immutable: an improvement is a new skill that supersedes it.
    """
    with call.transaction() as txn:
        before = txn.get(Skill, skill_id)
        after = lifecycle.revised(before, body.content(), by=call.actor)
        lifecycle.supersede(after, names.predecessor(txn, after))
        held = names.read(txn, before, after)
        names.claim(held, after)
        saved = txn.save(after, amendment(before, after))
        names.settle(txn, held, saved, before)
    return saved
