"""The parts that industries, skills and job roles are made of."""

from typing import Annotated, Literal

from pydantic import Field

from shared.constitution import Json16
from shared.entity import Name, SaidLine, Shown, Text, Value
from shared.judged import Exact

IndustryCode = Literal["HC", "ED", "FN", "MK", "SA", "PL"]
Classification = Literal["public", "internal", "confidential", "restricted_pii"]
ApprovalType = Literal["artifact", "communication", "execution", "financial", "constitutional"]
Risk = Literal["low", "medium", "high", "critical"]
Decision = Literal["allow", "deny", "escalate"]

Line = Annotated[SaidLine, Field(max_length=500)]
"""One short sentence."""

Prose = Annotated[Text, Field(min_length=10, max_length=2000)]
"""A description or a reason: a sentence at least."""

Summary = Annotated[Text, Field(min_length=10, max_length=1000)]
"""A shorter one."""

Key = Annotated[
    str, Field(min_length=1, max_length=100, pattern=r"^[A-Za-z0-9*][A-Za-z0-9_.:*/-]*$")
]
"""A technical name: a tool, a resource, a field, an event."""

Lines = Annotated[tuple[Line, ...], Field(max_length=50)]
Keys = Annotated[tuple[Key, ...], Field(max_length=50)]

# --- industries ----------------------------------------------------------------------------------


class Regulation(Value):
    """A law or standard, and the rules that it comes down to here."""

    name: Name
    """What the law or standard is called."""
    jurisdiction: Name
    """Where it holds."""
    requirements: Lines = ()
    """What it comes down to here, one sentence each."""


class DataClass(Value):
    """A class of data that the industry knows, how long it may be kept and how it is masked."""

    name: Name
    """What the class is called."""
    classification: Classification
    """How carefully it is treated."""
    max_retention_days: int = Field(ge=1, le=36_500)
    """For how many days it may be kept at most."""
    masking_rule: Line | None = None
    """How it is masked before anybody sees it; needed for what is confidential or restricted."""


# --- skills --------------------------------------------------------------------------------------


class ThinkPhase(Value):
    """What a skill asks and checks before it acts."""

    constitutional_queries: Annotated[tuple[Line, ...], Field(min_length=1, max_length=10)]
    """What it asks the constitution before it acts."""
    precedent_checks: Lines = ()
    """Which precedents it looks for."""
    input_rules: Lines = ()
    """What must hold of its input."""
    risk: Risk = "low"
    """How risky it is."""
    cost_estimate_micro_usd: int = Field(0, ge=0, le=1_000_000_000)
    """What one run costs, in millionths of a US dollar."""


class Step(Value):
    """One step of acting."""

    n: int = Field(ge=1, le=100)
    """Its number, from 1 without gaps: decision rights name it `<skill_key>.<n>`."""
    description: Line
    """What is done."""
    type: Literal[
        "api_call", "database_write", "file_operation", "computation", "external_communication"
    ]
    """What kind of act it is."""
    target: Key
    """What it acts on: a tool or a resource, by key."""
    external_effect: bool = False
    """Whether anything outside the platform changes."""
    reversibility: Literal["reversible", "delayed", "irreversible"] = "reversible"
    """Whether it can be taken back."""
    rollback: Shown = Field("", max_length=500)
    """How it is taken back; empty where there is nothing to take back."""


class ActPhase(Value):
    """What a skill does."""

    steps: tuple[Step, ...] = Field(max_length=50)
    """What is done, in order."""
    idempotent: bool = False
    """Whether doing it twice is doing it once."""
    timeout_seconds: int = Field(ge=1, le=600)
    """After how many seconds it is given up."""
    checkpoint_interval_seconds: int | None = Field(None, ge=1, le=86_400)
    """How often it writes down how far it is; null where it is too short for that."""


class FailureMode(Value):
    """How a skill can fail, and what then happens."""

    mode: Line
    """How it can fail."""
    error_code: Key
    """What that is called, for programs."""
    recovery: Literal["retry", "escalate", "rollback", "skip"]
    """What then happens."""


class ObservePhase(Value):
    """How a skill knows whether it succeeded."""

    success_criteria: Annotated[tuple[Line, ...], Field(min_length=1, max_length=50)]
    """How it sees that it succeeded."""
    logged_events: Keys = ()
    """What it logs; `skill.started`, `skill.completed` and `skill.failed` are mandatory."""
    failure_modes: tuple[FailureMode, ...] = Field((), max_length=50)
    """How it can fail, and what then happens."""


class ApprovalGate(Value):
    """The approval that a step waits for."""

    step_n: int = Field(ge=1, le=100)
    """The number of the step that waits."""
    approval_type: ApprovalType
    """What kind of approval it waits for."""


class DataAccess(Value):
    """Which fields of which data a skill touches, for what, and for how long."""

    resource: Key
    """Which data, by key."""
    fields: Annotated[Keys, Field(min_length=1)]
    """Which members of it; no wildcards."""
    mode: Literal["read", "write"]
    """Whether it is read or written."""
    classification: Classification
    """How carefully it is treated."""
    purpose: Line
    """What for."""
    retention_days: int = Field(ge=0, le=36_500)
    """For how many days it is kept; 0 means not at all."""


class Sample(Value):
    """An input and the output it should give, to hold the schemas against."""

    name: Name
    """What is tried."""
    input: Json16
    """An input that the input schema takes."""
    output: Json16
    """The output it should give, which the output schema takes."""


# --- job roles -----------------------------------------------------------------------------------


class ToolAuthorization(Value):
    """A tool that the role may use, how, and why."""

    tool_id: Key
    """Which tool, by key."""
    tool_type: Literal["api", "database", "service", "external_platform"]
    """What kind of tool it is."""
    scope: Literal["read", "write", "admin"]
    """How far it may be used."""
    purpose: Line
    """What for."""


class ConfirmationGate(Value):
    """An action that waits for somebody's approval: a tool's id, or one of its operations."""

    action: Key
    """The id of a tool, or one of its operations."""
    approver_role: Key
    """Who is asked."""
    approval_type: ApprovalType
    """What kind of approval it waits for."""


class Completion(Value):
    """When a trial of the role counts as a success."""

    trial_days: Annotated[Literal[7], Exact] = 7
    """How many days a trial lasts."""
    success_metrics: Annotated[Lines, Field(min_length=1)]
    """What must be reached in them."""
