from shared.actors import PLATFORM, Scope
from shared.constitution import amendment
from shared.entity import Id
from shared.genesis.actions import names
from shared.genesis.models.industries import Industry
from shared.genesis.models.job_roles import JobRole
from shared.genesis.models.requests import JobRoleContent
from shared.genesis.models.skills import Skill
from shared.genesis.rules import job_role_checks, lifecycle
from shared.operation import Call, operation


@operation(
    "PUT",
    "/v1/genesis/job-roles/{job_role_id}",
    scopes={Scope.GENESIS_WRITE},
    tenant=PLATFORM,
)
def revise_job_role(call: Call, job_role_id: Id, body: JobRoleContent) -> JobRole:
    """Give a draft or a rejected job role new content, and submit it for certification."""
    with call.transaction() as txn:
        before = txn.get(JobRole, job_role_id)
        industry = txn.get_or_none(Industry, body.industry_id)
        skills = [txn.get_or_none(Skill, skill_id) for skill_id in body.all_skills]
        after = lifecycle.revised(before, body.content(industry), by=call.actor)
        job_role_checks.depend(after, skills)
        lifecycle.supersede(after, names.predecessor(txn, after))
        held = names.read(txn, before, after)
        names.claim(held, after)
        saved = txn.save(after, amendment(before, after))
        names.settle(txn, held, saved, before)
    return saved
