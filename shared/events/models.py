"""What the platform remembers about messages."""

from datetime import datetime, timedelta
from typing import ClassVar, Literal, Self

from shared.entity import Asked, Entity, Record, Timestamp
from shared.handling import After, AtExpiry, Handling, Nobody, PersonalData

HOT = timedelta(days=90)
"""How long an event can be acted on: as long as its entry is in the store (audit.md section 8)."""

SLACK = timedelta(days=1)
"""How much longer it is remembered who has done it, as clocks differ."""


class Inbox(Record):
    """The note that one consumer has done one message."""

    collection: ClassVar[str] = "inbox"
    handling: ClassVar = Handling(
        kept=AtExpiry(), export=Nobody("it says which message was worked off"), erasure="deleted"
    )

    kept_until: Timestamp

    @classmethod
    def of(cls, id: str, *, event_at: datetime) -> Self:
        """Note that an event is done; it is never forgotten while somebody might do it."""
        return cls(id=id, kept_until=event_at + HOT + SLACK)


class DeadLetter(Entity):
    """A message that one consumer could not take."""

    collection: ClassVar[str] = "dead_letters"
    handling: ClassVar = Handling(
        kept=After(90, since="updated_at"),
        export=Nobody("a message of an entry that is exported"),
        erasure="deleted",
    )
    personal: ClassVar = PersonalData(ids="attributes", texts="data error")

    event_id: str
    """The id of the entry that the message told of."""
    type: str
    """What the message told, such as `approval.granted`."""
    subject: str
    """What it was about: `<collection>/<id>`."""
    consumer: Asked
    """The function that could not take it."""
    attempts: int
    """How often it was tried."""
    first_at: str
    """When it was tried first."""
    last_at: Asked
    """When it was tried last."""
    error_code: str
    """What went wrong, for programs."""
    error: str
    """What went wrong, in words."""
    topic: str
    """The topic that it came from."""
    attributes: dict[str, str]
    """The message's attributes."""
    data: str
    """The message's data, as text."""
    proven: bool = True
    """Whether what is stored says what the message says; what is not proven is never sent again."""

    status: Literal["open", "replayed", "dropped"] = "open"
    """Whether it waits, was sent again, or was dropped."""
    replays: int = 0
    """How often it was sent again."""
