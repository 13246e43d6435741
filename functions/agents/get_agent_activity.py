from shared.actors import PLATFORM, Scope
from shared.agents.models.agents import Agent
from shared.entity import Id
from shared.evidence import Entry, stream
from shared.operation import Call, operation
from shared.queries import Page, Paging


@operation(
    "GET",
    "/v1/agents/{agent_id}/activity",
    scopes={Scope.PLATFORM_READ},
    audited=False,
    tenant=PLATFORM,
)
def get_agent_activity(call: Call, agent_id: Id, query: Paging) -> Page[Entry]:
    """Return what happened to an agent, the newest first."""
    with call.transaction() as txn:
        agent = txn.get(Agent, agent_id)
        return txn.page(Entry, query, order="-eseq", entity=stream(agent))
