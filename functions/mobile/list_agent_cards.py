from shared.actors import Scope
from shared.agents.models.parts import AgentStatus
from shared.mobile.models.dashboard import AgentCard
from shared.operation import Call, operation
from shared.queries import Page, Paging


class AgentCardQuery(Paging):
    """Which agents."""

    status: AgentStatus | None = None
    """Only agents in this status."""


@operation("GET", "/v1/mobile/agents", scopes={Scope.GOVERNANCE_READ}, audited=False)
def list_agent_cards(call: Call, query: AgentCardQuery) -> Page[AgentCard]:
    """List agents on cards with their health and what waits for the Governor, the newest first."""
    with call.transaction() as txn:
        return txn.page(AgentCard, query, order="-created_at", **query.tests())
