from shared.actors import Scope
from shared.entity import Id
from shared.operation import Call, operation
from shared.policy.actions import drifting
from shared.policy.models.drift_report import DriftAlertView


@operation("POST", "/v1/policies/drift/{alert_id}/acknowledge", scopes={Scope.POLICIES_WRITE})
def acknowledge_drift(call: Call, alert_id: Id) -> DriftAlertView:
    """
    Say that one looks at a difference that was found, so that others need not.

    It is over by itself once a look of an hour does not find it any more. Found again after that, it waits for somebody
    anew.
    """
    with call.transaction() as txn:
        return DriftAlertView.of(drifting.acknowledge(txn, alert_id, by=call.actor, at=call.now))
