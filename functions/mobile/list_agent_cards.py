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
    tests = query.model_dump(include={"status"}, exclude_none=True)
    with call.transaction() as txn:
        return txn.find(
            AgentCard, order="-created_at", limit=query.limit, cursor=query.cursor, **tests
        )
