"""
What the platform says about itself: figures, what it depends on, and what a process remembers.

Nothing here is evidence, and nothing here decides who may do what.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal, Protocol, TypeVar

from shared.errors import StoreUnavailable

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


class Traffic(Protocol):
    """Counts the requests that were answered."""

    def served(self, area: str, status: int, duration_ms: float, at: datetime) -> None:
        """Count one request."""

    def counted(self) -> Sequence[Sample]:
        """Return the counts of one machine; in the cloud they are in its own metrics."""


class NoTraffic:
    """Counts nothing."""

    def served(self, area: str, status: int, duration_ms: float, at: datetime) -> None:
        """Take no notice."""

    def counted(self) -> Sequence[Sample]:
        """Return nothing."""
        return ()


@dataclass(frozen=True)
class Looked:
    """What a look at something that the platform depends on showed."""

    name: str
    well: bool
    latency_ms: int
    detail: str = ""


class Dependencies(Protocol):
    """What the platform depends on, as seen from inside."""

    def look(self) -> Sequence[Looked]:
        """Look at each of them; one that fails is told of, not raised."""


class NoDependencies:
    """Depends on nothing."""

    def look(self) -> Sequence[Looked]:
        """See nothing."""
        return ()


@dataclass(frozen=True)
class Backlog:
    """What was committed and has not gone out yet."""

    unpublished: int
    oldest_at: datetime | None
    overdue: int
    """Promises whose time came more than two minutes ago."""


class Telemetry(Protocol):
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


class NoTelemetry:
    """Keeps figures where they are: one machine's are read at ``GET /v1/metrics``."""

    def export(self, samples: Sequence[Sample]) -> None:
        """Hand nothing over."""

    def recent(self, at: datetime) -> Mapping[str, Recent]:
        """Know of no requests."""
        del at
        return {}


class Memory:
    """What a process remembers for a while, so that what is asked often is computed seldom."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._known: dict[str, tuple[datetime, Any]] = {}

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
        known = self._known.get(name)
        if known and timedelta() <= at - known[0] < keep:
            return known[1]  # type: ignore[no-any-return]
        try:
            value = compute()
        except StoreUnavailable:
            if last and known:
                return known[1]  # type: ignore[no-any-return]
            raise
        self._known[name] = (at, value)
        return value
