"""A veto is the Governor's objection to what waits for an approval, or was approved."""

from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from shared.approvals.models.parts import Attachment, VetoCategory
from shared.entity import Entity, Id, Timestamp
from shared.handling import Blanked, ForEver, Handling, PersonalData

Effect = Literal["cancelled", "rolled_back", "recalled", "never_sent", "irreversible"]


_NAMED = {"type": "string", "description": "One of the two is named."}
_LEFT_OUT = {"type": "null", "description": "The other one is left out."}
ONE_OF_BOTH: list[Any] = [
    {"required": [one], "properties": {one: _NAMED, other: _LEFT_OUT}}
    for one, other in (("approval_id", "run_id"), ("run_id", "approval_id"))
]
"""How a schema says that an objection is to an approval or to a run."""


class Veto(Entity):
    """An objection of the Governor, and what became of what it hit."""

    collection: ClassVar[str] = "vetoes"
    handling: ClassVar = Handling(
        kept=ForEver("a veto is a constitutional record"),
        export="tenant",
        erasure=Blanked("that it was said, on which ground and of what, is evidence"),
    )
    personal: ClassVar = PersonalData(ids="issued_by", texts="explanation")

    approval_id: Id | None = None
    """The approval that is objected to; null where it is a run."""
    run_id: Id | None = None
    """The run that is objected to; null where it is an approval."""
    step_id: str | None = None
    """The step of the run; null for the whole of it."""
    category: VetoCategory
    """On which ground."""
    explanation: str
    """Why, in the Governor's words."""
    attachments: Annotated[tuple[Attachment, ...], Field(max_length=5)] = ()
    """Documents that go with it, by name and digest."""
    issued_by: str
    """Who objected."""
    decided_at: Timestamp
    """When they decided to, by our clock."""
    received_at: Timestamp
    """When it reached us."""
    window_end: Timestamp
    """Until when one could object."""
    offline: bool = False
    """Whether it was decided on a phone without a connection."""
    late: bool = False
    """Whether it came after the time to object was over."""
    confirmed_through: Id | None = None
    """The question whether to roll back to which somebody else said yes; null where it counted by itself."""
    return_approval_id: Id | None = None
    """The question whether what it took back returns to service; null where that is not asked."""
    lifted_at: Timestamp | None = None
    """When what it had taken back returned to service; null where it did not."""
    effect: Effect
    """What became of what it hit; `irreversible` where it had happened and cannot be undone."""
    effect_completed_at: Timestamp | None = None
    """When nothing of it was left to undo; none while that is under way or has failed."""

    @property
    def by_itself(self) -> bool:
        """Whether it came too late and counts without a confirmation, as nobody else could give one."""
        return self.late and self.confirmed_through is None
