"""A release puts a certified manifest in use; a watch looks at it from outside before and after."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from shared.agents.models.parts import Profile, RollbackTrigger
from shared.entity import Entity, Hex64, Id, Record, Timestamp, Value
from shared.errors import Violation
from shared.handling import Handling, Nobody, WithAccount
from shared.principles import breach

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
    handling: ClassVar = Handling(kept=WithAccount(), export="tenant", erasure="deleted")

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
        found = [*super().violations()]
        if routed and (ready is None or ready.outcome != "healthy"):
            found.append(breach("L0-07", "traffic before the release was ready", "traffic_percent"))
        if routed and self.state in {"failed", "rolled_back"}:
            found.append(breach("L0-03", "traffic on a release that failed", "traffic_percent"))
        return tuple(found)


class ReleaseWatch(Record):
    """The tally of a running watch; its id is ``<release id>:<profile>``."""

    collection: ClassVar[str] = "release_watches"
    handling: ClassVar = Handling(
        kept=WithAccount(),
        export=Nobody("a tally: the release says how its watches ended"),
        erasure="deleted",
    )

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
