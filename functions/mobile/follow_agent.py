from shared.agents.events.lifecycle import (
    AgentCreated,
    AgentPipelineStageCompleted,
    AgentRevised,
    AgentStateChanged,
)
from shared.agents.events.releases import AgentRolledBack, HealthStatusChanged
from shared.agents.models.parts import CERTIFICATION
from shared.entity import Event
from shared.mobile.actions import following
from shared.mobile.models.dashboard import AgentCard, DashboardTotals
from shared.projection import Fold, projection


@projection(
    of=(
        AgentCreated,
        AgentPipelineStageCompleted,
        AgentRevised,
        AgentRolledBack,
        AgentStateChanged,
        HealthStatusChanged,
    ),
    into=(AgentCard, DashboardTotals),
    repeatable=True,
)
def follow_agent(call: Fold, event: Event) -> None:
    """
    Keep an agent's card and the dashboard's counts of agents.

    A stage that is passed shows on no card, but the certification.
    """
    if isinstance(event, AgentPipelineStageCompleted):
        passed = event.result == "passed"
        if passed and event.stage != CERTIFICATION:
            return
    following.follow_agent(call)
