"""Who made an agent, and so decides nothing about it."""

import re

from shared.agents.models import Agent
from shared.manifests.models import Manifest
from shared.operation import Call

WHY = "who made an agent decides nothing about it, and agents are the platform's"
_ID = r"[0-9a-f-]{36}"


def makers(call: Call, *agent_ids: object) -> tuple[str, ...]:
    """Return who asked for agents and wrote what they may do, besides themselves; what is no id names none."""
    ids = {id for id in agent_ids if isinstance(id, str) and re.fullmatch(_ID, id)}
    if not ids:
        return ()
    with call.platform(WHY) as platform:
        found = [(platform.peek(Agent, id), platform.peek(Manifest, id)) for id in sorted(ids)]
    return tuple(who for agent, manifest in found if agent for who in made_by(agent, manifest))


def made_by(agent: Agent, manifest: Manifest | None) -> tuple[str, ...]:
    """Return the same, of an agent and its manifest that were read already."""
    return (agent.id, agent.initiated_by, *(manifest.makers if manifest else ()))
