"""The words that agents, their pipeline and their releases share, and the parts they are made of."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from shared.entity import Id, Name, Text, Timestamp, Value
from shared.genesis.models.parts import DataAccess
from shared.handling import PersonalData
from shared.manifests.models.bounds import Items, Scope, Slug

Stage = Annotated[int, Field(ge=1, le=7)]
AgentStatus = Literal[
    "draft", "certified", "deployed", "suspended", "deprecated", "rejected", "archived"
]
ReleaseState = Literal["none", "approved", "deploying", "live", "failed", "rolled_back"]
Health = Literal["healthy", "degraded", "unhealthy", "critical", "suspended"]
StageResult = Literal[
    "pending", "running", "passed", "failed", "returned", "escalated", "rolled_back"
]
RunStatus = Literal[
    "pending",
    "in_progress",
    "blocked",
    "awaiting_approval",
    "approved",
    "failed",
    "completed",
    "suspended",
    "rolled_back",
]
Profile = Literal["readiness", "watch"]
RollbackTrigger = Literal["deployment_failure", "incident", "governor_override"]
RollbackScope = Literal["deployment", "execution", "full"]

SPECIFICATION, AUTHORING, CERTIFICATION, ARCHITECTURE, ETHICS, APPROVAL, DEPLOYMENT = range(1, 8)

STAGES = {
    SPECIFICATION: "specification",
    AUTHORING: "me_wow_authoring",
    CERTIFICATION: "genesis_certification",
    ARCHITECTURE: "architecture_review",
    ETHICS: "ethics_review",
    APPROVAL: "governor_approval",
    DEPLOYMENT: "deployment",
}
"""The seven stages."""

BUDGET_MIN = {
    AUTHORING: 1440,
    CERTIFICATION: 120,
    ARCHITECTURE: 120,
    ETHICS: 120,
    APPROVAL: 240,
    DEPLOYMENT: 30,
}
"""How long each stage may take, in minutes; the first is done at once."""

MANDATORY_EVENTS = frozenset(
    {
        "skill.started",
        "skill.completed",
        "skill.failed",
        "approval.requested",
        "data.read",
        "data.written",
        "integration.called",
        "prompt.executed",
        "escalation.opened",
        "agent.state_changed",
    }
)
"""What every agent logs, whatever else it logs."""


class AgentDependency(Value):
    """Another agent that this one leans on."""

    agent_id: Id
    """The other agent."""
    kind: Literal["hard", "soft"]
    """Whether this one cannot work without it (`hard`), or does with less (`soft`)."""


class Specification(Value):
    """What was asked for when the agent was created: the input of the pipeline."""

    scope_boundaries: Scope
    """What the agent is to do, and what it leaves alone."""
    required_capabilities: Items
    """What it must be able to do, one sentence each."""
    data_access_requirements: Annotated[tuple[DataAccess, ...], Field(max_length=50)]
    """Which data it needs, for what, and for how long."""
    external_systems: Items
    """Which outside systems it reaches."""


class Released(Value):
    """One entry of an agent's version history; entries are only added."""

    personal: ClassVar = PersonalData(ids="approver", texts="reason")

    version: str
    """The version that went into service."""
    release_id: str
    """The release that brought it."""
    deployed_at: Timestamp
    """When it got its first traffic."""
    approver: str
    """Who approved it."""
    reason: str
    """What for."""
    rolled_back_at: Timestamp | None = None
    """When it was taken back; null where it was not."""


class DeploymentPlan(Value):
    """How the release is put out, and how it is taken back."""

    strategy: Literal["blue_green", "canary", "rolling"]
    """How traffic moves to the release."""
    steps: Annotated[tuple[Name, ...], Field(min_length=1, max_length=20)]
    """What is done to put it out, in order."""
    throughput_per_minute: int = Field(ge=1, le=100_000)
    """How many requests a minute it is made for."""
    p50_ms: int = Field(ge=1, le=600_000)
    """Within how many milliseconds half of the requests are answered."""
    p99_ms: int = Field(ge=1, le=600_000)
    """Within how many milliseconds 99 of 100 requests are answered."""
    max_concurrency: int = Field(ge=1, le=10_000)
    """How many requests at once it is made for."""
    consistency: Literal["strong", "eventual"]
    """Whether what it writes is seen at once, or after a while."""
    rollback: Annotated[tuple[Name, ...], Field(max_length=20)] = ()
    """What is done to take it back, in order."""
    rollback_plan_ref: Slug
    """Where the plan to take it back is; it is the manifest's."""
    blast_radius_note: Text
    """Who is hit if it goes wrong."""
