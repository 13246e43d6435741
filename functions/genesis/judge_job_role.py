from shared.actors import PLATFORM, Scope
from shared.constitution import amendment
from shared.entity import Because, Id
from shared.genesis.models.job_roles import JobRole
from shared.genesis.models.requests import JobRoleJudgement
from shared.genesis.rules import lifecycle
from shared.operation import Call, operation


@operation(
    "POST",
    "/v1/genesis/job-roles/{job_role_id}/verdict",
    scopes={Scope.GOVERNANCE_WRITE},
    tenant=PLATFORM,
)
def judge_job_role(call: Call, job_role_id: Id, body: JobRoleJudgement) -> JobRole:
    """
    Record a verdict on a job role that waits for its certification.

    JR-9 belongs to the Governor, and none of the role's authors judges it. A verdict is about the content
    as it is: a revision asks for a new one.
    """
    with call.transaction() as txn:
        before = txn.get(JobRole, job_role_id)
        after = lifecycle.judged_by(
            before,
            body.check_code,
            body.verdict,
            body.rationale,
            by=call.actor,
            at=call.now,
        )
        because = Because(rationale=after.verdicts[-1].rationale, authority=call.actor.id)
        return txn.save(after, amendment(before, after), because=because)
