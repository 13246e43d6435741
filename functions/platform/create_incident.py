from shared.identity import PLATFORM, Scope
from shared.operation import Call, operation
from shared.platform import responding
from shared.platform.models_incidents import Incident, IncidentReport


@operation("POST", "/v1/incidents", scopes={Scope.INCIDENTS_OPEN}, status=201, tenant=PLATFORM)
def create_incident(call: Call, report: IncidentReport) -> Incident:
    """
    Open an incident.

    Within half an hour of another one of the same service and type it joins that one.
    """
    with call.transaction() as txn:
        return responding.report(txn, report, call)
