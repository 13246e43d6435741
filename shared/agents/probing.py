"""What a probe says about a release and about its agent's health, and what follows from it."""

from datetime import datetime

from shared.agents import releases
from shared.agents.models import Agent, HealthStatusChanged
from shared.agents.parts import Health
from shared.agents.releases import (
    Release,
    ReleaseProbeDue,
    ReleaseRouted,
    ReleaseWatch,
    ReleaseWatched,
    health,
)
from shared.store import Transaction


def begin(txn: Transaction, release: Release, watch: ReleaseWatch) -> None:
    """Keep a watch that begins now, and promise its first look."""
    txn.create(watch)
    promise(txn, release, watch, at=watch.started_at)


def promise(txn: Transaction, release: Release, watch: ReleaseWatch, *, at: datetime) -> None:
    """Promise the next look of a watch."""
    due = ReleaseProbeDue(release_id=release.id, profile=watch.profile, probe=watch.probes)
    txn.announce(due, at=at, about=release)


def put_in_service(txn: Transaction, release: Release, *, at: datetime) -> None:
    """Route all traffic to a release that is ready, and begin to watch it in service."""
    event = ReleaseRouted(agent_id=release.agent_id, traffic_percent=100)
    routed = txn.save(releases.routed(release, 100), event)
    begin(txn, routed, releases.watching(routed, "watch", at))


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
