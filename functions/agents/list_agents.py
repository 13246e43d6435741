from pydantic import ConfigDict

from shared.actors import Scope
from shared.agents.models.agents import Agent
from shared.agents.models.parts import AgentStatus
from shared.entity import Id
from shared.operation import Call, operation
from shared.queries import Page, Paging


class AgentFilter(Paging):
    """Which agents to list."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"status": "deployed", "limit": 20}]})

    industry_id: Id | None = None
    """Only agents of this industry."""
    job_role_id: Id | None = None
    """Only agents of this job role."""
    status: AgentStatus | None = None
    """Only agents in this status."""


@operation("GET", "/v1/agents", scopes={Scope.AGENTS_READ}, audited=False)
def list_agents(call: Call, query: AgentFilter) -> Page[Agent]:
    """List agents, the newest first, by industry, job role and status."""
    tests = query.model_dump(include={"industry_id", "job_role_id", "status"}, exclude_none=True)
    with call.transaction() as txn:
        return txn.find(Agent, order="-created_at", limit=query.limit, cursor=query.cursor, **tests)
