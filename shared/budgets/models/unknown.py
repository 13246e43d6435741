"""What nobody knows the outcome of: the answer was lost after it may have been done."""

from typing import ClassVar, Literal

from shared.entity import ActorId, Code, Entity, Timestamp
from shared.handling import After, Handling, PersonalData, Stays


class UnknownSpend(Entity):
    """
    A spend of which nobody knows whether it was done; somebody owns it until they do.

    It is never tried again blindly. What was held for it stays held; who finds out settles it, and where nobody does
    in time it counts as spent.
    """

    collection: ClassVar[str] = "unknown_spends"
    handling: ClassVar = Handling(
        kept=After(2555, since="created_at"),
        export="tenant",
        erasure=Stays("it says what may have been spent, and nothing of any person but an id"),
    )
    personal: ClassVar = PersonalData(ids="owner")

    reservation_id: Code
    """What is held for it."""
    owner: ActorId
    """Who finds out what became of it: a person or a role."""
    due_at: Timestamp
    """Until when; then it counts as spent."""
    status: Literal["open", "known", "counted"] = "open"
    """Whether somebody still has to find out, found out, or it was counted as spent because nobody did."""
