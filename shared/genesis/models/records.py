"""The catalogue's entities and records, and the facts announced about them."""

from typing import Annotated, ClassVar

from pydantic import Field

from shared.entity import Record
from shared.handling import ForEver, Handling, Nobody, Stays
from shared.judged import Masked

# --- records -------------------------------------------------------------------------------------


class ExternalIds(Record):
    """How many external ids were given out under one prefix and code; its id is ``SKILL-HC``."""

    collection: ClassVar[str] = "external_ids"
    handling: ClassVar = Handling(
        kept=ForEver("no number is given twice"),
        export=Nobody("a counter"),
        erasure=Stays("a counter"),
    )

    given: int = Field(0, ge=0)


Reasons = Annotated[tuple[Annotated[str, Masked(kept=150)], ...], Field(max_length=50)]
