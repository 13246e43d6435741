"""
What the platform says about itself: figures, what it depends on, and what a process remembers.

Nothing here is evidence, and nothing here decides who may do what: `Enforcing` says whether anything does.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeVar

from shared.errors import StoreUnavailable
from shared.ports import Outside, Port
from shared.records import dataclass

if TYPE_CHECKING:
    from shared.deciding import Finding, PolicyEngine
    from shared.enforcing import Enforcement, Judgement, Rules

T = TypeVar("T")


@dataclass(frozen=True)
class Sample:
    """One figure: of a name, what it says, and with labels from closed lists."""

    name: str
    """``waooaw_<domain>_<thing>_<unit|total>``"""

    says: str
    value: float
    labels: Mapping[str, str] = field(default_factory=dict)
    kind: Literal["gauge", "counter"] = "gauge"


@dataclass(frozen=True)
class Recent:
    """The requests to one area in the last five minutes."""

    requests: int
    failures: int
    """Those that ended with a status of 500 or more."""

    p95_ms: float


class Traffic(Port, Protocol):
    """Counts the requests that were answered."""

    def served(self, area: str, status: int, duration_ms: float, at: datetime) -> None:
        """Count one request."""

    def tally(self, samples: Iterable[Sample]) -> None:
        """Make counters larger by what samples say; who counts nothing does not look at them."""

    def counted(self) -> Sequence[Sample]:
        """Return the counts of one machine; in the cloud they are in its own metrics."""


class NoTraffic:
    """Counts nothing."""

    def served(self, area: str, status: int, duration_ms: float, at: datetime) -> None:
        """Take no notice."""

    def tally(self, samples: Iterable[Sample]) -> None:
        """Take no notice."""

    def counted(self) -> Sequence[Sample]:
        """Return nothing."""
        return ()


@dataclass(frozen=True)
class HealthCheck:
    """What a look at something that the platform depends on showed."""

    name: str
    well: bool
    latency_ms: int
    detail: str = ""


class Dependencies(Outside, Protocol):
    """What the platform depends on, as seen from inside."""

    def look(self) -> Sequence[HealthCheck]:
        """Look at each of them; one that fails is told of, not raised."""


@dataclass(frozen=True)
class Backlog:
    """What was committed and has not gone out yet."""

    unpublished: int
    oldest_at: datetime | None
    overdue: int
    """Promises whose time came more than two minutes ago."""


class Telemetry(Outside, Protocol):
    """Where figures are kept and watched."""

    def export(self, samples: Sequence[Sample]) -> None:
        """
        Hand figures over.

        Raises ProviderDown where they are not taken.
        """

    def recent(self, at: datetime) -> Mapping[str, Recent]:
        """
        Return the last five minutes, by area; an area without requests is absent.

        Raises ProviderDown where the figures cannot be had.
        """


class Memory(Port):
    """What a process remembers for a while, so that what is asked often is computed seldom."""

    def __init__(self, owner: str = "") -> None:
        """Begin with nothing."""
        self._owner = owner
        self._known: dict[tuple[str, str], tuple[datetime, Any]] = {}

    def for_tenant(self, tenant: str) -> "Memory":
        """Return what is remembered for one tenant, which no other is told."""
        own = Memory(tenant)
        own._known = self._known
        return own

    def recall(
        self,
        name: str,
        compute: Callable[[], T],
        *,
        at: datetime,
        last: bool = False,
        keep: timedelta = timedelta(seconds=60),
    ) -> T:
        """
        Return a value that is at most *keep* old.

        Args:
            name: What it is.

            compute: Makes it anew.

            at: The time.

            last: Whether the last value stands in, however old, where the store does not answer.

            keep: How long it is good.
        """
        key = (self._owner, name)
        known = self._known.get(key)
        if known and timedelta() <= at - known[0] < keep:
            return known[1]  # type: ignore[no-any-return]
        try:
            value = compute()
        except StoreUnavailable:
            if last and known:
                return known[1]  # type: ignore[no-any-return]
            raise
        self._known[key] = (at, value)
        return value


class Enforcing(Port, Protocol):
    """Looks whether what happens is governed, and by which rules."""

    def state(self, at: datetime) -> "Enforcement":
        """
        Say how it is, by a look that is at most half a minute old.

        Raises:
            StoreUnavailable: What is in force cannot be read.
        """

    def engine(self, at: datetime) -> "PolicyEngine":
        """
        Return the engine that decides by the rules in force.

        Raises:
            EnforcementUnavailable: There is none, or what it decides would not hold.
            StoreUnavailable: What is in force cannot be read.
        """

    def offered(self) -> "Rules":
        """
        Return the rules that came with this release, as they lie beside the code now.

        Raises:
            EnforcementUnavailable: They do not lie there.
        """

    def asked(
        self, rules: "Rules", documents: Sequence[Mapping[str, Any]]
    ) -> tuple[Mapping[str, "Finding"], ...]:
        """
        Return what some rules find about documents, each in its place; nothing is decided by it.

        Raises:
            EnforcementUnavailable: There is no engine that could be asked, or not all of their bundles.
            Invalid: They do not end, or take too much memory.
        """

    def composed(self, kept: Mapping[str, str], own: Mapping[str, str]) -> "Rules":
        """
        Return what somebody wrote, over a set that is kept, with the guards of this release.

        Raises:
            EnforcementUnavailable: They do not lie beside the code.
        """

    def judge(
        self, rules: "Rules", own: Collection[str], tests: Mapping[str, str], at: datetime
    ) -> "Judgement":
        """
        Judge whether rules may come into force.

        Args:
            rules: The rules, all of them.

            own: The bundles that are written anew: their rules are tested now, those of others were.

            tests: Their tests, by `<bundle>/<file>_test.rego`.

            at: The time.

        Raises:
            EnforcementUnavailable: There is no engine that could be asked.
        """
