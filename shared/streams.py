"""
Streams: what is told to somebody as it happens.

A stream is a query of one tenant's documents in the order of an instant of theirs, and holds nothing that a
list does not hold. Whoever names what they heard last is told everything since; how long an answer lasts is
the server's choice. Why: docs/decisions/0026-streams.md.
"""

import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import total_ordering
from types import UnionType
from typing import Annotated, Any, ClassVar, Generic, TypeVar, Union, get_args, get_origin

from shared.documents import Scalar
from shared.entity import Opaque, Record
from shared.inputs import FromHeader
from shared.instants import instant, written
from shared.queries import AtLeast, Reads, Test, equal, moment
from shared.records import dataclass

SETTLED = timedelta(seconds=15)
"""How long after its instant a document may be committed, and is told nevertheless."""

REPLAYED = timedelta(days=7)
"""How long ago somebody may have listened last to be told all since."""

MOST = 500
"""How many events one answer tells."""

LastEventId = Annotated[
    Opaque | None,
    FromHeader(
        "Last-Event-ID",
        "The `id` that was heard last: everything since is told. Without it, or where it is none of this"
        " stream's last seven days, the stream begins at the present.",
    ),
]

R = TypeVar("R", bound=Record)
S = TypeVar("S")
T = TypeVar("T")


@total_ordering
@dataclass(frozen=True)
class Place:
    """Where in a stream somebody is: at a document, or with no id, at an instant up to which all was told."""

    at: datetime
    id: str = ""

    def __str__(self) -> str:
        """Write it as it is told: ``<id>@<instant>``."""
        return f"{self.id}@{written(self.at)}"

    def __lt__(self, other: "Place") -> bool:
        """Say whether it is told earlier."""
        return (self.at, self.id) < (other.at, other.id)


def place(told: str | None) -> Place | None:
    """Return the place that somebody names; None where it is none."""
    id, _, at = (told or "").rpartition("@")
    try:
        return Place(instant(at), id)
    except ValueError:
        return None


@dataclass(frozen=True)
class Happened(Generic[T]):
    """One event of a stream."""

    place: Place
    what: T


@dataclass(frozen=True)
class Source:
    """Of which documents a stream tells, as far as one look at a document shows it."""

    tenant: str | None
    collection: str
    members: Mapping[str, tuple[Scalar, ...]]
    """Which values of some members are told."""

    def holds(self, tenant: str, collection: str, data: Mapping[str, Any]) -> bool:
        """Say whether a document may be among them, as far as it is known what is in it."""
        return (tenant, collection) == (self.tenant, self.collection) and all(
            name not in data or data[name] in values for name, values in self.members.items()
        )


@dataclass(frozen=True)
class Stream(Generic[T]):
    """
    What there is to tell now.

    An operation that answers it is a GET, and takes a `LastEventId`. Each event is told under the name of its
    class, in lower case and with hyphens.
    """

    source: Source
    events: tuple[Happened[T], ...]
    here: Place
    """Up to where everything is told then."""

    more: bool = False
    """Whether more waits than one answer tells: then nothing is said of where it ends."""

    anew: bool = False
    """Whether it begins at the present."""

    media_type: ClassVar[str] = "text/event-stream"

    def map(self, shown: Callable[[T], S]) -> "Stream[S]":
        """Return the stream with something else told of each document."""
        events = tuple(Happened(one.place, shown(one.what)) for one in self.events)
        return Stream(self.source, events, self.here, self.more, self.anew)

    def beginning(self, summary: Callable[[], S]) -> "Stream[T | S]":
        """Return the stream with a summary of what there is, where it begins at the present."""
        first = (Happened(self.here, summary()),) if self.anew else ()
        return Stream(self.source, (*first, *self.events), self.here, self.more, self.anew)


def event_name(what: type) -> str:
    """Return under which name something is told: that of its class, which may say that it is as it is seen."""
    return re.sub(r"(?<=.)([A-Z])", r"-\1", what.__name__.removeprefix("Seen")).lower()


def told_by(result: Any) -> tuple[type, ...]:
    """Return what an operation tells that answers a stream; nothing where it answers none."""
    if get_origin(result) is not Stream:
        return ()
    (what,) = get_args(result)
    return get_args(what) if get_origin(what) in {Union, UnionType} else (what,)


def listen(
    txn: Reads,
    kind: type[R],
    last: str | None,
    *,
    at: datetime,
    order: str,
    **tests: Test,
) -> Stream[R]:
    """
    Return what happened since somebody heard something last.

    What is committed at once has any order, so a little of what was before is told once more.

    Args:
        txn: Where to look.

        kind: Of what is told.

        last: What was heard last.

        at: The present.

        order: The member that says when: set by whoever commits, at that moment.

        tests: As of a list.
    """
    source = Source(txn.tenant, kind.collection, equal(tests))
    here, since = Place(at), place(last)
    if since is None or not at - REPLAYED <= since.at <= at + SETTLED:
        return Stream(source, (), here, anew=True)
    asked: dict[str, Any] = {**tests, order: AtLeast(moment(since.at - SETTLED))}
    events, cursor = list[Happened[R]](), None
    while True:
        page = txn.find(kind, order=order, cursor=cursor, **asked)
        told = [Happened(Place(instant(getattr(one, order)), one.id), one) for one in page.items]
        events += [one for one in told if one.place != since]
        cursor = page.next_cursor
        # Whoever goes on from an earlier place than they named would never get on.
        new = [position for position, one in enumerate(events) if one.place > since]
        if len(new) > MOST:
            return Stream(source, tuple(events[: new[MOST]]), here, more=True)
        if cursor is None:
            return Stream(source, tuple(events), here)
