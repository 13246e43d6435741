from shared.actors import PLATFORM, Scope
from shared.operation import Call, operation
from shared.platform.models.incidents import Incident, Service, Severity, Status
from shared.queries import Page, Paging, Test


class WhichIncidents(Paging):
    """Which incidents."""

    status: Status | None = None
    """Only incidents in this status."""
    severity: Severity | None = None
    """Only incidents of this severity."""
    service: Service | None = None
    """Only incidents that affect this service: an area of the API, such as `agents`."""


@operation("GET", "/v1/incidents", scopes={Scope.PLATFORM_READ}, audited=False, tenant=PLATFORM)
def list_incidents(call: Call, which: WhichIncidents) -> Page[Incident]:
    """List what went wrong, the newest first."""
    said = {"status": which.status, "severity": which.severity, "service": which.service}
    tests: dict[str, Test] = {name: value for name, value in said.items() if value}
    with call.transaction() as txn:
        return txn.find(
            Incident, order="-detected_at", limit=which.limit, cursor=which.cursor, **tests
        )
