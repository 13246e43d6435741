"""Differences in what policies do, as people are shown them."""

from typing import ClassVar, Self

from shared.entity import ActorId, Id, Timestamp, Value
from shared.handling import PersonalData
from shared.policy.models.drift import DriftAlert, PolicyDrift, Status


class DriftAlertView(PolicyDrift):
    """A difference that was found by itself."""

    personal: ClassVar = PersonalData(ids="metric acknowledged_by", nobody="suggestions")

    alert_id: Id
    """By which it is told from others: the same for each difference of one kind, policy and metric."""
    status: Status
    """Whether it is there still, and somebody looks at it: `open`, `acknowledged`, or `over`."""
    found_at: Timestamp
    """When it was found."""
    acknowledged_by: ActorId | None
    """Who looks at it; null where nobody said so since it was found."""
    acknowledged_at: Timestamp | None
    """When they said so; null likewise."""

    @classmethod
    def of(cls, alert: DriftAlert) -> Self:
        """Show an alert."""
        members = {name: getattr(alert, name) for name in cls.model_fields if name != "alert_id"}
        return cls(alert_id=alert.id, **members)


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
