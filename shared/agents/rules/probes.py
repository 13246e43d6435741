"""What a probe says about a release and about its agent's health, and what follows from it."""

from shared.agents.events.releases import HealthStatusChanged, ReleaseWatched
from shared.agents.models.agents import Agent
from shared.agents.models.parts import Health
from shared.agents.models.releases import Release, ReleaseWatch
from shared.agents.rules.releases import health


def watched(release: Release, watch: ReleaseWatch) -> ReleaseWatched:
    """Return the event of a watch that ended."""
    return ReleaseWatched(
        agent_id=release.agent_id,
        workflow_id=release.workflow_id,
        profile=watch.profile,
        watch_outcome=watch.outcome or "unhealthy",
        probes=watch.probes,
        failures=watch.failures,
        failed_looks=watch.failed_looks,
    )


def news(before: ReleaseWatch, after: ReleaseWatch) -> bool:
    """Say whether a look can change what is known of the agent's health."""
    first = before.probes == 0
    return first or after.outcome is not None or health(before) != health(after)


def present(agent: Agent, release: Release) -> bool:
    """Say whether a release is still the one that its agent is to be put in service by."""
    return (agent.release_id, agent.manifest_hash) == (release.id, release.manifest_hash)


def told(agent: Agent, watch: ReleaseWatch) -> HealthStatusChanged | None:
    """Return the event of a change of health; None where there is none."""
    status: Health = watch.outcome or health(watch)
    if agent.status == "suspended":
        status = "suspended"
    if status == agent.health_status:
        return None
    saw = watch.failed_looks[-1].saw if watch.missed else None
    return HealthStatusChanged(status=status, check_type="heartbeat", saw=saw)
