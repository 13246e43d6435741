"""What a probe says about an agent's health."""

from shared.agents.models import Agent, HealthStatusChanged
from shared.agents.parts import Health
from shared.agents.releases import ReleaseWatch, health


def told(agent: Agent, watch: ReleaseWatch) -> HealthStatusChanged | None:
    """Return the event that a probe makes: its end, or a change of health; None for neither."""
    status: Health = health(watch) if watch.outcome is None else watch.outcome
    if agent.status == "suspended":
        status = "suspended"
    if watch.outcome is None and status == agent.health_status:
        return None
    return HealthStatusChanged(status=status, check_type="heartbeat")
