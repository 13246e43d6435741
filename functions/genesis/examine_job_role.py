from shared.actors import PLATFORM, Scope
from shared.entity import Id
from shared.genesis.actions import examination
from shared.genesis.actions.examination import Outlook
from shared.genesis.models.job_roles import JobRole
from shared.operation import Call, operation


@operation(
    "GET",
    "/v1/genesis/job-roles/{job_role_id}/checks",
    scopes={Scope.GENESIS_READ},
    audited=False,
    tenant=PLATFORM,
)
def examine_job_role(call: Call, job_role_id: Id) -> Outlook:
    """
    Say what the certification of a job role would come to now, and whose verdict is missing.

    Nothing is decided; what the codes ask is listed at `/v1/genesis/checks`.
    """
    with call.transaction() as txn:
        found = txn.get(JobRole, job_role_id)
        return examination.outlook(found, examination.of_job_role(txn, found))
