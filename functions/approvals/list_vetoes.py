from pydantic import Field

from shared.approvals.models import Veto, VetoCategory
from shared.entity import Id, Opaque, Value
from shared.identity import Scope
from shared.operation import Call, operation
from shared.queries import Page


class VetoQuery(Value):
    """Which vetoes."""

    category: VetoCategory | None = None
    approval_id: Id | None = None
    cursor: Opaque | None = None
    limit: int = Field(20, ge=1, le=100)


@operation("GET", "/v1/vetoes", scopes={Scope.GOVERNANCE_READ}, audited=False)
def list_vetoes(call: Call, query: VetoQuery) -> Page[Veto]:
    """List the tenant's vetoes, the latest first."""
    tests = query.model_dump(exclude={"cursor", "limit"}, exclude_none=True)
    with call.transaction() as txn:
        return txn.find(Veto, order="-decided_at", limit=query.limit, cursor=query.cursor, **tests)
