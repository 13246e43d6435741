from shared import jobs
from shared.actors import Scope
from shared.audit.models import SeenExport
from shared.audit.rules import exports
from shared.entity import Id
from shared.jobs import Job, JobState
from shared.operation import Call, operation


@operation("GET", "/v1/audit/exports/{export_id}", scopes={Scope.AUDIT_EXPORT}, audited=False)
def get_export(call: Call, export_id: Id) -> SeenExport:
    """Show how far an export is, and its files once it is completed."""
    with call.transaction() as txn:
        job, state = txn.get(Job, export_id), txn.get_or_none(JobState, export_id)
    return exports.seen(jobs.seen(exports.only(job), state, by=call.actor))
