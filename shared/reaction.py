"""
Declare a reaction.

A reaction is one function in one file that runs when an event arrives, when a promised time comes, on a
schedule, or when a document is stored. What arrives may arrive twice: the kernel remembers what was done in
the same commit as the doing, so a reaction done twice is a reaction done once.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, time, timedelta
from functools import cached_property
from typing import Any, ClassVar, TypeVar

from shared.entity import Event, Record
from shared.operation import EVERY_TENANT, Call, deployed, place
from shared.ports import named
from shared.queries import Reads
from shared.records import dataclass
from shared.schedules import Schedule, Weekday
from shared.store import Transaction

F = TypeVar("F", bound=Callable[..., None])


@dataclass(frozen=True, kw_only=True)
class ReactionCall(Call):
    """
    A reaction's call: it may also act in other tenants, each time with its reason.

    Everything that it writes, wherever, is one commit with the note that it was done.
    """

    subject: str = ""
    """The entity that the event is about: ``<collection>/<id>``."""

    moment: datetime | None = None
    """The moment of its schedule that it runs for, where that has a time of day."""

    @property
    def subject_id(self) -> str:
        """The id of that entity."""
        return self.subject.partition("/")[2]

    @property
    def looked(self) -> bool:
        """Whether it saw anything but what it was called with."""
        return bool(self._opened or self.crossings)

    @contextmanager
    def within(self, tenant: str, why: str) -> Iterator[Transaction]:
        """Open the one transaction of this call in a tenant, or go on with it."""
        self._cross(tenant, why)
        with self._transaction(tenant) as txn:
            yield txn

    def each_tenant(self, why: str) -> Reads:
        """Look in every tenant at once; to change what is found, go `within` its tenant."""
        self._cross(EVERY_TENANT, why)
        return Reads(self._documents, None)


@dataclass(frozen=True)
class Reaction:
    """Everything the deployment needs to know. Exactly one of the six causes is set."""

    in_steps: ClassVar[bool] = False
    """Whether it is done in steps, as a job: only then does a function load what jobs take."""

    function: Callable[..., Any]
    on: tuple[type[Event], ...] = ()
    due: type[Event] | None = None
    every: timedelta | None = None
    schedule: Schedule | None = None
    stored: type[Record] | None = None
    undelivered: bool = False
    repeatable: bool = False

    @property
    def id(self) -> str:
        """Where it lives: ``area.name``."""
        return place(self.function)

    @property
    def function_name(self) -> str:
        """The name of the deployed Cloud Function."""
        return deployed(self.id)

    @cached_property
    def ports(self) -> dict[str, type]:
        """The ports it names, by parameter."""
        return named(self.function)

    @property
    def events(self) -> dict[str, type[Event]]:
        """The events it takes, by action."""
        return {
            event.traits.action: event for event in (*self.on, *([self.due] if self.due else []))
        }

    @property
    def scheduled(self) -> bool:
        """Whether it runs by the clock."""
        return self.every is not None or self.schedule is not None

    def next_after(self, at: datetime) -> datetime:
        """Return when it runs next by the clock, where it last did at a time."""
        if self.schedule:
            return self.schedule.next(at)
        return at + (self.every or timedelta())

    @property
    def topic(self) -> str | None:
        """The one topic it listens to, if it does."""
        return self.due.promised_on if self.due else self.on[0].traits.topic if self.on else None


def reaction(  # noqa: PLR0913 - each by its name, and of the first ones one alone
    *,
    on: type[Event] | tuple[type[Event], ...] = (),
    due: type[Event] | None = None,
    every: timedelta | None = None,
    at: str | None = None,
    weekday: Weekday | tuple[Weekday, ...] = (),
    day: int | None = None,
    zone: str = "UTC",
    stored: type[Record] | None = None,
    undelivered: bool = False,
    repeatable: bool = False,
) -> Callable[[F], F]:
    """
    Declare when the decorated function runs.

    Args:
        on: Whenever this event, or one of these events of one topic, was announced; the function gets it.

        due: When the time comes that the event was promised for; the function gets the event.

        every: Again and again, so much time apart.

        at: Every day at this time, such as ``02:30``: once, also where the clock is put forward over it (then at
            the first moment after the gap) or back (then at the first of the two). Of several that passed
            unnoticed, it runs for the last alone.

        weekday: At that time on these days of the week only.

        day: At that time on this day of the month only; of a month that has no such day, on its last.

        zone: Whose clock the time is read on, by its name in the tz database.

        stored: Whenever a document of this kind was created; the function gets its id.

        undelivered: Whenever a message was given up; the function gets it.

        repeatable: Whether doing it again, however late, changes nothing: it brings what it keeps to where
            things are, or wakes somebody who looks for themselves. It is not noted that it was done.
    """
    days = weekday if isinstance(weekday, tuple) else (weekday,)
    schedule = Schedule(time.fromisoformat(at), zone, days, day) if at else None
    if schedule is None and (days or day):
        raise ValueError("say at which time of the day it runs")

    def declare(function: F) -> F:
        events = on if isinstance(on, tuple) else (on,)
        vars(function)["declared"] = Reaction(
            function, events, due, every, schedule, stored, undelivered, repeatable
        )
        return function

    return declare
