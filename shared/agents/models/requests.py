"""What somebody sends to have an agent made, and to stop one."""

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field

from shared.agents import examples
from shared.agents.models.parts import AgentDependency, Specification
from shared.entity import Id, Name, Opaque, Text, Value
from shared.genesis.models.parts import DataAccess
from shared.manifests.models.bounds import Items
from shared.manifests.models.bounds import Scope as Boundaries


class AgentContent(Value):
    """What an agent is to do, and what it is made of."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.agent_content()]})

    purpose: Text
    """What it is for, in a few sentences."""
    job_role_id: Id
    """The `id` of a certified job role of its industry."""
    skills: Annotated[tuple[Id, ...], Field(min_length=1, max_length=20)]
    """The `id` of every skill that the job role requires, each certified; and of its optional ones, as you like."""
    scope_boundaries: Boundaries
    """What it is to do, what it leaves alone, and what it refuses."""
    required_capabilities: Items
    """What it must be able to do, one sentence each."""
    data_access_requirements: Annotated[tuple[DataAccess, ...], Field(max_length=50)]
    """Which data it needs, for what, and for how long."""
    external_systems: Items
    """Which outside systems it is to reach."""
    trial_enabled: bool
    """Whether customers may try it."""
    trial_mode_sandbox_url: Annotated[Opaque, Field(max_length=500)] | None = None
    """Where its calls go in a trial; needed where trials are enabled."""
    depends_on: Annotated[tuple[AgentDependency, ...], Field(max_length=20)] = ()
    """Other agents that it leans on; no circles."""

    def content(self) -> dict[str, Any]:
        """Return the members of the agent."""
        return {
            "purpose": self.purpose,
            "job_role_id": self.job_role_id,
            "skills": self.skills,
            "specification": Specification(
                scope_boundaries=self.scope_boundaries,
                required_capabilities=self.required_capabilities,
                data_access_requirements=self.data_access_requirements,
                external_systems=self.external_systems,
            ),
            "trial_enabled": self.trial_enabled,
            "trial_mode_sandbox_url": self.trial_mode_sandbox_url,
            "depends_on": self.depends_on,
        }


class NewAgent(AgentContent):
    """What an agent is to be: the input of the pipeline's first stage."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.agent()]})

    name: Name
    """What people will call it; no two agents have one name."""
    industry_id: Id
    """The `id` of a certified industry."""
    governance_agent_id: Annotated[Opaque, Field(min_length=1, max_length=160)]
    """Who it answers to: `genesis`, `governor`, or `engagement_governor:` and an engagement."""


class Rollback(Value):
    """How a rollback went."""

    outcome: Literal["rolled_back", "partial", "failed"]
    """How far it went: everything back, some of it, or nothing."""
    from_version: str
    """The version that was taken out of service."""
    restored_version: str | None
    """The version that serves instead; null where there was none before."""
    steps: tuple[str, ...]
    """What was done, in order."""
    evidence_archive_ref: str
    """Where the evidence of the release is kept."""
    duration_ms: int
    """How long it took, in milliseconds."""
