"""What a manifest says, and how its line of versions is kept."""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

from pydantic import ConfigDict, Field

from shared.entity import (
    Entity,
    Exact,
    Hex64,
    Id,
    Name,
    Opaque,
    Record,
    Text,
    Timestamp,
    Value,
)
from shared.genesis.parts import ApprovalType, DataAccess

ManifestStatus = Literal["draft", "certified", "deployed", "suspended", "deprecated", "retired"]
Reversibility = Literal["reversible", "delayed", "irreversible"]
BlastRadius = Literal["low", "medium", "high"]
Gated = Literal["publish", "post", "send", "place_order", "close_position"]

Semver = Annotated[str, Field(pattern=r"^\d{1,5}\.\d{1,5}\.\d{1,5}$")]
Slug = Annotated[
    str, Field(min_length=1, max_length=120, pattern=r"^[A-Za-z0-9][A-Za-z0-9._:/-]*$")
]
Items = Annotated[tuple[Name, ...], Field(max_length=50)]
Count = Annotated[int, Field(ge=0, le=1_000_000_000)]


class Scope(Value):
    """What the agent does, what it leaves alone, and what it refuses."""

    model_config = ConfigDict(validate_by_name=True, serialize_by_alias=True)

    inside: Items = Field(default=(), alias="in")
    out: Items = ()
    refusal_classes: Items = ()


class Purpose(Value):
    """What the agent is for, and how much of the Governor's time it expects to need."""

    domain: Literal["marketing", "education", "sales", "healthcare", "finance", "platform"]
    primary_function: Text
    customer_facing: bool
    expected_approvals_per_day: int = Field(ge=0, le=10_000)
    expected_seed_match_bp: int = Field(0, ge=0, le=10_000)
    """The share of approvals that precedents are expected to answer, in basis points."""


class SkillPin(Value):
    """One skill at one exact version."""

    skill_id: Id
    version: Semver
    hash: Hex64


class RequiresApproval(Value):
    """A decision that waits for an approval of a type."""

    decision: Slug
    approval_type: ApprovalType


class DecisionRights(Value):
    """Which act steps the agent takes by itself; a step is named ``<skill_key>.<n>``."""

    autonomous: Annotated[tuple[Slug, ...], Field(max_length=100)] = ()
    requires_approval: Annotated[tuple[RequiresApproval, ...], Field(max_length=100)] = ()


class Procedure(Value):
    """A certified way of doing something."""

    procedure_id: Slug
    name: Name
    version: Semver
    purpose: Text
    justified_by: Name
    source_ref: Name
    sha256: Hex64
    approval_required: ApprovalType | Literal["none"] = "none"
    data_access: Items = ()
    integrations: Items = ()
    prompts: Items = ()


class Tool(Value):
    """A tool the agent may call."""

    tool_id: Slug
    name: Name
    tool_type: Literal["data_reader", "data_writer", "calculator", "validator", "other"]
    purpose: Text
    justified_by: Name
    schema_hash: Hex64
    reversibility: Reversibility = "reversible"
    can_read: Items = ()
    can_write: Items = ()
    rate_limit_per_minute: int = Field(ge=1, le=10_000)
    cost_limit_micro_usd: Count
    timeout_s: int = Field(ge=1, le=600)


class Prompt(Value):
    """A prompt template the agent may use."""

    template_id: Slug
    version: Semver
    purpose: Text
    justified_by: Name
    model_allow_list: Items
    response_format: Literal["text", "json", "structured"]
    contains_customer_data: bool
    cost_limit_per_call_micro_usd: Count
    rate_limit_per_minute: int = Field(ge=1, le=10_000)
    daily_cost_limit_micro_usd: Count


class IntegrationOperation(Value):
    """One operation of an integration, with the gate in front of it."""

    name: Slug
    tool_id: Slug
    schema_hash: Hex64
    operation_type: Literal["read", "write", "delete", "bulk"]
    gated_action: Gated | None = None
    reversibility: Reversibility
    approval_required: ApprovalType | Literal["none"]
    rate_limit_per_minute: int = Field(ge=1, le=10_000)
    idempotency: Literal["native", "lookup", "none"]


class Sandbox(Value):
    """Where calls go in a trial."""

    route: Name
    mock: bool = True


class Integration(Value):
    """An outside system the agent may reach."""

    integration_id: Slug
    purpose: Text
    justified_by: Name
    operations: Annotated[tuple[IntegrationOperation, ...], Field(min_length=1, max_length=50)]
    allowed_hosts: Items
    credential_ref: Name
    sandbox: Sandbox


class Component(Value):
    """A stateless component of the agent's flow."""

    kind: Literal["connector", "pump", "processor", "publisher", "validator"]
    ref: Slug


class Capabilities(Value):
    """Everything the agent can use; what is not listed is denied."""

    procedures: Annotated[tuple[Procedure, ...], Field(max_length=50)] = ()
    tools: Annotated[tuple[Tool, ...], Field(max_length=50)] = ()
    prompts: Annotated[tuple[Prompt, ...], Field(max_length=50)] = ()
    integrations: Annotated[tuple[Integration, ...], Field(max_length=20)] = ()
    models: Items = ()
    components: Annotated[tuple[Component, ...], Field(max_length=50)] = ()


class Limits(Value):
    """How much the agent may spend and how often it may act."""

    daily_budget_micro_usd: Count = 1_000_000
    execution_cap_micro_usd: Count = 500_000
    max_runs_per_day: int | None = Field(None, ge=1, le=100_000)
    max_call_depth: int = Field(5, ge=1, le=5)
    max_queries_per_skill: int = Field(10, ge=0, le=10)
    rate_per_minute: int = Field(60, ge=1, le=10_000)


class TrialTerms(Value):
    """What a trial of the agent may do."""

    enabled: bool
    synthetic_data_only: Annotated[Literal[True], Exact] = True
    sandbox_routes_only: Annotated[Literal[True], Exact] = True
    blocked_receivers: Items = ()
    blocked_operations: Items = ("delete", "bulk")
    sandbox_url: Annotated[Opaque, Field(max_length=500)] | None = None


class EscalationTrigger(Value):
    """When the agent stops and asks, whom, and by when it expects an answer."""

    condition: Text
    destination: Literal[
        "governor", "deputy_governor", "genesis", "systems_architect", "vision_guardian", "manager"
    ]
    deadline_minutes: int = Field(ge=1, le=10_080)


EvolutionTrigger = Literal[
    "scope_expansion",
    "approval_reduction",
    "data_access_increase",
    "safety_weakening",
    "interface_changes",
    "decision_right_expansion",
]


class Safety(Value):
    """What contains the agent, and which changes make it another agent to certify."""

    default_posture: Literal["deny"] = "deny"
    containment: Items
    escalation_triggers: Annotated[tuple[EscalationTrigger, ...], Field(max_length=50)]
    evolution_triggers: Annotated[tuple[EvolutionTrigger, ...], Field(max_length=6)]
    rollback_plan_ref: Name
    blast_radius: BlastRadius


class Hook(Value):
    """Where governance takes hold of the agent: before a decision, on escalation, for audit, to stop."""

    hook_id: Slug
    kind: Literal["approval", "escalation", "audit", "stop"]
    decision: Slug | None = None
    approval_type: ApprovalType | None = None
    request_point: Name


class ApprovalPolicy(Value):
    """How approvals are asked for."""

    mode: Literal["always", "low_risk_seed"]
    gates: Annotated[tuple[Hook, ...], Field(max_length=100)]
    validity_hours: int = Field(24, ge=1, le=720)


class Dependency(Value):
    """Another agent this one leans on, and what happens without it."""

    agent_id: Id
    kind: Literal["hard", "soft"]
    version_range: Annotated[Name, Field(max_length=60)]
    when_absent: Text


class ManifestContent(Value):
    """What an author may write: everything that the manifest's hash covers but who it is for."""

    purpose: Purpose
    skills: Annotated[tuple[SkillPin, ...], Field(min_length=1, max_length=20)]
    scope_boundaries: Scope
    capabilities: Capabilities
    decision_rights: DecisionRights
    data_access: Annotated[tuple[DataAccess, ...], Field(max_length=100)] = ()
    limits: Limits = Limits()
    trial: TrialTerms
    safety: Safety
    approval_policy: ApprovalPolicy
    health_profile: Annotated[Mapping[Slug, int], Field(max_length=20)] = Field(
        default_factory=dict
    )
    depends_on: Annotated[tuple[Dependency, ...], Field(max_length=20)] = ()
    policy_versions: Annotated[Mapping[Slug, Semver], Field(max_length=50)] = Field(
        default_factory=dict
    )


class Certificate(Value):
    """That Genesis found the manifest in order, and until when that holds: until it evolves."""

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


class ManifestSnapshot(Record):
    """A manifest as it was certified, kept under its hash: what a decision point loads."""

    collection: ClassVar[str] = "manifest_versions"

    agent_id: Id
    content: ManifestContent
    certification: Certificate
