"""What an agent is, and the events that change one."""

from datetime import datetime
from typing import Annotated, ClassVar, Literal
from urllib.parse import urlsplit

from pydantic import ConfigDict, Field

from shared.agents.parts import (
    AgentDependency,
    AgentStatus,
    Health,
    Released,
    ReleaseState,
    RollbackScope,
    RollbackTrigger,
    Specification,
    Stage,
    StageResult,
)
from shared.constitution import GovernedEntity, breach, wild
from shared.entity import ActorId, Code, Event, Hex64, Id, Name, Said, Text, Timestamp
from shared.errors import Violation

EVIDENCE = (
    "certification_id",
    "architecture_review_id",
    "ethics_review_id",
    "approval_id",
    "manifest_hash",
)
"""What an agent must have before it is deployed."""


class Agent(GovernedEntity):
    """An agent: one industry, one job role, certified skills, and a way of working that was approved."""

    collection: ClassVar[str] = "agents"
    unversioned: ClassVar[frozenset[str]] = GovernedEntity.unversioned | {
        "health_status",
        "monitoring",
        "monitoring_until",
        "creation_stage",
    }
    immutable: ClassVar[tuple[str, ...]] = (*GovernedEntity.immutable, "industry_id")

    entity_type: Literal["agent"] = "agent"
    name: Name
    purpose: Text
    industry_id: Id
    industry_code: str
    job_role_id: Id
    skills: Annotated[tuple[Id, ...], Field(min_length=1, max_length=20)]
    team_id: Id | None = None
    governor_id: str | None = None
    engagement_id: str | None = None
    customer_id: str | None = None
    status: AgentStatus = "draft"
    workflow_id: Id
    creation_stage: Stage | None = None
    release_state: ReleaseState = "none"
    release_id: Id | None = None
    monitoring: Literal["normal", "elevated"] = "normal"
    monitoring_until: Timestamp | None = None
    health_status: Health | None = None
    specification: Specification
    manifest_version: str | None = None
    manifest_hash: Hex64 | None = None
    deployed_version: str | None = None
    version_history: tuple[Released, ...] = ()
    certification_id: Id | None = None
    architecture_review_id: Id | None = None
    ethics_review_id: Id | None = None
    approval_id: Id | None = None
    trial_enabled: bool
    trial_mode_sandbox_url: Annotated[str, Field(max_length=500)] | None = None
    default_posture: Literal["deny"] = "deny"
    depends_on: Annotated[tuple[AgentDependency, ...], Field(max_length=20)] = ()
    daily_budget_micro_usd: int = Field(1_000_000, ge=0, le=1_000_000_000)
    execution_cap_micro_usd: int = Field(500_000, ge=0, le=1_000_000_000)
    suspended_reason: Text | None = None
    initiated_by: str

    def watched_closely(self, at: datetime) -> bool:
        """Say whether the elevated monitoring after a release or a reactivation still runs."""
        until = self.monitoring_until
        return self.monitoring == "elevated" and until is not None and at < until

    def violations(self) -> tuple[Violation, ...]:
        """Return what breaks the predicates of an agent."""
        return (*super().violations(), *_own(self))


def _own(agent: Agent) -> list[Violation]:
    url = agent.trial_mode_sandbox_url
    scope = agent.specification.scope_boundaries
    lists = (*scope.inside, *scope.out, *agent.specification.required_capabilities)
    lists += agent.specification.external_systems
    live = agent.status in {"deployed", "suspended"}
    missing = [name for name in EVIDENCE if not getattr(agent, name)]
    found = (
        (bool(agent.engagement_id) and not agent.governor_id, "L0-01", "governor_id", "missing"),
        (
            agent.trial_enabled and not sandbox(url or ""),
            "L0-03",
            "trial_mode_sandbox_url",
            "is no valid URL, and a trial needs one",
        ),
        (wild(lists), "L0-04", "specification", "holds a wildcard"),
        (live and bool(missing), "L0-07", "status", f"deployed without {', '.join(missing)}"),
    )
    return [breach(code, f"{field} {what}", field) for broken, code, field, what in found if broken]


def sandbox(url: str) -> bool:
    """Say whether an address can be a sandbox: https, or a mock of the platform's own."""
    parts = urlsplit(url)
    return parts.scheme in {"https", "sandbox", "ai-mock"} and bool(parts.netloc)


# --- events --------------------------------------------------------------------------------------


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


class AgentReleaseStarted(Event, action="agent.release_started", category="version_change"):
    """A release of an agent is being put out."""

    release_id: Code
    version: Code
    manifest_hash: Hex64
    workflow_id: Id
