"""What happens to breakers, flags and incidents, as it is announced."""

from typing import Annotated

from shared.entity import (
    ActorId,
    Code,
    Event,
    Timestamp,
)
from shared.judged import Masked
from shared.platform.models.incidents import IncidentType, Severity, Status


class CircuitBreakerReset(Event, action="circuit_breaker.reset", category="configuration_change"):
    """Staff had the breakers of a target closed."""

    target: Code
    reason: Annotated[str, Masked(kept=4000)]


class FlagSet(Event, action="feature_flag.set", category="configuration_change"):
    """Somebody set a flag."""

    key: Code
    enabled: bool
    rollout_bp: int
    reason: Annotated[str, Masked(kept=4000)]


class FlagExpired(Event, action="feature_flag.expired", category="configuration_change"):
    """A flag is off for good: its time is over."""

    key: Code
    expires_at: Timestamp


class IncidentOpened(
    Event,
    action="incident.opened",
    category="configuration_change",
    topic="case-events",
    outcome="failure",
    severity="error",
):
    """Something went wrong."""

    severity: Severity
    kind: IncidentType
    refs: tuple[Code, ...]


class IncidentTransitioned(
    Event, action="incident.transitioned", category="configuration_change", topic="case-events"
):
    """Somebody does something about it."""

    severity: Severity
    status: Status
    by: ActorId


class IncidentRested(Event, action="incident.rested", category="configuration_change"):
    """It was resolved a week ago."""

    resolved_at: Timestamp
