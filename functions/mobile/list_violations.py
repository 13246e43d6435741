from shared.actors import Scope
from shared.entity import Id, Timestamp, written
from shared.operation import Call, operation
from shared.queries import AtLeast, Page, Paging, Test
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
    names = {"severity", "status", "agent_id"}
    tests: dict[str, Test] = query.model_dump(include=names, exclude_none=True)
    if query.since is not None:
        tests["detected_at"] = AtLeast(written(query.since))
    with call.transaction() as txn:
        return txn.find(
            OpenedViolation,
            order="-detected_at",
            limit=query.limit,
            cursor=query.cursor,
            **tests,
        )
