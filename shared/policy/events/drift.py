"""Where what policies do differs from the hour before, as it is announced."""

from typing import Self

from shared.entity import ActorId, Code, Event
from shared.policy.models.drift import DriftAlert, DriftType, Level


class DriftDetected(
    Event, action="policy.drift_detected", category="policy_decision", topic="policy-events"
):
    """What policies do differs from what they did in the hour before."""

    drift_type: DriftType
    severity: Level
    policy: Code
    metric: ActorId
    current: int
    expected: int
    drift_bp: int

    @classmethod
    def of(cls, alert: DriftAlert) -> Self:
        """Tell of a difference."""
        return cls(
            drift_type=alert.drift_type,
            severity=alert.severity,
            policy=alert.policy,
            metric=alert.metric,
            current=alert.current_bp,
            expected=alert.expected_bp,
            drift_bp=alert.drift_bp,
        )


class DriftOver(Event, action="policy.drift_over", category="policy_decision"):
    """The last look did not find a difference any more."""

    drift_type: DriftType
    policy: Code


class DriftAcknowledged(
    Event, action="policy.drift_acknowledged", category="governance_decision", topic="policy-events"
):
    """Somebody looks at a difference."""

    drift_type: DriftType
    policy: Code
    metric: ActorId
    by: ActorId

    @classmethod
    def of(cls, alert: DriftAlert) -> Self:
        """Tell who does."""
        by = str(alert.acknowledged_by)
        return cls(drift_type=alert.drift_type, policy=alert.policy, metric=alert.metric, by=by)
