"""
Message delivery on one machine: a queue of documents beside what it tells about.

Publishing writes one delivery for each consumer, under an id that a repeated publication finds again. The
tap is an append-only file, as the cloud's is a bucket that no code of ours writes.
"""

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Annotated, ClassVar

from pydantic import AfterValidator

from shared.actors import PLATFORM
from shared.bus import TAP, Message
from shared.documents import ANYTHING, Documents, Key, Write
from shared.edge import limits
from shared.edge.tap import append
from shared.entity import Asked, Record
from shared.errors import StoreUnavailable
from shared.handling import Handling, Nobody, PersonalData, UntilDone
from shared.instants import instant


def _moment(text: str) -> str:
    if text:
        instant(text)
    return text


Moment = Annotated[Asked, AfterValidator(_moment)]
"""A time as it is stored and compared; empty where there is none yet."""


class Delivery(Record):
    """One message for one consumer."""

    collection: ClassVar[str] = "deliveries"
    handling: ClassVar = Handling(
        kept=UntilDone("its consumer has it, or it is a dead letter"),
        export=Nobody("a message of an entry that is exported"),
        erasure="deleted",
    )
    personal: ClassVar = PersonalData(ids="attributes", texts="data")

    consumer: str
    topic: str
    subject: str
    attributes: dict[str, str]
    data: str
    attempts: int = 0
    next_at: Moment = ""
    first_at: Moment = ""

    @property
    def message(self) -> Message:
        """The message as it was published."""
        return Message(self.topic, self.subject, self.attributes, self.data.encode())


class QueueBus:
    """The `Bus` port on documents and one file."""

    def __init__(self, documents: Documents, tap: Path) -> None:
        """Deliver through *documents*, and keep the tap in a file."""
        self._documents, self._tap = documents, tap

    def publish(self, messages: Sequence[Message]) -> None:
        """Keep a delivery of each message for each of its consumers, durably."""
        tapped = [message.data for message in messages if message.topic == TAP]
        if tapped:
            try:
                append(self._tap, tapped)
            except OSError as error:
                raise StoreUnavailable("the tap cannot be written now", retry_after_s=5) from error
        writes = [
            Write(delivery_key(delivery.id), delivery.to_stored(), ANYTHING)
            for message in messages
            for delivery in _deliveries(message)
        ]
        # A crash between two commits leaves the entries unmarked: they are published again.
        for some in limits.commits(writes):
            self._documents.commit(some)


def delivery_key(id: str) -> Key:
    """Say where a delivery lives."""
    return Key(PLATFORM, Delivery.collection, id)


def takers(message: Message) -> list[str]:
    """Return who is to get a message: whoever takes its type, or the one whom it is for."""
    found = consumers().get((message.topic, message.attributes.get("type", "")), ())
    return [id for id in found if message.attributes.get("consumer", id) == id]


def _deliveries(message: Message) -> list[Delivery]:
    return [
        Delivery(
            id=f"{consumer}:{message.attributes['id']}",
            consumer=consumer,
            topic=message.topic,
            subject=message.subject,
            attributes=message.attributes,
            data=message.data.decode(),
        )
        for consumer in takers(message)
    ]


@cache
def consumers() -> dict[tuple[str, str], list[str]]:
    """Return which functions take which type of message from which topic."""
    from shared.bus import type_of
    from shared.edge.catalog import reactions

    found: dict[tuple[str, str], list[str]] = {}
    for reaction in reactions():
        for action in reaction.events:
            found.setdefault((reaction.topic or "", type_of(action)), []).append(reaction.id)
    return found
