from shared.actors import PLATFORM, Scope
from shared.entity import Because, Id
from shared.genesis.models.job_roles import JobRole
from shared.genesis.models.requests import Reason
from shared.genesis.rules import announcements, lifecycle
from shared.operation import Call, operation


@operation(
    "POST",
    "/v1/genesis/job-roles/{job_role_id}/reject",
    scopes={Scope.GENESIS_CERTIFY},
    tenant=PLATFORM,
)
def reject_job_role(call: Call, job_role_id: Id, body: Reason) -> JobRole:
    """
    Reject a job role for a reason that no check knows.

    Its authors may revise it, which submits it again.
    """
    with call.transaction() as txn:
        before = txn.get(JobRole, job_role_id)
        after = lifecycle.rejected(
            before, body.reason, by=call.actor, at=call.now, certification_id=call.new_id()
        )
        because = Because(rationale=announcements.refusal(after), authority=call.actor.id)
        return txn.save(after, announcements.decision(after), because=because)
