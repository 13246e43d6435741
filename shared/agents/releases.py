"""A release puts a certified manifest in use; a watch looks at it from outside before and after."""

from datetime import datetime, timedelta
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from shared.agents.parts import Profile, RollbackTrigger
from shared.constitution import breach
from shared.entity import Code, Entity, Event, Hex64, Id, Record, Timestamp, Value
from shared.errors import Conflict, Violation
from shared.outside import Look
from shared.store import Transaction

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

Outcome = Literal["healthy", "unhealthy"]


class FailedLook(Value):
    """What a look saw that did not see a healthy release."""

    at: Timestamp
    """When it looked."""

    saw: Literal["unwell", "silent", "unreachable"]
    """Whether it answered that it is not well, nothing came in time, or nobody was there."""

    status: int | None = None
    """The HTTP status of its answer; null where it gave none."""

    took_ms: int
    """How long the look took."""


class Watched(Value):
    """How one watch over a release ended."""

    profile: Profile
    """Which watch it was: whether it is ready, or how it does under traffic."""
    outcome: Outcome
    """What the watch found."""
    probes: int
    """How often it was looked at."""
    failures: int
    """How many looks found it unwell, or got no answer in time."""
    ended_at: Timestamp
    """When the watch ended."""
    failed_looks: tuple[FailedLook, ...] = ()
    """What the last failed looks saw."""


class Release(Entity):
    """One release of an agent: a version, bound to a manifest's hash and to an approval."""

    collection: ClassVar[str] = "releases"

    agent_id: Id
    """The agent it releases."""
    workflow_id: Id
    """The run of the pipeline that made it."""
    release_version: str
    """The version it brings."""
    manifest_hash: Hex64
    """The hash of the manifest it runs, as the Governor approved it."""
    approval_id: Id
    """The Governor's approval; one approval makes one release."""
    state: Literal["deploying", "live", "failed", "rolled_back"] = "deploying"
    """How far it is."""
    traffic_percent: Annotated[int, Field(ge=0, le=100)] = 0
    """The share of the traffic it gets."""
    watches: tuple[Watched, ...] = ()
    """The watches over it that ended."""
    rolled_back_for: RollbackTrigger | None = None
    """Why it was taken back; null where it was not."""

    def watched(self, profile: Profile) -> Watched | None:
        """Return how a watch ended, or None while it has not."""
        return next((watch for watch in self.watches if watch.profile == profile), None)

    def violations(self) -> tuple[Violation, ...]:
        """Return what in this release breaks the constitution."""
        ready = self.watched("readiness")
        routed = self.traffic_percent > 0
        found = []
        if routed and (ready is None or ready.outcome != "healthy"):
            found.append(breach("L0-07", "traffic before the release was ready", "traffic_percent"))
        if routed and self.state in {"failed", "rolled_back"}:
            found.append(breach("L0-03", "traffic on a release that failed", "traffic_percent"))
        return tuple(found)


class ReleaseWatch(Record):
    """The tally of a running watch; its id is ``<release id>:<profile>``."""

    collection: ClassVar[str] = "release_watches"

    release_id: Id
    agent_id: Id
    profile: Profile
    started_at: Timestamp
    deadline_at: Timestamp
    probes: int = 0
    failures: int = 0
    consecutive: int = 0
    missed: int = 0
    slowest_ms: int = 0
    last_at: Timestamp | None = None
    outcome: Outcome | None = None
    unwell: int = 0
    """How often it answered that it is not well."""

    failed_looks: tuple[FailedLook, ...] = ()


def watch_id(release_id: str, profile: Profile) -> str:
    """Name a watch, and what waits for it."""
    return f"{release_id}:{profile}"


def latest(txn: Transaction, release_id: str) -> ReleaseWatch | None:
    """Read the watch over a release that began last."""
    later = txn.peek(ReleaseWatch, watch_id(release_id, "watch"))
    return later or txn.peek(ReleaseWatch, watch_id(release_id, "readiness"))


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


class ReleaseCreated(Event, action="release.created", category="version_change"):
    """A release was made, at no traffic."""

    agent_id: Id
    workflow_id: Id
    approval_id: Id
    version: Code
    manifest_hash: Hex64


class ReleaseRouted(Event, action="release.routed", category="version_change"):
    """A release got traffic."""

    agent_id: Id
    traffic_percent: int


class ReleaseWatched(
    Event, action="release.watched", category="version_change", topic="agent-events"
):
    """A watch over a release ended."""

    agent_id: Id
    workflow_id: Id
    profile: Profile
    watch_outcome: Outcome
    probes: int
    failures: int
    failed_looks: tuple[FailedLook, ...] = ()
    """What the last failed looks saw."""


class ReleaseTakenBack(
    Event, action="rollback.completed", category="version_change", severity="warning"
):
    """A release was taken back."""

    agent_id: Id
    trigger: RollbackTrigger
    state: Code


class ReleaseProbeDue(Event, action="release.probe_due", category="configuration_change"):
    """It is time to look at a release once more."""

    release_id: Id
    profile: Profile
    probe: int
