from shared.actors import PLATFORM, Scope
from shared.answers import Created
from shared.genesis.actions import names
from shared.genesis.models.industries import Industry
from shared.genesis.models.job_roles import JobRole
from shared.genesis.models.requests import NewJobRole
from shared.genesis.models.skills import Skill
from shared.genesis.rules import announcements, job_role_checks, lifecycle
from shared.operation import Call, operation


@operation(
    "POST",
    "/v1/genesis/job-roles",
    scopes={Scope.GENESIS_WRITE},
    tenant=PLATFORM,
)
def create_job_role(call: Call, body: NewJobRole) -> Created[JobRole]:
    """
    Submit a job role for certification, or keep it as a draft.

    It is made of skills that are certified already.
    """
    with call.transaction() as txn:
        industry = txn.get_or_none(Industry, body.industry_id)
        skills = [txn.get_or_none(Skill, skill_id) for skill_id in body.all_skills]
        role = lifecycle.submitted(
            JobRole,
            body.content(industry),
            id=call.new_id(),
            by=call.actor,
            at=call.now,
            draft=body.as_draft,
        )
        job_role_checks.depend(role, skills)
        lifecycle.supersede(role, names.predecessor(txn, role))
        held = names.read(txn, role)
        names.claim(held, role)
        role = txn.create(role, announcements.creation(role))
        names.settle(txn, held, role)
    return Created(f"/v1/genesis/job-roles/{role.id}", role)
