"""Where what policies do differs from what they did in the hour before."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from shared.entity import ActorId, Code, Entity, Printed, Timestamp, Value
from shared.handling import Blanked, Handling, PersonalData, WithAccount

DriftType = Literal[
    "compliance_degradation",
    "policy_bypass",
    "unexpected_behavior",
    "performance_drift",
    "coverage_gap",
    "version_skew",
]
Level = Literal["low", "medium", "high", "critical"]
Status = Literal["open", "acknowledged", "over"]


class PolicyDrift(Value):
    """One difference between five minutes and the hour before them."""

    personal: ClassVar = PersonalData(ids="metric", nobody="suggestions")

    drift_type: DriftType
    """What kind of difference it is."""
    severity: Level
    """How large it is."""
    policy: Code
    """The policy that it is about; `all` where it is about no single one."""
    metric: Code
    """What was measured."""
    current_bp: int
    """What it was in the five minutes, in basis points (100 are one percent); a time, of what it was in the hour before."""
    expected_bp: int
    """What it was in the hour before, in basis points."""
    drift_bp: int
    """By how much these differ."""
    bucket_start: Timestamp
    """When the five minutes began."""
    suggestions: Annotated[tuple[Printed, ...], Field(max_length=10)]
    """What to look at, in words."""


class DriftAlert(PolicyDrift, Entity):
    """A difference that was found by itself, and whether it is there still; one of each kind, policy and metric."""

    collection: ClassVar[str] = "policy_drifts"
    handling: ClassVar = Handling(
        kept=WithAccount(), export="tenant", erasure=Blanked("to whom much was denied")
    )
    personal: ClassVar = PersonalData(ids="metric acknowledged_by", nobody="suggestions")

    status: Status = "open"
    """Whether the last look found it still; `acknowledged` where somebody has said meanwhile that they look at it."""
    found_at: Timestamp
    """When it was found last while it was not there before."""
    acknowledged_by: ActorId | None = None
    """Who said that they look at it; null where nobody did since it was found."""
    acknowledged_at: Timestamp | None = None
    """When they said so; null likewise."""
