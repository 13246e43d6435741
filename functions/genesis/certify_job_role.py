from shared.entity import Id
from shared.genesis import announcements, job_role_checks, names, rules
from shared.genesis.models import Industry, JobRole, Skill, Status
from shared.identity import PLATFORM, Scope
from shared.operation import Call, operation


@operation(
    "POST",
    "/v1/genesis/job-roles/{job_role_id}/certify",
    scopes={Scope.GENESIS_CERTIFY},
    tenant=PLATFORM,
)
def certify_job_role(call: Call, job_role_id: Id) -> JobRole:
    """
    Check a job role and certify it, or reject it with the checks that it failed.

    Both are decisions and answered with the job role as it then is.
    """
    with call.transaction() as txn:
        before = txn.get(JobRole, job_role_id)
        industry = txn.peek(Industry, before.industry_id)
        skills = [txn.peek(Skill, skill_id) for skill_id in before.all_skills]
        ids = names.external_ids(txn, before)
        after = rules.certified(
            before,
            job_role_checks.checks(before, industry, skills),
            job_role_checks.breaches(industry, skills),
            by=call.actor,
            at=call.now,
            certification_id=call.new_id(),
            number=ids.given + 1,
        )
        saved = txn.save(after, announcements.decision(after))
        if saved.status is Status.CERTIFIED:
            names.count(txn, ids)
    return saved
