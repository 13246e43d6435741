from shared.actors import Scope
from shared.entity import Id, Timestamp, written
from shared.operation import Call, operation
from shared.queries import AtLeast, Page, Paging
from shared.violations.models import OpenedViolation, Severity, Status


class ViolationQuery(Paging):
    """Which violations."""

    since: Timestamp | None = None
    """Only violations that were found at this instant or later."""
    severity: Severity | None = None
    """Only violations of this severity."""
    status: Status | None = None
    """Only violations in this status."""
    agent_id: Id | None = None
    """Only violations by this agent."""


@operation("GET", "/v1/mobile/violations", scopes={Scope.GOVERNANCE_READ}, audited=False)
def list_violations(call: Call, query: ViolationQuery) -> Page[OpenedViolation]:
    """List the tenant's violations, the newest first."""
    tests = query.tests("severity", "status", "agent_id")
    if query.since is not None:
        tests["detected_at"] = AtLeast(written(query.since))
    with call.transaction() as txn:
        return txn.page(OpenedViolation, query, order="-detected_at", **tests)
