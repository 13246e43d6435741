from shared.actors import Scope
from shared.approvals.models.approvals import OPEN, Approval, ApprovalStatus
from shared.approvals.models.questions import ApprovalType, Gate
from shared.entity import Hex64, Id
from shared.operation import Call, operation
from shared.queries import OneOf, Page, Paging


class ApprovalQuery(Paging):
    """Which approvals: all that are open unless a status is named."""

    status: ApprovalStatus | None = None
    """Only approvals in this status; without one, all that are open."""
    type: ApprovalType | None = None
    """Only approvals of this type."""
    agent_id: Id | None = None
    """Only approvals about this agent."""
    gate: Gate | None = None
    """Only approvals at this gate."""
    group_key: Hex64 | None = None
    """Only those that are shown as one card with the one this key is from."""


@operation("GET", "/v1/approvals", scopes={Scope.GOVERNANCE_READ}, audited=False)
def list_approvals(call: Call, query: ApprovalQuery) -> Page[Approval]:
    """
    List the tenant's approvals, those first whose time runs out first.

    Without a status, these are all that wait for an answer and are not held back.
    """
    tests = query.tests()
    if query.status is None:
        tests |= {"status": OneOf(OPEN), "held_back": False}
    with call.transaction() as txn:
        return txn.page(Approval, query, order="expires_at", **tests)
