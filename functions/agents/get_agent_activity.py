from pydantic import ConfigDict

from shared.actors import PLATFORM, Scope
from shared.agents.models.agents import Agent
from shared.entity import Id
from shared.evidence import Entry, stream
from shared.operation import Call, operation
from shared.queries import Page, Paging


class ActivityQuery(Paging):
    """How much of an agent's activity to return."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"limit": 20}]})


@operation(
    "GET",
    "/v1/agents/{agent_id}/activity",
    scopes={Scope.PLATFORM_READ},
    audited=False,
    tenant=PLATFORM,
)
def get_agent_activity(call: Call, agent_id: Id, query: ActivityQuery) -> Page[Entry]:
    """Return what happened to an agent, the newest first."""
    with call.transaction() as txn:
        agent = txn.get(Agent, agent_id)
        return txn.find(
            Entry, order="-eseq", limit=query.limit, cursor=query.cursor, entity=stream(agent)
        )
