"""Where what policies do differs from what they did in the hour before."""

from typing import ClassVar, Literal

from shared.entity import Code, Printed, Timestamp, Value
from shared.handling import PersonalData

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
