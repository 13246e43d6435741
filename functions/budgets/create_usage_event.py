from datetime import timedelta

from shared.actors import Scope
from shared.budgets.actions import losing, metering, spending
from shared.budgets.actions.spending import Waiting
from shared.budgets.models.usage import UsageEvent, UsageReport, UsageTaken
from shared.budgets.rules import usage
from shared.budgets.rules.spending import overspent
from shared.errors import Conflict
from shared.operation import Call, operation
from shared.ports import SecretReader, SecretWriter
from shared.store import Transaction


@operation("POST", "/v1/usage-events", scopes={Scope.USAGE_REPORT})
def create_usage_event(
    call: Call, report: UsageReport, reads: SecretReader, keeps: SecretWriter
) -> UsageTaken:
    """
    Hold what something may cost before it is done, or record what was used and settle what was held.

    A ``budget_precheck`` holds its cost, at the dearest that it can become, of every budget at once: the agent's, its
    trial's or project's, the customer's and the platform's; or it is refused with 429 `budget_exceeded`, until the
    budget resets. What is held and not settled goes back by itself. The figures of a model's call come signed.
    What was settled is not held again (409), and reported again it is the same event.
    """
    usage.check(report)
    report = usage.owned(report, call.tenant)
    with call.transaction() as txn:
        if report.event_type == usage.PRECHECK:
            return _held(txn, call, report, keeps)
        if report.outcome_unknown:
            lost = losing.lost(txn, call, usage.held_as(report))
            return UsageTaken(
                outcome="unknown", reservation_id=report.reservation_id, held_until=lost.due_at
            )
        if usage.must_be_metered(report):
            metering.check(txn, call, report, reads)
        return _recorded(txn, call, report)


def _held(txn: Transaction, call: Call, report: UsageReport, keeps: SecretWriter) -> UsageTaken:
    key = metering.new_key(txn, call, keeps)
    id, until = usage.held_as(report), call.now + timedelta(seconds=report.hold_s)
    came = spending.hold(txn, id, usage.spend(report), at=call.now, until=until)
    if key is not None:
        txn.save(key)
    if isinstance(came, Waiting):
        return UsageTaken(outcome="waiting", reservation_id=report.reservation_id)
    return UsageTaken(outcome="held", reservation_id=report.reservation_id, held_until=came.until)


def _recorded(txn: Transaction, call: Call, report: UsageReport) -> UsageTaken:
    id, uncovered = call.new_id(), 0
    if report.reservation_id is not None:
        name, real = usage.held_as(report), usage.spent(report)
        came = spending.settle(txn, name, real, at=call.now, of=usage.spend(report), by=id)
        if came.again:
            return _as_before(txn, report, came.reservation.settled_by)
        uncovered = overspent(came.reservation)
    new = usage.recorded(report, id=id, tenant=call.tenant, uncovered=uncovered, at=call.now)
    event = txn.create(new, usage.told(new))
    return UsageTaken(outcome="recorded", reservation_id=report.reservation_id, event=event)


def _as_before(txn: Transaction, report: UsageReport, event_id: str | None) -> UsageTaken:
    known = txn.get_or_none(UsageEvent, event_id) if event_id else None
    if known is None or not usage.same(known, report):
        raise Conflict(
            "this reservation is settled already, by another report", rule="reservation_settled"
        )
    return UsageTaken(outcome="recorded", reservation_id=report.reservation_id, event=known)
