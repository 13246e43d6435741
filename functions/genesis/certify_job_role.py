from shared.actors import PLATFORM, Scope
from shared.entity import Id
from shared.genesis.actions import certification, examination
from shared.genesis.models.job_roles import JobRole
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

    Both are decisions and answered with the job role as it then is. Where nothing is wrong but a verdict is
    missing, that is said and nothing is decided. A certified successor deprecates what it supersedes in
    the same commit.
    """
    with call.transaction() as txn:
        before = txn.get(JobRole, job_role_id)
        return certification.decided(txn, call, before, examination.of_job_role(txn, before))
