from typing import Annotated

from pydantic import ConfigDict, Field

from shared.actors import Scope
from shared.agents.models.agents import Agent
from shared.agents.models.parts import AgentStatus
from shared.entity import Id
from shared.operation import Call, operation
from shared.queries import Page, Paging


class AgentFilter(Paging):
    """Which agents to list."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"status": ["deployed"], "limit": 20}]}
    )

    industry_id: Id | None = None
    """Only agents of this industry."""
    job_role_id: Id | None = None
    """Only agents of this job role."""
    status: Annotated[tuple[AgentStatus, ...], Field(max_length=5)] = ()
    """Only agents in this status, or in one of several; any where none is named."""


@operation("GET", "/v1/agents", scopes={Scope.AGENTS_READ}, audited=False)
def list_agents(call: Call, query: AgentFilter) -> Page[Agent]:
    """List agents, the newest first, by industry, job role and status."""
    with call.transaction() as txn:
        return txn.page(Agent, query, order="-created_at", **query.tests())
