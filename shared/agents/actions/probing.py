"""What a probe says about a release and about its agent's health, and what follows from it."""

from datetime import datetime

from shared.agents.events.releases import ReleaseProbeDue, ReleaseRouted
from shared.agents.models.releases import Release, ReleaseWatch
from shared.agents.rules import releases
from shared.agents.rules.releases import watch_id
from shared.store import Transaction


def begin(txn: Transaction, release: Release, watch: ReleaseWatch) -> None:
    """Keep a watch that begins now, and promise its first look."""
    txn.create(watch)
    promise(txn, release, watch, at=watch.started_at)


def promise(txn: Transaction, release: Release, watch: ReleaseWatch, *, at: datetime) -> None:
    """Promise the next look of a watch."""
    due = ReleaseProbeDue(release_id=release.id, profile=watch.profile, probe=watch.probes)
    txn.schedule(due, at=at, about=release)


def put_in_service(txn: Transaction, release: Release, *, at: datetime) -> None:
    """Route all traffic to a release that is ready, and begin to watch it in service."""
    event = ReleaseRouted(agent_id=release.agent_id, traffic_percent=100)
    routed = txn.save(releases.routed(release, 100), event)
    begin(txn, routed, releases.watching(routed, "watch", at))


def latest(txn: Transaction, release_id: str) -> ReleaseWatch | None:
    """Read the watch over a release that began last."""
    later = txn.get_or_none(ReleaseWatch, watch_id(release_id, "watch"))
    return later or txn.get_or_none(ReleaseWatch, watch_id(release_id, "readiness"))
