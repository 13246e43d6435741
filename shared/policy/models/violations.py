"""What was denied, counted: the report of violations."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from shared.deciding import Severity
from shared.entity import ActorId, Code, Printed, Timestamp, Value
from shared.handling import PersonalData
from shared.inputs import Parameters
from shared.policy.models.whatif import Counted

ViolationKind = Literal[
    "request_denied",
    "flow_forbidden",
    "capability_denied",
    "approval_mismatch",
    "undeclared_effect",
    "redaction_applied",
    "evaluation_error",
]
GroupBy = Literal["policy", "kind", "severity", "subject"]

MAX_DAYS = 31
MAX_DENIALS = 2_000
"""How many denials one report counts."""


class ViolationsQuery(Parameters):
    """Which denials are counted, and how."""

    since: Timestamp | None = Field(None, alias="from")
    """Those from then on; without it, of the last seven days."""
    to: Timestamp | None = None
    """Those until then; without it, until now. It is 31 days at most."""
    group_by: GroupBy | None = None
    """By what to count; without it, by all four."""
    format: Literal["json", "csv"] = "json"
    """`json`, or `csv`: a row for each violation, for a spreadsheet."""


class PolicyViolation(Value):
    """One denial by one rule."""

    personal: ClassVar = PersonalData(ids="subject")

    decision_id: Code
    """The decision that it is part of."""
    policy: Code
    """The bundle or the policy that denied."""
    rule: Code
    """The rule of it."""
    kind: ViolationKind
    """What kind of no it is."""
    severity: Severity
    """How serious it is that it was asked for."""
    subject: ActorId
    """Who asked for it."""
    action: Code
    """What was to be done."""
    resource: Code | None
    """To what; null where the address names nothing."""
    at: Timestamp
    """When it was denied."""


class Trend(Value):
    """How many there were in one hour or on one day."""

    begin: Timestamp
    """When the hour or the day begins, in UTC."""
    count: int
    """How many there were."""


class ViolationReport(Value):
    """What was denied in a time."""

    since: Timestamp = Field(alias="from")
    """From when on it counts."""
    to: Timestamp
    """Until when."""
    complete: bool
    """Whether all denials of that time are counted: the latest 2,000 are."""
    total: int
    """How many violations there were: a denial by two rules is two."""
    denials: int
    """How many acts were denied."""
    policies: int
    """How many policies denied something."""
    subjects: int
    """To how many something was denied."""
    by_policy: tuple[Counted, ...]
    """The violations by policy; empty where something else was asked for."""
    by_kind: tuple[Counted, ...]
    """The violations by kind; empty where something else was asked for."""
    by_severity: tuple[Counted, ...]
    """The violations by severity; empty where something else was asked for."""
    by_subject: tuple[Counted, ...]
    """The violations by whoever asked; empty where something else was asked for."""
    hourly: Annotated[tuple[Trend, ...], Field(max_length=24 * MAX_DAYS + 1)]
    """How many there were in each hour that had any."""
    daily: Annotated[tuple[Trend, ...], Field(max_length=MAX_DAYS + 1)]
    """How many there were on each day that had any."""
    top_policies: tuple[Counted, ...]
    """The ten policies that denied most."""
    top_subjects: tuple[Counted, ...]
    """The ten to whom most was denied."""
    top_resources: tuple[Counted, ...]
    """The ten things that most of it was about."""
    recommendations: tuple[Printed, ...]
    """What to look at, in words."""
