"""A release puts a certified manifest in use; a watch looks at it from outside before and after."""

from datetime import datetime, timedelta
from typing import Literal

from shared.agents.models.parts import Profile, RollbackTrigger
from shared.agents.models.releases import FailedLook, Outcome, Release, ReleaseWatch, Watched
from shared.errors import Conflict
from shared.outside import Look

PROBE_EVERY = timedelta(minutes=1)
"""As often as promises are handed over."""

PROBE_TIMEOUT_S = 5.0
LENGTH = timedelta(minutes=15)
SPARE_S = 240
"""How much longer than a watch lasts its workflow waits before it looks for itself."""

CONSECUTIVE = {"readiness": 5, "watch": 0}
"""How many good probes in a row end a watch early; 0: it runs its whole length."""

LOST_AFTER = 3
"""So many looks in a row that saw nothing good, or bad answers in all, make a release in service unhealthy."""

KEPT = 10
"""Of so many failed looks it is kept what they saw."""


def watch_id(release_id: str, profile: Profile) -> str:
    """Name a watch, and what waits for it."""
    return f"{release_id}:{profile}"


def watching(release: Release, profile: Profile, at: datetime) -> ReleaseWatch:
    """
    Return the watch over a release that begins now.

    Raises:
        Conflict: The release is over, or its time for this has not come.
    """
    if release.state in {"failed", "rolled_back"}:
        raise Conflict(f"the release is {release.state}", rule="illegal_transition")
    if profile == "watch" and release.traffic_percent == 0:
        raise Conflict("the watch begins when traffic does", rule="illegal_transition")
    return ReleaseWatch(
        id=watch_id(release.id, profile),
        release_id=release.id,
        agent_id=release.agent_id,
        profile=profile,
        started_at=at,
        deadline_at=at + LENGTH,
    )


def remaining_s(watch: ReleaseWatch | None, at: datetime) -> int:
    """Return how long to wait for the end of all watches, in seconds; 0 where it is certain."""
    if watch is None or watch.outcome == "unhealthy":
        return 0
    if watch.outcome == "healthy" and watch.profile == "watch":
        return 0
    more = LENGTH if watch.profile == "readiness" else timedelta()
    return max(0, int((watch.deadline_at + more - at).total_seconds()) + SPARE_S)


def tallied(watch: ReleaseWatch, look: Look, *, at: datetime) -> ReleaseWatch:
    """Return the watch after one more look, with its outcome as soon as that is certain."""
    healthy, failed = look.saw == "well", watch.failed_looks
    if look.saw != "well":
        saw = FailedLook(at=at, saw=look.saw, status=look.status, took_ms=look.took_ms)
        failed = (*failed, saw)[-KEPT:]
    after = watch.model_copy(
        update={
            "probes": watch.probes + 1,
            "failures": watch.failures + (not healthy),
            "consecutive": watch.consecutive + 1 if healthy else 0,
            "missed": 0 if healthy else watch.missed + 1,
            "unwell": watch.unwell + (look.saw == "unwell"),
            "slowest_ms": max(watch.slowest_ms, look.took_ms),
            "failed_looks": failed,
            "last_at": at,
        }
    )
    return after.model_copy(update={"outcome": _outcome(after, at)})


def _outcome(watch: ReleaseWatch, at: datetime) -> Outcome | None:
    over = at >= watch.deadline_at
    if watch.profile == "readiness":
        if watch.consecutive >= CONSECUTIVE["readiness"]:
            return "healthy"
        return "unhealthy" if over else None
    # One look can fail for reasons of its own, as when nothing comes in time; a watch that would end with
    # a failed one goes on until it knows.
    if watch.missed >= LOST_AFTER or watch.unwell >= LOST_AFTER:
        return "unhealthy"
    return "healthy" if over and not watch.missed else None


def health(watch: ReleaseWatch) -> Literal["healthy", "degraded", "unhealthy", "critical"]:
    """Return the health that the last probes in a row speak of: the heartbeat's table."""
    names: tuple[Literal["healthy", "degraded", "unhealthy", "critical"], ...]
    names = ("healthy", "degraded", "unhealthy", "critical")
    return names[min(watch.missed, 3)]


def ended(release: Release, watch: ReleaseWatch) -> Release:
    """Return the release with the outcome of a watch that ended."""
    if watch.outcome is None or watch.last_at is None:
        raise Conflict("the watch still runs", rule="illegal_transition")
    done = Watched(
        profile=watch.profile,
        outcome=watch.outcome,
        probes=watch.probes,
        failures=watch.failures,
        ended_at=watch.last_at,
        failed_looks=watch.failed_looks,
    )
    return release.model_copy(update={"watches": (*release.watches, done)})


def routed(release: Release, percent: int) -> Release:
    """
    Return the release with that share of the traffic.

    Raises:
        Conflict: It is over, or it is not ready.
    """
    if release.state in {"failed", "rolled_back"}:
        raise Conflict(
            f"a release that is {release.state} gets no traffic", rule="illegal_transition"
        )
    ready = release.watched("readiness")
    if ready is None or ready.outcome != "healthy":
        raise Conflict("the release is not ready; no traffic yet", rule="not_ready")
    return release.model_copy(update={"traffic_percent": percent, "state": "live"})


def taken_back(release: Release, trigger: RollbackTrigger, *, previous: bool) -> Release:
    """Return the release with nothing routed to it; without a *previous* one it has failed."""
    state = "rolled_back" if previous else "failed"
    changes = {"state": state, "traffic_percent": 0, "rolled_back_for": trigger}
    return release.model_copy(update=changes)


def returned(release: Release) -> Release:
    """
    Return a release that was taken back with all the traffic again.

    Raises:
        Conflict: It was never ready.
    """
    again = release.model_copy(update={"state": "live", "rolled_back_for": None})
    return routed(again, 100)


# --- events --------------------------------------------------------------------------------------
