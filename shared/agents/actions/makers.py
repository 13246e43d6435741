"""Who made an agent, and so decides nothing about it."""

import re
from typing import TYPE_CHECKING, TypeGuard

from shared.operation import Call

if TYPE_CHECKING:
    # Most questions are about no agent: whoever asks one loads nothing of agents.
    from shared.agents.models.agents import Agent
    from shared.manifests.models.manifests import Manifest

WHY = "who made an agent decides nothing about it, and agents are the platform's"
_ID = re.compile(r"[0-9a-f-]{36}")


def makers(call: Call, *agent_ids: object, known: "Manifest | None" = None) -> tuple[str, ...]:
    """
    Return who asked for agents and wrote what they may do, besides themselves; what is no id names none.

    A manifest that is known already is not read again.
    """
    ids = {id for id in agent_ids if is_id(id)}
    if not ids:
        return ()
    from shared.agents.models.agents import Agent
    from shared.manifests.models.manifests import Manifest

    found: list[str] = []
    with call.platform(WHY) as platform:
        for id in sorted(ids):
            manifest = known if known and known.id == id else platform.get_or_none(Manifest, id)
            whole = manifest is not None and manifest.authors
            agent = None if whole else platform.get_or_none(Agent, id)
            found += (id, *made_by(agent, manifest))
    return tuple(found)


def is_id(named: object) -> TypeGuard[str]:
    """Say whether something may be the id of an agent."""
    return isinstance(named, str) and _ID.fullmatch(named) is not None


def made_by(agent: "Agent | None", manifest: "Manifest | None") -> tuple[str, ...]:
    """Return the same, of an agent and its manifest that were read already; the manifest's authors begin with who asked."""
    asked = (agent.id, agent.initiated_by) if agent else ()
    return (*asked, *(manifest.makers if manifest else ()))
