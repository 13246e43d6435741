"""How the platform and its services are now, by what was last seen."""

from datetime import datetime

from shared.platform.models.services import INTERVAL, Observation, ServiceStatus, State

MISSED = 3
"""After so many missed looks nobody knows how a service is."""


def platform_state(seen: Observation | None, *, at: datetime) -> State:
    """Say how the platform is; where nobody looks any more, that is itself a fault."""
    if seen is None:
        return "healthy"
    states = {check.status for check in seen.checks}
    if "down" in states:
        return "down"
    return "degraded" if "degraded" in states or stale(seen, at=at) else "healthy"


def stale(seen: Observation, *, at: datetime) -> bool:
    """Say whether the last look is too old to say anything."""
    return at - seen.checked_at > MISSED * INTERVAL


def services(seen: Observation | None, *, at: datetime) -> tuple[ServiceStatus, ...]:
    """Return how each service is, as far as anybody knows."""
    if seen is None:
        return ()
    if not stale(seen, at=at):
        return seen.services
    unknown = {"status": "unknown", "health_score": None, "error_rate_5m": None, "p95_ms": None}
    return tuple(service.model_copy(update=unknown) for service in seen.services)
