"""The parts that industries, skills and job roles are made of."""

from typing import Annotated, Literal

from pydantic import Field

from shared.constitution import Json16
from shared.entity import Exact, Name, Shown, Text, Value

IndustryCode = Literal["HC", "ED", "FN", "MK", "SA", "PL"]
Classification = Literal["public", "internal", "confidential", "restricted_pii"]
ApprovalType = Literal["artifact", "communication", "execution", "financial", "constitutional"]
Risk = Literal["low", "medium", "high", "critical"]
Decision = Literal["allow", "deny", "escalate"]

Line = Annotated[Name, Field(max_length=500)]
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
    jurisdiction: Name
    requirements: Lines = ()


class DataClass(Value):
    """A class of data that the industry knows, how long it may be kept and how it is masked."""

    name: Name
    classification: Classification
    max_retention_days: int = Field(ge=1, le=36_500)
    masking_rule: Line | None = None


# --- skills --------------------------------------------------------------------------------------


class ThinkPhase(Value):
    """What a skill asks and checks before it acts."""

    constitutional_queries: Annotated[tuple[Line, ...], Field(min_length=1, max_length=10)]
    precedent_checks: Lines = ()
    input_rules: Lines = ()
    risk: Risk = "low"
    cost_estimate_micro_usd: int = Field(0, ge=0, le=1_000_000_000)


class Step(Value):
    """One step of acting."""

    n: int = Field(ge=1, le=100)
    description: Line
    type: Literal[
        "api_call", "database_write", "file_operation", "computation", "external_communication"
    ]
    target: Key
    external_effect: bool = False
    reversibility: Literal["reversible", "delayed", "irreversible"] = "reversible"
    rollback: Shown = Field("", max_length=500)


class ActPhase(Value):
    """What a skill does."""

    steps: tuple[Step, ...] = Field(max_length=50)
    idempotent: bool = False
    timeout_seconds: int = Field(ge=1, le=600)
    checkpoint_interval_seconds: int | None = Field(None, ge=1, le=86_400)


class FailureMode(Value):
    """How a skill can fail, and what then happens."""

    mode: Line
    error_code: Key
    recovery: Literal["retry", "escalate", "rollback", "skip"]


class ObservePhase(Value):
    """How a skill knows whether it succeeded."""

    success_criteria: Annotated[tuple[Line, ...], Field(min_length=1, max_length=50)]
    logged_events: Keys = ()
    failure_modes: tuple[FailureMode, ...] = Field((), max_length=50)


class ApprovalGate(Value):
    """The approval that a step waits for."""

    step_n: int = Field(ge=1, le=100)
    approval_type: ApprovalType


class DataAccess(Value):
    """Which fields of which data a skill touches, for what, and for how long."""

    resource: Key
    fields: Annotated[Keys, Field(min_length=1)]
    mode: Literal["read", "write"]
    classification: Classification
    purpose: Line
    retention_days: int = Field(ge=0, le=36_500)


class Sample(Value):
    """An input and the output it should give, to hold the schemas against."""

    name: Name
    input: Json16
    output: Json16


# --- job roles -----------------------------------------------------------------------------------


class ToolAuthorization(Value):
    """A tool that the role may use, how, and why."""

    tool_id: Key
    tool_type: Literal["api", "database", "service", "external_platform"]
    scope: Literal["read", "write", "admin"]
    purpose: Line


class ConfirmationGate(Value):
    """An action that waits for somebody's approval: a tool's id, or one of its operations."""

    action: Key
    approver_role: Key
    approval_type: ApprovalType


class Completion(Value):
    """When a trial of the role counts as a success."""

    trial_days: Annotated[Literal[7], Exact] = 7
    success_metrics: Annotated[Lines, Field(min_length=1)]
