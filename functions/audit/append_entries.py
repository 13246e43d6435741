from shared.actors import Scope
from shared.audit.models import Entered, KeptReport, Report
from shared.audit.rules import reports
from shared.identity.models import Principal
from shared.identity.rules.principals import principal
from shared.operation import Call, operation


@operation(
    "POST",
    "/v1/audit/log",
    scopes={Scope.AUDIT_APPEND},
    status=201,
    max_bytes=64 * 1024,
    in_freeze=True,
)
def append_entries(call: Call, report: Report) -> Entered:
    """
    Enter a report of what changed no entity.

    It goes on the caller's own stream and says what it is about: whoever reports can add to their own
    history and to nobody else's. In the log its name and its refs begin with "reported", so that nobody takes
    it for what the platform did.
    """
    with call.transaction() as txn:
        before = txn.get_or_none(KeptReport, report.id)
        if before is not None:
            return reports.same(before, report)
        caller = txn.get_or_none(Principal, call.actor.id)
        event = reports.reported(report, at=call.now)
        if caller is None:
            entered = txn.create(principal(call.actor.id, call.tenant, call.now), event)
        else:
            entered = txn.save(caller, event)
        return txn.create(reports.kept(report, entered)).entered
