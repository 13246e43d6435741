from shared.actors import PLATFORM, Scope
from shared.agents.actions import probing
from shared.agents.models.agents import Agent
from shared.agents.rules import timeline
from shared.agents.rules.timeline import AgentHealth
from shared.entity import Id
from shared.operation import Call, operation


@operation(
    "GET",
    "/v1/agents/{agent_id}/health",
    scopes={Scope.PLATFORM_READ, Scope.AGENTS_RUN},
    audited=False,
    tenant=PLATFORM,
)
def get_agent_health(call: Call, agent_id: Id) -> AgentHealth:
    """Return how an agent is, and what the last watch over its release found."""
    with call.transaction() as txn:
        agent = txn.get(Agent, agent_id)
        watch = probing.latest(txn, agent.release_id) if agent.release_id else None
        return timeline.health(agent, watch, at=call.now)
