from shared.actors import PLATFORM, Scope
from shared.genesis.models.requests import SkillListing
from shared.genesis.models.skills import Skill
from shared.operation import Call, operation
from shared.queries import Page


@operation("GET", "/v1/genesis/skills", scopes={Scope.GENESIS_READ}, audited=False, tenant=PLATFORM)
def list_skills(call: Call, query: SkillListing) -> Page[Skill]:
    """List skills, the newest first, by status, category and industry."""
    with call.transaction() as txn:
        return txn.page(Skill, query, order="-created_at", **query.tests())
