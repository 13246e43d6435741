from shared.actors import PLATFORM, Scope
from shared.entity import Id
from shared.operation import Call, operation
from shared.platform.actions import incidents
from shared.platform.models.incidents import Incident, IncidentStep


@operation(
    "POST",
    "/v1/incidents/{incident_id}/transition",
    scopes={Scope.INCIDENTS_WRITE},
    tenant=PLATFORM,
)
def transition_incident(call: Call, incident_id: Id, step: IncidentStep) -> Incident:
    """
    Acknowledge, note, resolve or close an incident.

    Whoever acknowledges it owns it. One that an alarm opened is resolved once the alarm has been off for
    15 minutes; a high or critical one is closed with its root cause.
    """
    with call.transaction() as txn:
        return incidents.step(txn, incident_id, step, call)
