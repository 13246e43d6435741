"""
Declare a reaction.

A reaction is one function in one file that runs when an event arrives, when a promised time comes, on a
schedule, or when a document is stored. What arrives may arrive twice: the kernel remembers what was done in
the same commit as the doing, so a reaction done twice is a reaction done once.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Literal, Protocol, TypeVar

from shared.entity import Event, Record
from shared.observing import Backlog, Dependencies, NoDependencies, NoTelemetry, Telemetry
from shared.operation import Call, deployed, place

F = TypeVar("F", bound=Callable[..., None])


class Workflows(Protocol):
    """The engine that carries out workflows."""

    def start(self, workflow: str, argument: Mapping[str, Any]) -> str:
        """Start an execution and return its id."""

    def wake(self, callback_url: str) -> None:
        """
        Call a waiting workflow back.

        A callback that is gone counts as delivered. Raises ProviderDown where it must be tried again.
        """


class Probe(Protocol):
    """Looks at a deployed release from outside."""

    def healthy(self, release_id: str, *, timeout_s: float) -> tuple[bool, int]:
        """Return whether the release answered well, and after how many milliseconds."""


class Outbox(Protocol):
    """The way out for what was committed."""

    def publish(self, tenant: str, entry_id: str) -> None:
        """Publish one entry, and what of the same entity waits before it."""

    def sweep(self) -> int:
        """Publish what was left behind, and return how much that was."""

    def release_dues(self) -> int:
        """Hand over every promise whose time has come, and return how many."""

    def backlog(self) -> Backlog:
        """Return how much waits for its way out, of all tenants, and for how long."""

    def resend(self, topic: str, tenant: str, id: str, *, consumer: str, replay: int) -> bool:
        """Publish an event once more for one consumer, and say whether it is still there to be published."""


@dataclass(frozen=True)
class Pushed:
    """What the provider said to one push message."""

    outcome: Literal["sent", "unregistered", "refused"]
    """`unregistered`: the device is gone for good; `refused`: the message itself is not good."""

    provider_id: str = ""


class Push(Protocol):
    """Shows messages on people's devices."""

    def send(self, message: Mapping[str, Any]) -> Pushed:
        """
        Hand one message of FCM's HTTP v1 shape to the provider.

        Raises ProviderDown where it must be tried again later.
        """


@dataclass
class Reaching(Call):
    """A reaction's call: besides documents it reaches the world outside, which an operation may not."""

    workflows: Workflows = field(kw_only=True)
    probe: Probe = field(kw_only=True)
    outbox: Outbox = field(kw_only=True)
    push: Push = field(kw_only=True)
    dependencies: Dependencies = field(default_factory=NoDependencies, kw_only=True)
    telemetry: Telemetry = field(default_factory=NoTelemetry, kw_only=True)
    subject: str = field(default="", kw_only=True)
    """The entity that the event is about: ``<collection>/<id>``."""

    @property
    def subject_id(self) -> str:
        """The id of that entity."""
        return self.subject.partition("/")[2]


@dataclass(frozen=True)
class Reaction:
    """Everything the deployment needs to know. Exactly one of the five causes is set."""

    function: Callable[..., None]
    on: tuple[type[Event], ...] = ()
    due: type[Event] | None = None
    every: timedelta | None = None
    stored: type[Record] | None = None
    undelivered: bool = False

    @property
    def id(self) -> str:
        """Where it lives: ``area.name``."""
        return place(self.function)

    @property
    def function_name(self) -> str:
        """The name of the deployed Cloud Function."""
        return deployed(self.id)

    @property
    def events(self) -> dict[str, type[Event]]:
        """The events it takes, by action."""
        return {
            event.traits.action: event for event in (*self.on, *([self.due] if self.due else []))
        }

    @property
    def topic(self) -> str | None:
        """The one topic it listens to, if it does."""
        return "dues" if self.due else self.on[0].traits.topic if self.on else None


def reaction(
    *,
    on: type[Event] | tuple[type[Event], ...] = (),
    due: type[Event] | None = None,
    every: timedelta | None = None,
    stored: type[Record] | None = None,
    undelivered: bool = False,
) -> Callable[[F], F]:
    """
    Declare when the decorated function runs.

    Args:
        on: Whenever this event, or one of these events of one topic, was announced; the function gets it.

        due: When the time comes that the event was promised for; the function gets the event.

        every: On a schedule.

        stored: Whenever a document of this kind was created; the function gets its id.

        undelivered: Whenever a message was given up; the function gets it.
    """

    def declare(function: F) -> F:
        events = on if isinstance(on, tuple) else (on,)
        vars(function)["declared"] = Reaction(function, events, due, every, stored, undelivered)
        return function

    return declare
