from typing import Annotated

from pydantic import Field

from shared.approvals.models import Approval, ApprovalStatus, ApprovalType, Gate
from shared.entity import Id, Value
from shared.identity import Scope
from shared.operation import Call, operation
from shared.store import Page


class ApprovalQuery(Value):
    """Which approvals: the open ones unless another status is named."""

    status: ApprovalStatus = ApprovalStatus.PENDING
    type: ApprovalType | None = None
    agent_id: Id | None = None
    gate: Gate | None = None
    cursor: Annotated[str, Field(max_length=1000)] | None = None
    limit: int = Field(20, ge=1, le=100)


@operation("GET", "/v1/approvals", scopes={Scope.GOVERNANCE_READ}, audited=False)
def list_approvals(call: Call, query: ApprovalQuery) -> Page[Approval]:
    """List the tenant's approvals, those first whose time runs out first."""
    tests = query.model_dump(exclude={"cursor", "limit"}, exclude_none=True)
    with call.transaction() as txn:
        return txn.find(
            Approval, order="expires_at", limit=query.limit, cursor=query.cursor, **tests
        )
