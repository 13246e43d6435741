"""What happens to agents, as it is announced."""

from pydantic import ConfigDict, Field

from shared.agents.models.parts import (
    Stage,
    StageResult,
)
from shared.entity import ActorId, Code, Event, Hex64, Id, Said, Timestamp


class AgentCreated(
    Event, action="agent.created", category="configuration_change", topic="agent-events"
):
    """An agent was specified, and its pipeline is to start."""

    name: Said
    industry_id: Id
    job_role_id: Id
    skills: tuple[Code, ...]
    governance_agent_id: Code
    workflow_id: Id


class AgentRevised(
    Event, action="agent.revised", category="configuration_change", topic="agent-events"
):
    """An agent that did not get into service was specified again, and its pipeline is to start anew."""

    workflow_id: Id
    workflow_before: Id
    from_state: Code
    job_role_id: Id
    skills: tuple[Code, ...]


class AgentPipelineStageCompleted(
    Event,
    action="agent.pipeline.stage_completed",
    category="certification",
    topic="agent-events",
    retention="constitutional",
):
    """A stage of the pipeline came to a result."""

    workflow_id: Id
    stage: Stage
    result: StageResult
    attempt: int
    gate_results_hash: Hex64
    next_stage: int | None
    deadline_at: Timestamp | None


class AgentStateChanged(
    Event,
    action="agent.state_changed",
    category="governance_decision",
    topic="agent-events",
    retention="constitutional",
):
    """An agent went from one state of its life to another."""

    model_config = ConfigDict(serialize_by_alias=True, validate_by_name=True)

    agent_id: Code
    from_state: Code = Field(alias="from")
    to_state: Code = Field(alias="to")
    reason: Said
    actor: ActorId
    workflow_id: Code | None = None
    violation_id: Code | None = None


class AuthorConcerned(Event, action="agent.author_concerned", category="external_communication"):
    """An agent came back or ended, and no question was answered so that its author asked: they are told."""

    workflow_id: Id
