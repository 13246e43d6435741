from shared.actors import PLATFORM, Scope
from shared.entity import Id
from shared.genesis.models.job_roles import JobRole
from shared.operation import Call, operation


@operation(
    "GET",
    "/v1/genesis/job-roles/{job_role_id}",
    scopes={Scope.GENESIS_READ},
    audited=False,
    tenant=PLATFORM,
)
def get_job_role(call: Call, job_role_id: Id) -> JobRole:
    """Return one job role, with its checks and certificate."""
    with call.transaction() as txn:
        return txn.get(JobRole, job_role_id)
