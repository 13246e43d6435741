from shared.actors import PLATFORM, Scope
from shared.operation import Call, operation
from shared.platform.actions import incidents
from shared.platform.models.incidents import Incident, IncidentReport


@operation("POST", "/v1/incidents", scopes={Scope.INCIDENTS_OPEN}, status=201, tenant=PLATFORM)
def create_incident(call: Call, report: IncidentReport) -> Incident:
    """
    Open an incident.

    Within half an hour of another one of the same service and type it joins that one.
    """
    with call.transaction() as txn:
        return incidents.report(txn, report, call)
