"""What a manifest says, and how its line of versions is kept."""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from shared.entity import (
    Entity,
    Hex64,
    Id,
    Name,
    Record,
    Text,
    Timestamp,
    Value,
)
from shared.genesis.models.parts import DataAccess
from shared.handling import Handling, PersonalData, WithAccount
from shared.manifests.models.bounds import DecisionRights, Scope, Slug
from shared.manifests.models.parts import (
    ApprovalPolicy,
    Capabilities,
    Dependency,
    Limits,
    Purpose,
    Safety,
    Semver,
    SkillPin,
    TrialTerms,
)

ManifestStatus = Literal["draft", "certified", "deployed", "suspended", "deprecated", "retired"]


class ManifestContent(Value):
    """What an author may write: everything that the manifest's hash covers but who it is for."""

    purpose: Purpose
    """What it is for."""
    skills: Annotated[tuple[SkillPin, ...], Field(min_length=1, max_length=20)]
    """Its skills, each at one exact version: all of the agent's, and no others."""
    scope_boundaries: Scope
    """What it does, and what it never does; the same as in the way of working."""
    capabilities: Capabilities
    """Everything it can use; what is not listed is denied."""
    decision_rights: DecisionRights
    """Who decides each act step; the same as in the way of working."""
    data_access: Annotated[tuple[DataAccess, ...], Field(max_length=100)] = ()
    """Which data it touches; no more than its skills do."""
    limits: Limits = Limits()
    """How much it may spend, and how often it may act."""
    trial: TrialTerms
    """What a trial of it may do."""
    safety: Safety
    """What contains it."""
    approval_policy: ApprovalPolicy
    """How approvals are asked for."""
    health_profile: Annotated[Mapping[Slug, int], Field(max_length=20)] = Field(
        default_factory=dict
    )
    """Limits that its author sets for its health, by the name of the figure; kept, and not acted on yet."""
    depends_on: Annotated[tuple[Dependency, ...], Field(max_length=20)] = ()
    """Other agents it leans on; the same as those of the agent."""
    policy_versions: Annotated[Mapping[Slug, Semver], Field(max_length=50)] = Field(
        default_factory=dict
    )
    """Which version of each policy it was written for, by the policy's name."""


class Certificate(Value):
    """That Genesis found the manifest in order, and until when that holds: until it evolves."""

    personal: ClassVar = PersonalData(ids="certified_by")

    certification_id: Id
    certified_by: str
    certified_at: Timestamp
    constitution_version: str
    manifest_hash: Hex64
    expires: Literal["evolution"] = "evolution"
    recertification_required: bool = False


class Reviewed(Value):
    """One approval that the manifest has."""

    kind: Literal["genesis", "architecture", "ethics", "governor"]
    ref: str
    at: Timestamp


class Change(Value):
    """One entry of the changelog."""

    personal: ClassVar = PersonalData(ids="author", texts="rationale")

    version: Semver
    type: Literal["initial", "proposal", "evolution"]
    at: Timestamp
    author: str
    classification: Literal["patch", "proposal", "evolution"]
    rationale: Text
    breaking: bool


class Runtime(Value):
    """How the manifest is in use; never hashed."""

    deployed_at: Timestamp | None = None
    traffic_percent: int = 0
    release_id: str | None = None


class Manifest(Entity):
    """The head of one agent's line of manifests; its id is the agent's."""

    collection: ClassVar[str] = "manifests"
    unversioned: ClassVar[frozenset[str]] = Entity.unversioned | {"runtime"}
    handling: ClassVar = Handling(kept=WithAccount(), export="tenant", erasure="deleted")
    personal: ClassVar = PersonalData(
        ids="created_by authors", texts="agent_name", nobody="content"
    )

    agent_name: Name
    industry_id: Id
    job_role_id: Id
    manifest_version: Semver = "0.1.0"
    manifest_hash: Hex64
    previous_manifest_hash: Hex64 | None = None
    status: ManifestStatus = "draft"
    constitution_version: str
    content: ManifestContent
    certification: Certificate | None = None
    approvals: tuple[Reviewed, ...] = ()
    changelog: tuple[Change, ...] = ()
    runtime: Runtime = Runtime()
    created_by: str
    authors: tuple[str, ...] = ()
    """Who asked for the agent, and everybody who wrote what it says; kept since 0.2.0."""

    @property
    def makers(self) -> tuple[str, ...]:
        """Everybody who is known to have written it."""
        return (self.created_by, *self.authors)


class ManifestSnapshot(Record):
    """A manifest as it was certified, kept under its hash: what a decision point loads."""

    collection: ClassVar[str] = "manifest_versions"
    handling: ClassVar = Handling(kept=WithAccount(), export="tenant", erasure="deleted")
    personal: ClassVar = PersonalData(nobody="content")

    agent_id: Id
    content: ManifestContent
    certification: Certificate
