from shared.actors import Scope
from shared.approvals.models.parts import VetoCategory
from shared.approvals.models.vetoes import Veto
from shared.entity import Id
from shared.operation import Call, operation
from shared.queries import Page, Paging


class VetoQuery(Paging):
    """Which vetoes."""

    category: VetoCategory | None = None
    """Only vetoes on this ground."""
    approval_id: Id | None = None
    """Only vetoes against this approval."""


@operation("GET", "/v1/vetoes", scopes={Scope.GOVERNANCE_READ}, audited=False)
def list_vetoes(call: Call, query: VetoQuery) -> Page[Veto]:
    """List the tenant's vetoes, the latest first."""
    with call.transaction() as txn:
        return txn.page(Veto, query, order="-decided_at", **query.tests())
