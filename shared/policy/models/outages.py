"""Times in which nothing could change, as what happens was not governed."""

from typing import Annotated, ClassVar

from pydantic import Field

from shared.entity import Code, Entity, Printed, Record, Timestamp
from shared.handling import After, ForEver, Handling, Nobody, PersonalData, Stays


class OutageSeen(Record):
    """What one process saw of such a time: kept without a signature, as the key may be what is missing."""

    collection: ClassVar[str] = "enforcement_seen_off"
    handling: ClassVar = Handling(
        kept=After(90, since="began_at"),
        export=Nobody("the platform's own"),
        erasure=Stays("it is about no person"),
    )
    personal: ClassVar = PersonalData(nobody="says")

    rule: Code
    """What was wrong, for programs."""
    says: Printed
    """The same in words, with what to do about it."""
    began_at: Timestamp
    """When the process saw it first."""
    seen_at: Timestamp
    """When it saw it last."""
    ended_at: Timestamp | None = None
    """When it saw that it was over; null before."""


class Outage(Entity):
    """A time in which nothing could change, told once it was over."""

    collection: ClassVar[str] = "enforcement_outages"
    handling: ClassVar = Handling(
        kept=ForEver("when nothing was governed, nothing was allowed: that stays provable"),
        export=Nobody("the platform's own"),
        erasure=Stays("it is about no person"),
    )
    personal: ClassVar = PersonalData(nobody="says")

    rule: Code
    """What was wrong, for programs."""
    says: Printed
    """The same in words, with what to do about it."""
    began_at: Timestamp
    """When some process saw it first."""
    ended_at: Timestamp
    """When the last of them saw that it was over, or, where it ended without seeing that, saw it last."""
    over: bool
    """Whether each of them saw that it was over; one that did not ended before, or was asked nothing more."""
    processes: Annotated[int, Field(ge=1)]
    """How many processes saw it."""

    @property
    def seconds(self) -> int:
        """How long it lasted at least, in seconds."""
        return round((self.ended_at - self.began_at).total_seconds())
