from typing import Annotated

from pydantic import Field

from shared.actors import PLATFORM, Scope
from shared.operation import Call, operation
from shared.platform.models.incidents import Incident, Service, Severity, Status
from shared.queries import Contains, Page, Paging


class WhichIncidents(Paging):
    """Which incidents."""

    status: Annotated[tuple[Status, ...], Field(max_length=5)] = ()
    """Only incidents in this status, or in one of several; any where none is named."""
    severity: Annotated[tuple[Severity, ...], Field(max_length=5)] = ()
    """Only incidents of this severity, or of one of several; any where none is named."""
    service: Service | None = None
    """Only incidents that affect this service: an area of the API, such as `agents`."""


@operation("GET", "/v1/incidents", scopes={Scope.PLATFORM_READ}, audited=False, tenant=PLATFORM)
def list_incidents(call: Call, which: WhichIncidents) -> Page[Incident]:
    """List what went wrong, the newest first."""
    tests = which.tests("status", "severity")
    if which.service is not None:
        tests["affected_services"] = Contains(which.service)
    with call.transaction() as txn:
        return txn.page(Incident, which, order="-detected_at", **tests)
