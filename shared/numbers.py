"""Numbers that are given out one after the other, none of them twice: ``SKILL-HC-007``, ``INC-000012``."""

from typing import ClassVar, Self

from shared.entity import Record
from shared.handling import ForEver, Handling, Nobody, Stays


class Numbers(Record):
    """How many numbers were given out; its id is what they belong to."""

    handling: ClassVar = Handling(
        kept=ForEver("no number is given twice"),
        export=Nobody("a counter"),
        erasure=Stays("a counter"),
    )

    given: int = 0

    @property
    def next(self) -> int:
        """The number whose turn it is."""
        return self.given + 1

    def upto(self, number: int) -> Self:
        """Return it with a number given out, and all before that."""
        return self.model_copy(update={"given": number})


class ExternalIds(Numbers):
    """The ids that people call things by, under one prefix and code: its id is ``SKILL-HC``."""

    collection: ClassVar[str] = "external_ids"
