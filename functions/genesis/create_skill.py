from shared.actors import PLATFORM, Scope
from shared.answers import Created
from shared.genesis.actions import names
from shared.genesis.models.requests import NewSkill
from shared.genesis.models.skills import Skill
from shared.genesis.rules import announcements, lifecycle
from shared.operation import Call, operation


@operation(
    "POST",
    "/v1/genesis/skills",
    scopes={Scope.GENESIS_WRITE},
    tenant=PLATFORM,
)
def create_skill(call: Call, body: NewSkill) -> Created[Skill]:
    """
    Submit a skill for certification, or keep it as a draft.

    A skill that does the same as an existing one is refused with the existing id; an improvement names
    what it supersedes, and may then have the same name.
    """
    with call.transaction() as txn:
        skill = lifecycle.submitted(
            Skill,
            body.content(),
            id=call.new_id(),
            by=call.actor,
            at=call.now,
            draft=body.as_draft,
        )
        lifecycle.supersede(skill, names.predecessor(txn, skill))
        held = names.read(txn, skill)
        names.claim(held, skill)
        skill = txn.create(skill, announcements.creation(skill))
        names.settle(txn, held, skill)
    return Created(f"/v1/genesis/skills/{skill.id}", skill)
