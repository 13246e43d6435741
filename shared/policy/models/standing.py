"""Which rules are in force, and whether everything is frozen: one document, which every process looks at."""

from typing import Annotated, ClassVar

from pydantic import ConfigDict, Field

from shared.entity import ActorId, Code, Entity, Hex64, Text, Timestamp, Value
from shared.handling import Blanked, ForEver, Handling, Nobody, PersonalData

STANDING = "standing"
"""The id of the one document."""

Reason = Annotated[Text, Field(min_length=10, max_length=2000)]


class PolicyStanding(Entity):
    """What policy stands on: the set of bundles in force, and the freeze."""

    collection: ClassVar[str] = "policy_standing"
    handling: ClassVar = Handling(
        kept=ForEver("one document, written over"),
        export=Nobody("the platform's own"),
        erasure=Blanked("who froze the platform, and who put rules in force, is evidence"),
    )
    personal: ClassVar = PersonalData(ids="frozen_by", texts="freeze_reason")

    release: Code
    """The release that last came with a set of its own."""
    bundle: Hex64
    """The digest of the set in force."""
    since: Timestamp
    """Since when it is."""
    approval_id: Code | None = None
    """The approval it was put in force under; null where it came with a release."""
    frozen: bool = False
    """Whether nothing may change but what a freeze lets through."""
    freeze_reason: Reason | None = None
    """Why it is frozen, or why no longer; null where it never was."""
    frozen_by: ActorId | None = None
    """Who froze it, or let it go on; null where nobody did."""
    frozen_at: Timestamp | None = None
    """When they did."""


class Freezing(Value):
    """Whether the platform is frozen, and why."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"on": False, "reason": "The incident is over, and what it broke is put right."}
            ]
        }
    )

    on: bool
    """Whether nothing may change from now on but what a freeze lets through."""
    reason: Reason
    """Why, in your words."""


class Freeze(Value):
    """Whether the platform is frozen."""

    on: bool
    """Whether nothing may change but what a freeze lets through."""
    reason: str | None
    """Why, in the words of whoever said so last; null where nobody ever did."""
    by: ActorId | None
    """Who said so."""
    at: Timestamp | None
    """When they did."""

    @classmethod
    def of(cls, standing: PolicyStanding) -> "Freeze":
        """Return whether it is frozen, as the standing says it."""
        return cls(
            on=standing.frozen,
            reason=standing.freeze_reason,
            by=standing.frozen_by,
            at=standing.frozen_at,
        )
