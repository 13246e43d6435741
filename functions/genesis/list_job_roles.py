from shared.actors import PLATFORM, Scope
from shared.genesis.models.job_roles import JobRole
from shared.genesis.models.requests import JobRoleListing
from shared.operation import Call, operation
from shared.queries import Page


@operation(
    "GET", "/v1/genesis/job-roles", scopes={Scope.GENESIS_READ}, audited=False, tenant=PLATFORM
)
def list_job_roles(call: Call, query: JobRoleListing) -> Page[JobRole]:
    """List job roles, the newest first, by status and industry."""
    with call.transaction() as txn:
        return txn.page(JobRole, query, order="-created_at", **query.tests())
