"""Where what policies do differs from what they did in the hour before."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from shared.entity import Code, Entity, Id, Printed, Timestamp, Value
from shared.handling import Blanked, Handling, PersonalData, WithAccount
from shared.jobs import Work

DriftType = Literal[
    "compliance_degradation",
    "policy_bypass",
    "unexpected_behavior",
    "coverage_gap",
    "version_skew",
]
Level = Literal["low", "medium", "high", "critical"]


class PolicyDrift(Value):
    """One difference between five minutes and the hour before them."""

    personal: ClassVar = PersonalData(nobody="suggestions")

    drift_type: DriftType
    """What kind of difference it is."""
    severity: Level
    """How large it is."""
    policy: Code
    """The policy that it is about; `all` where it is about no single one."""
    metric: Code
    """What was measured."""
    current_bp: int
    """What it was in the five minutes, in basis points (100 are one percent)."""
    expected_bp: int
    """What it was in the hour before, in basis points."""
    drift_bp: int
    """By how much these differ."""
    bucket_start: Timestamp
    """When the five minutes began."""
    suggestions: tuple[Printed, ...]
    """What to look at, in words."""


class DriftAlert(Entity):
    """A difference that was found by itself, and whether it is there still; one of each kind, policy and metric."""

    collection: ClassVar[str] = "policy_drifts"
    handling: ClassVar = Handling(
        kept=WithAccount(), export="tenant", erasure=Blanked("to whom much was denied")
    )
    personal: ClassVar = PersonalData(ids="metric", nobody="suggestions")

    drift_type: DriftType
    """What kind of difference it is."""
    severity: Level
    """How large it was when it was found."""
    policy: Code
    """The policy that it is about; `all` where it is about no single one."""
    metric: Code
    """What was measured."""
    current_bp: int
    """What it was in the five minutes, in basis points (100 are one percent)."""
    expected_bp: int
    """What it was in the hour before, in basis points."""
    drift_bp: int
    """By how much these differ."""
    bucket_start: Timestamp
    """When the five minutes began."""
    suggestions: Annotated[tuple[Printed, ...], Field(max_length=10)]
    """What to look at, in words."""
    status: Literal["open", "over"] = "open"
    """Whether the last look found it still."""
    found_at: Timestamp
    """When it was found last while it was not there before."""


class DriftWatch(Work, kind="policy.drift_watch"):
    """Look in every tenant that has policies whether what they do differs from what they did in the hour before."""

    until: Timestamp
    """Until when decisions are looked at."""


class DriftWatched(Value):
    """What a round of looking came to."""

    tenants: int
    """How many tenants were visited."""


class DriftAlertView(Value):
    """A difference that was found by itself and is there still."""

    personal: ClassVar = PersonalData(ids="metric", nobody="suggestions")

    alert_id: Id
    """By which it is told from others: the same for each difference of one kind, policy and metric."""
    drift_type: DriftType
    """What kind of difference it is."""
    severity: Level
    """How large it was when it was found."""
    policy: Code
    """The policy that it is about; `all` where it is about no single one."""
    metric: Code
    """What was measured."""
    drift_bp: int
    """By how much it differed, in basis points (100 are one percent)."""
    bucket_start: Timestamp
    """When the five minutes began in which it did."""
    found_at: Timestamp
    """When it was found."""
    suggestions: tuple[Printed, ...]
    """What to look at, in words."""


class DriftReport(Value):
    """Where what policies did in the last hour differs from what they did in the hour before."""

    until: Timestamp
    """Until when decisions were looked at: two hours of them."""
    decisions: int
    """How many they were."""
    complete: bool
    """Whether they are all: the latest 2,000 are."""
    items: tuple[PolicyDrift, ...]
    """One of each kind, policy and metric, the largest first."""
    alerts: tuple[DriftAlertView, ...]
    """What the look of each hour found and the last one found still, 50 at most; whoever governs was told of each."""
