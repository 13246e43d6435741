"""What an agent is, and the events that change one."""

from datetime import datetime
from typing import Annotated, ClassVar, Literal
from urllib.parse import urlsplit

from pydantic import Field

from shared.agents.models.parts import (
    AgentDependency,
    AgentStatus,
    Health,
    Released,
    ReleaseState,
    Specification,
    Stage,
)
from shared.constitution import GovernedEntity, wild
from shared.entity import Hex64, Id, Name, Text, Timestamp
from shared.errors import Violation
from shared.handling import Handling, PersonalData, WithAccount
from shared.principles import breach

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
    handling: ClassVar = Handling(kept=WithAccount(), export="tenant", erasure="deleted")
    personal: ClassVar = PersonalData(
        ids="governor_id customer_id initiated_by",
        texts="name purpose suspended_reason",
        nobody="specification",
    )

    entity_type: Literal["agent"] = "agent"
    """What kind of entity this is."""
    name: Name
    """What people call it; no two agents have one name."""
    purpose: Text
    """What it is for, in a few sentences."""
    industry_id: Id
    """The certified industry it works in."""
    industry_code: str
    """The code of that industry, such as HC."""
    job_role_id: Id
    """The certified job role it does."""
    skills: Annotated[tuple[Id, ...], Field(min_length=1, max_length=20)]
    """The ids of its certified skills."""
    team_id: Id | None = None
    """The team it works in; null where it works alone."""
    governor_id: str | None = None
    """The Governor it answers to; null until somebody hires it."""
    engagement_id: str | None = None
    """The engagement it works in; null until somebody hires it."""
    customer_id: str | None = None
    """The customer it works for; null until somebody hires it."""
    status: AgentStatus = "draft"
    """How far it is: a draft goes through the pipeline, and only a deployed agent works."""
    workflow_id: Id
    """The run of the pipeline that makes it."""
    creation_stage: Stage | None = None
    """The stage of the pipeline it stands at; null once the pipeline is over."""
    release_state: ReleaseState = "none"
    """How far its release is."""
    release_id: Id | None = None
    """Its release; null before the first."""
    monitoring: Literal["normal", "elevated"] = "normal"
    """How closely it is watched; `elevated` for a time after it changed."""
    monitoring_until: Timestamp | None = None
    """Until when it is watched closely; null where it is not."""
    health_status: Health | None = None
    """How it is, by the last looks at it; null before the first."""
    specification: Specification
    """What was asked for when it was created."""
    manifest_version: str | None = None
    """The version of its manifest; null before one was submitted."""
    manifest_hash: Hex64 | None = None
    """The SHA-256 over its manifest's canonical JSON: what every approval of it names."""
    deployed_version: str | None = None
    """The version that is in service; null where none is."""
    version_history: tuple[Released, ...] = ()
    """Every release that went into service, the oldest first."""
    certification_id: Id | None = None
    """Genesis's certification of stage 3; null before."""
    architecture_review_id: Id | None = None
    """The Systems Architect's review of stage 4; null before."""
    ethics_review_id: Id | None = None
    """The Vision Guardian's review of stage 5; null before."""
    approval_id: Id | None = None
    """The Governor's approval of stage 6; null before."""
    trial_enabled: bool
    """Whether customers may try it."""
    trial_mode_sandbox_url: Annotated[str, Field(max_length=500)] | None = None
    """Where its calls go in a trial; null where it has none."""
    default_posture: Literal["deny"] = "deny"
    """What it may do where nothing is said: nothing."""
    depends_on: Annotated[tuple[AgentDependency, ...], Field(max_length=20)] = ()
    """Other agents that it leans on."""
    daily_budget_micro_usd: int = Field(1_000_000, ge=0, le=1_000_000_000)
    """What it may spend in a day, in millionths of a US dollar."""
    execution_cap_micro_usd: int = Field(500_000, ge=0, le=1_000_000_000)
    """What one run of it may spend, in millionths of a US dollar."""
    suspended_reason: Text | None = None
    """Why it is stopped; null while it is not."""
    initiated_by: str
    """Who created it, as their token names them."""

    @property
    def taken_back(self) -> bool:
        """Whether its release was taken back, and nothing of it serves."""
        return self.release_state in {"failed", "rolled_back"}

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
