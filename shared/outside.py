"""The ports to the world outside: what only a reaction may name."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from shared.observing import Backlog
from shared.ports import Outside


class Workflows(Outside, Protocol):
    """The engine that carries out workflows."""

    def start(self, workflow: str, argument: Mapping[str, Any]) -> str:
        """Start an execution and return its id."""

    def wake(self, callback_url: str) -> bool:
        """
        Call a waiting workflow back, and say whether it was there.

        One that is gone is not called again. Raises ProviderDown where it must be tried again.
        """

    def waits(self, callback_url: str) -> bool:
        """
        Say whether the execution still runs that waits at an address.

        Raises ProviderDown where nobody can say.
        """


Saw = Literal["well", "unwell", "silent", "unreachable"]


@dataclass(frozen=True)
class Look:
    """What one look at a release saw."""

    saw: Saw
    """`unwell`: it answered that it is not; `silent`: nothing came in time; `unreachable`: nobody was there."""

    took_ms: int
    status: int | None = None
    """The status of its answer; none where it gave none."""


class Probe(Outside, Protocol):
    """Looks at a deployed release from outside."""

    def look(self, release_id: str, *, timeout_s: float) -> Look:
        """Return what a look at the release saw; that nothing answered is an answer too."""


class EntryRelay(Outside, Protocol):
    """The way out for entries that were committed: to their topics and the tap."""

    def publish(self, tenant: str, entry_id: str) -> None:
        """Publish one entry, and what of the same entity waits before it."""

    def sweep(self) -> int:
        """Publish what was left behind, and return how much that was."""


class DueRelay(Outside, Protocol):
    """The way out for promises."""

    def release_dues(self) -> int:
        """Hand over every promise whose time has come, and return how many."""


class LetterRelay(Outside, Protocol):
    """The way out for what is sent again."""

    def resend(self, topic: str, tenant: str, id: str, *, consumer: str, replay: int) -> bool:
        """Publish an event once more for one consumer, and say whether it is still there to be published."""


class Backlogs(Outside, Protocol):
    """Sees what waits for its way out."""

    def backlog(self) -> Backlog:
        """Return how much waits for its way out, of all tenants, and for how long."""


@dataclass(frozen=True)
class Pushed:
    """What the provider said to one push message."""

    outcome: Literal["sent", "unregistered", "refused"]
    """`unregistered`: the device is gone for good; `refused`: the message itself is not good."""

    provider_id: str = ""


class Push(Outside, Protocol):
    """Shows messages on people's devices."""

    def send(self, message: Mapping[str, Any]) -> Pushed:
        """
        Hand one message of FCM's HTTP v1 shape to the provider.

        Raises ProviderDown where it must be tried again later.
        """
