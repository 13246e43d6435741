from shared import jobs
from shared.actors import Scope
from shared.answers import Accepted
from shared.audit.models import ExportRequest, SeenExport
from shared.audit.rules import exports
from shared.job import begin
from shared.jobs import Job
from shared.operation import Call, operation
from shared.queries import AtLeast, moment


@operation("POST", "/v1/audit/exports", scopes={Scope.AUDIT_EXPORT})
def create_export(call: Call, body: ExportRequest) -> Accepted[SeenExport]:
    """
    Export the entries of your tenant.

    A job copies them into files, whose number depends on how many there are. `Location` says how far it is, and
    so does `GET /v1/audit/exports/{export_id}`. One export is made for you at a time, and ten within a day.
    """
    with call.transaction() as txn:
        recent = txn.all(
            Job,
            order="created_at",
            requested_by=call.actor.id,
            created_at=AtLeast(moment(call.now - exports.DAY)),
        )
        job = begin(txn, call, exports.work(body, recent, at=call.now))
        seen = exports.seen(jobs.seen(job, None, by=call.actor))
        return Accepted(jobs.address(job), seen)
