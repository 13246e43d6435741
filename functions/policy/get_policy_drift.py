from shared.actors import Scope
from shared.operation import Call, operation
from shared.policy.actions import drifting, recorded
from shared.policy.models.drift_report import DriftAlertView, DriftReport
from shared.policy.rules import drift


@operation("GET", "/v1/policies/drift", scopes={Scope.POLICIES_READ}, audited=False)
def get_policy_drift(call: Call) -> DriftReport:
    """
    Show where what policies did in the last hour differs from what they did in the hour before.

    Each five minutes of recorded decisions are compared with the hour before them: how much was allowed, how often each
    rule matched of what its policy was put to, to whom much was denied, how long deciding took, and who decided by older
    rules than others. It is looked at each hour, too, where policies are in force, and what differs is told to whoever
    governs the tenant: those are the `alerts`, and `POST /v1/policies/drift/{alert_id}/acknowledge` says who looks at one.
    """
    since = call.now - drift.BASELINE - drift.BASELINE
    with call.transaction() as txn:
        decisions, more = recorded.between(txn, since, call.now, drifting.MAX_DECISIONS)
        alerts = drifting.lasting(txn)
    return DriftReport(
        until=call.now,
        decisions=len(decisions),
        complete=not more,
        items=drift.drifts(decisions, until=call.now),
        alerts=tuple(DriftAlertView.of(one) for one in alerts[: drifting.MAX_LASTING]),
    )
