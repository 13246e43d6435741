from typing import Literal

from pydantic import ConfigDict

from shared.agents import releases
from shared.agents.models import Agent
from shared.agents.releases import Release, ReleaseRouted
from shared.entity import Id, Value
from shared.errors import Conflict, NotFound
from shared.identity import PLATFORM, Scope
from shared.operation import Call, operation


class Routing(Value):
    """How much of the traffic a release gets."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"percent": 100}]})

    percent: Literal[10, 50, 100]


@operation(
    "POST",
    "/v1/agents/{agent_id}/releases/{release_id}/traffic",
    scopes={Scope.AGENTS_RUN},
    tenant=PLATFORM,
)
def route_release(call: Call, agent_id: Id, release_id: Id, body: Routing) -> Release:
    """Route traffic to a release that is ready."""
    with call.transaction() as txn:
        agent = txn.get(Agent, agent_id)
        before = txn.get(Release, release_id)
        if before.agent_id != agent_id:
            raise NotFound(f"there is no release {release_id} of this agent")
        if agent.release_id != release_id or agent.manifest_hash != before.manifest_hash:
            raise Conflict("the agent has another release by now", rule="hash_mismatch")
        after = releases.routed(before, body.percent)
        if after == before:
            return before
        return txn.save(after, ReleaseRouted(agent_id=agent_id, traffic_percent=body.percent))
