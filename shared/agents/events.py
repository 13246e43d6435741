"""What happens to agents, their runs and their releases, as it is announced."""

from typing import Literal

from pydantic import ConfigDict, Field

from shared.agents.models.parts import (
    Health,
    Profile,
    RollbackScope,
    RollbackTrigger,
    RunStatus,
    Stage,
    StageResult,
)
from shared.agents.models.releases import FailedLook, Outcome
from shared.agents.models.runs import Failure, Pattern
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


class AgentRolledBack(
    Event,
    action="agent.rolled_back",
    category="version_change",
    topic="agent-events",
    severity="warning",
    retention="constitutional",
):
    """A release of an agent was taken back."""

    trigger: RollbackTrigger
    scope: RollbackScope
    from_version: Code
    restored_version: Code | None
    outcome: Literal["rolled_back", "partial", "failed"]


class HealthStatusChanged(
    Event, action="health.status", category="configuration_change", topic="agent-events"
):
    """An agent's health changed, or a watch over it ended."""

    status: Health
    check_type: Literal[
        "heartbeat",
        "response_time",
        "error_rate",
        "resource",
        "approval_compliance",
        "scope_adherence",
    ]
    incident_id: Code | None = None
    saw: Code | None = None
    """What the last look saw that did not find it well."""


class AgentReleaseStarted(Event, action="agent.release_started", category="version_change"):
    """A release of an agent is being put out."""

    release_id: Code
    version: Code
    manifest_hash: Hex64
    workflow_id: Id


class ReleaseCreated(Event, action="release.created", category="version_change"):
    """A release was made, at no traffic."""

    agent_id: Id
    workflow_id: Id
    approval_id: Id
    version: Code
    manifest_hash: Hex64


class ReleaseRouted(Event, action="release.routed", category="version_change"):
    """A release got traffic."""

    agent_id: Id
    traffic_percent: int


class ReleaseWatched(
    Event, action="release.watched", category="version_change", topic="agent-events"
):
    """A watch over a release ended."""

    agent_id: Id
    workflow_id: Id
    profile: Profile
    watch_outcome: Outcome
    probes: int
    failures: int
    failed_looks: tuple[FailedLook, ...] = ()
    """What the last failed looks saw."""


class ReleaseTakenBack(
    Event, action="rollback.completed", category="version_change", severity="warning"
):
    """A release was taken back."""

    agent_id: Id
    trigger: RollbackTrigger
    state: Code


class ReleaseProbeDue(Event, action="release.probe_due", category="configuration_change"):
    """It is time to look at a release once more."""

    release_id: Id
    profile: Profile
    probe: int


class _OfRun(Event, category="configuration_change", retention="constitutional"):
    agent_id: Id


class WorkflowStarted(_OfRun, action="workflow.started"):
    """A run of the pipeline was opened."""

    kind: Literal["agent_creation"]
    definition_version: Code


class WorkflowClaimed(_OfRun, action="workflow.claimed"):
    """An execution took the run over."""

    execution: Code


class WorkflowStageEntered(_OfRun, action="workflow.stage_entered"):
    """A stage was opened, and its machine checks were done."""

    stage: Stage
    attempt: int
    input_hash: Hex64
    failed_checks: tuple[Code, ...] = ()


class WorkflowStageSettled(_OfRun, action="workflow.stage_settled"):
    """A stage came to a result."""

    stage: Stage
    attempt: int
    result: StageResult
    output_hash: Hex64
    duration_ms: int
    failure_code: Code | None
    next_stage: int | None


class WorkflowVerdictRecorded(
    _OfRun, action="workflow.verdict_recorded", category="governance_decision"
):
    """An evaluator judged a check."""

    stage: Stage
    check_code: Code
    verdict: Literal["pass", "fail", "escalate"]
    patterns: tuple[Pattern, ...] = ()


class MeWowSubmitted(_OfRun, action="workflow.me_wow_submitted"):
    """An author submitted a way of working."""

    me_wow_hash: Hex64
    manifest_hash: Hex64
    completeness: int
    gaps: int


class WorkflowEnded(_OfRun, action="workflow.ended", outcome="failure"):
    """A run ended without a deployed agent."""

    status: RunStatus
    failure_code: Failure
    reason: Said


class RunStranded(Event, action="workflow.stranded", category="agent_action_error"):
    """Nobody carries a run out any more."""

    execution: Code | None = None
