"""The part of the platform's own budget that a tenant was given to spend from."""

from typing import ClassVar

from shared.entity import Code, Entity, Timestamp
from shared.handling import Blanked, Handling, Nobody, WithAccount


class Block(Entity):
    """
    What a tenant may spend of the platform's budget now; its id is `block:{tenant}`.

    One operation is one transaction in one tenant, so nobody who spends looks at the platform's budget: they spend
    from this, which was taken of it before.
    """

    collection: ClassVar[str] = "budget_blocks"
    handling: ClassVar = Handling(
        kept=WithAccount(),
        export=Nobody("it says what the platform set aside, and nothing of the tenant's"),
        erasure=Blanked("what was spent of it is evidence of money"),
    )

    n: int = 0
    """The number of the block: each is spent from by itself."""
    month: Code = ""
    """The month that it is of."""
    amount: int = 0
    """How much it was, in millionths of a US dollar; 0 where there is none to spend from."""
    ends_at: Timestamp | None = None
    """When what is left of it goes back; null where there is none."""
    wanted: int = 0
    """How much somebody waits for, in millionths of a US dollar; 0 where nobody does."""
    asked_at: Timestamp | None = None
    """When that was asked for."""
    refused: int = 0
    """How much was asked for when the platform's budget had less; 0 where it was not short."""
    refused_until: Timestamp | None = None
    """Until when so much, or more, is refused; null where it is not."""
