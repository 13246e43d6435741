"""What notices say of agents."""

from datetime import datetime

from shared.agents.models.agents import Agent
from shared.agents.models.parts import AUTHORING
from shared.notifications.models import Claim
from shared.notifications.rules.subjects import Subject


def claims(agent: Agent, at: datetime) -> dict[Claim, bool]:  # noqa: ARG001 - it is so until the record says else
    """Say of each thing that notices say of an agent whether it is so."""
    return {
        "suspended": agent.status == "suspended",
        "in_service": agent.status == "deployed",
        "taken_back": agent.taken_back,
        "sent_back": agent.creation_stage == AUTHORING,
        "ended": agent.creation_stage is None and agent.status != "deployed",
    }


AGENTS = Subject(
    Agent,
    claims=claims,
    became=lambda agent: (agent.name, f"It is {agent.status} now."),
    details=lambda agent: {"agent_id": agent.id, "agent_name": agent.name},
)
