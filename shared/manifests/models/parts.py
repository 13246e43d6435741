"""The parts that manifests are made of."""

from typing import Annotated, Literal

from pydantic import Field

from shared.entity import Hex64, Id, Name, Opaque, Text, Value
from shared.genesis.models.parts import ApprovalType
from shared.judged import Exact
from shared.manifests.models.bounds import EscalationTrigger, Items, Slug

Reversibility = Literal["reversible", "delayed", "irreversible"]
BlastRadius = Literal["low", "medium", "high"]
Gated = Literal["publish", "post", "send", "place_order", "close_position"]
Semver = Annotated[str, Field(pattern=r"^\d{1,5}\.\d{1,5}\.\d{1,5}$")]
Count = Annotated[int, Field(ge=0, le=1_000_000_000)]


class Purpose(Value):
    """What the agent is for, and how much of the Governor's time it expects to need."""

    domain: Literal["marketing", "education", "sales", "healthcare", "finance", "platform"]
    """What the work is about."""
    primary_function: Text
    """What it mainly does."""
    customer_facing: bool
    """Whether customers see its work directly."""
    expected_approvals_per_day: int = Field(ge=0, le=10_000)
    """How many questions a day it expects to ask; at most ten may be left to people."""
    expected_seed_match_bp: int = Field(0, ge=0, le=10_000)
    """The share of approvals that precedents are expected to answer, in basis points."""


class SkillPin(Value):
    """One skill at one exact version."""

    skill_id: Id
    """The `id` of a skill of the agent."""
    version: Semver
    """That skill's `version`."""
    hash: Hex64
    """That skill's `version_hash`, as `GET /v1/genesis/skills/{skill_id}` shows it."""


class Procedure(Value):
    """A certified way of doing something."""

    procedure_id: Slug
    """By what it is cited within the manifest."""
    name: Name
    """What people call it."""
    version: Semver
    """Exactly which one of them may be used."""
    purpose: Text
    """What it is for."""
    justified_by: Name
    """The line of what is in scope that it serves, word for word."""
    source_ref: Name
    """Where it is written down."""
    sha256: Hex64
    """The SHA-256 over the bytes of what is written there."""
    approval_required: ApprovalType | Literal["none"] = "none"
    """What kind of approval it waits for."""
    data_access: Items = ()
    """Which resources it touches."""
    integrations: Items = ()
    """Which integrations it uses."""
    prompts: Items = ()
    """Which prompts it uses."""


class Tool(Value):
    """A tool the agent may call."""

    tool_id: Slug
    """Its id: a tool that the job role authorises."""
    name: Name
    """What people call it."""
    tool_type: Literal["data_reader", "data_writer", "calculator", "validator", "other"]
    """What kind of tool it is."""
    purpose: Text
    """What it is for."""
    justified_by: Name
    """The line of what is in scope that it serves, word for word."""
    schema_hash: Hex64
    """The SHA-256 over the canonical JSON of its interface's schema."""
    reversibility: Reversibility = "reversible"
    """Whether what it does can be taken back."""
    can_read: Items = ()
    """Which resources it may read; no wildcards."""
    can_write: Items = ()
    """Which resources it may write; no wildcards."""
    rate_limit_per_minute: int = Field(ge=1, le=10_000)
    """How often a minute it may be called."""
    cost_limit_micro_usd: Count
    """What one call may cost, in millionths of a US dollar."""
    timeout_s: int = Field(ge=1, le=600)
    """After how many seconds a call is given up."""


class Prompt(Value):
    """A prompt template the agent may use."""

    template_id: Slug
    """Which template it is, as the prompt registry names it."""
    version: Semver
    """Exactly which one of them may be used."""
    purpose: Text
    """What it is for."""
    justified_by: Name
    """The line of what is in scope that it serves, word for word."""
    model_allow_list: Items
    """Which models may be asked; no wildcards."""
    response_format: Literal["text", "json", "structured"]
    """What the answer looks like."""
    contains_customer_data: bool
    """Whether customers' data is put into it."""
    cost_limit_per_call_micro_usd: Count
    """What one call may cost, in millionths of a US dollar."""
    rate_limit_per_minute: int = Field(ge=1, le=10_000)
    """How often a minute it may be used."""
    daily_cost_limit_micro_usd: Count
    """What its calls of a day may cost, in millionths of a US dollar."""


class IntegrationOperation(Value):
    """One operation of an integration, with the gate in front of it."""

    name: Slug
    """What the operation is called."""
    tool_id: Slug
    """The tool that calls it."""
    schema_hash: Hex64
    """The SHA-256 over the canonical JSON of its schema."""
    operation_type: Literal["read", "write", "delete", "bulk"]
    """What kind of operation it is."""
    gated_action: Gated | None = None
    """The act that always waits for an approval, if it is one; null where it is none."""
    reversibility: Reversibility
    """Whether what it does can be taken back."""
    approval_required: ApprovalType | Literal["none"]
    """What kind of approval it waits for."""
    rate_limit_per_minute: int = Field(ge=1, le=10_000)
    """How often a minute it may be called."""
    idempotency: Literal["native", "lookup", "none"]
    """How a repeat is recognised: by the other side, by looking first, or not at all."""


class Sandbox(Value):
    """Where calls go in a trial."""

    route: Name
    """Where calls go instead."""
    mock: bool = True
    """Whether an imitation answers there."""


class Integration(Value):
    """An outside system the agent may reach."""

    integration_id: Slug
    """By what operations, interfaces and policies cite it."""
    purpose: Text
    """What it is for."""
    justified_by: Name
    """The line of what is in scope that it serves, word for word."""
    operations: Annotated[tuple[IntegrationOperation, ...], Field(min_length=1, max_length=50)]
    """What may be called there; everything else is denied."""
    allowed_hosts: Items
    """Which hosts may be reached; no wildcards."""
    credential_ref: Name
    """Where its credential is kept: a name, never the secret."""
    sandbox: Sandbox
    """Where calls go in a trial."""


class Component(Value):
    """A stateless component of the agent's flow."""

    kind: Literal["connector", "pump", "processor", "publisher", "validator"]
    """What kind of component it is."""
    ref: Slug
    """Which one."""


class Capabilities(Value):
    """Everything the agent can use; what is not listed is denied."""

    procedures: Annotated[tuple[Procedure, ...], Field(max_length=50)] = ()
    """Certified ways of doing something."""
    tools: Annotated[tuple[Tool, ...], Field(max_length=50)] = ()
    """Tools it may call."""
    prompts: Annotated[tuple[Prompt, ...], Field(max_length=50)] = ()
    """Prompt templates it may use."""
    integrations: Annotated[tuple[Integration, ...], Field(max_length=20)] = ()
    """Outside systems it may reach."""
    models: Items = ()
    """Models it may ask."""
    components: Annotated[tuple[Component, ...], Field(max_length=50)] = ()
    """The parts of its flow, in order."""


class Limits(Value):
    """How much the agent may spend and how often it may act."""

    daily_budget_micro_usd: Count = 1_000_000
    """What it may spend in a day, in millionths of a US dollar."""
    execution_cap_micro_usd: Count = 500_000
    """What one run may spend, in millionths of a US dollar."""
    max_runs_per_day: int | None = Field(None, ge=1, le=100_000)
    """How often a day it may run; null for no limit of its own."""
    max_call_depth: int = Field(5, ge=1, le=5)
    """How deep its calls may lead to further calls."""
    max_queries_per_skill: int = Field(10, ge=0, le=10)
    """How often one skill may ask for knowledge."""
    rate_per_minute: int = Field(60, ge=1, le=10_000)
    """How often a minute it may act."""


class TrialTerms(Value):
    """What a trial of the agent may do."""

    enabled: bool
    """Whether customers may try it."""
    synthetic_data_only: Annotated[Literal[True], Exact] = True
    """That no real data is touched in a trial."""
    sandbox_routes_only: Annotated[Literal[True], Exact] = True
    """That every call of a trial goes to a sandbox."""
    blocked_receivers: Items = ()
    """Who never gets anything in a trial."""
    blocked_operations: Items = ("delete", "bulk")
    """Which kinds of operation never run in a trial."""
    sandbox_url: Annotated[Opaque, Field(max_length=500)] | None = None
    """Where calls go in a trial; needed where trials are enabled."""


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
    """What it may do where nothing is said: nothing."""
    containment: Items
    """What holds it back, one line each."""
    escalation_triggers: Annotated[tuple[EscalationTrigger, ...], Field(max_length=50)]
    """When it stops and asks somebody."""
    evolution_triggers: Annotated[tuple[EvolutionTrigger, ...], Field(max_length=6)]
    """Which changes make it another agent, to be certified again; all six are needed."""
    rollback_plan_ref: Name
    """Where the plan to take it back is."""
    blast_radius: BlastRadius
    """How many are hit if it goes wrong."""


class Hook(Value):
    """Where governance takes hold of the agent: before a decision, on escalation, for audit, to stop."""

    hook_id: Slug
    """By what it is cited within the manifest."""
    kind: Literal["approval", "escalation", "audit", "stop"]
    """What happens there; every kind is needed."""
    decision: Slug | None = None
    """The act step that waits: `<skill_key>.<n>`; needed for an approval."""
    approval_type: ApprovalType | None = None
    """What kind of approval it waits for; needed for an approval."""
    request_point: Name
    """Where in the flow it is."""


class ApprovalPolicy(Value):
    """How approvals are asked for."""

    mode: Literal["always", "low_risk_seed"]
    """Whether a person is always asked, or a precedent may answer what is of low risk."""
    gates: Annotated[tuple[Hook, ...], Field(max_length=100)]
    """Where governance takes hold."""
    validity_hours: int = Field(24, ge=1, le=720)
    """How many hours an approval may be used."""


class Dependency(Value):
    """Another agent this one leans on, and what happens without it."""

    agent_id: Id
    """The other agent."""
    kind: Literal["hard", "soft"]
    """Whether this one cannot work without it (`hard`), or does with less (`soft`)."""
    version_range: Annotated[Name, Field(max_length=60)]
    """Which of its versions will do."""
    when_absent: Text
    """What this one does without it."""
