from shared.actors import Scope
from shared.agents.models.agents import Agent
from shared.entity import Id
from shared.operation import Call, operation


@operation("GET", "/v1/agents/{agent_id}", scopes={Scope.AGENTS_READ}, audited=False)
def get_agent(call: Call, agent_id: Id) -> Agent:
    """Return one agent: its skills, its state, its versions and its evidence."""
    with call.transaction() as txn:
        return txn.get(Agent, agent_id)
