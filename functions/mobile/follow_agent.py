from shared.agents.events import (
    AgentCreated,
    AgentPipelineStageCompleted,
    AgentRevised,
    AgentRolledBack,
    AgentStateChanged,
    HealthStatusChanged,
)
from shared.entity import Event
from shared.mobile.actions import following
from shared.reaction import ReactionCall, reaction


@reaction(
    on=(
        AgentCreated,
        AgentPipelineStageCompleted,
        AgentRevised,
        AgentRolledBack,
        AgentStateChanged,
        HealthStatusChanged,
    ),
    repeatable=True,
)
def follow_agent(call: ReactionCall, event: Event) -> None:
    """Keep an agent's card and the dashboard's counts of agents."""
    del event
    following.follow_agent(call)
