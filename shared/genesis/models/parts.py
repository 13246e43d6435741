"""The words that industries, skills and job roles share, and what of data they touch."""

from typing import Annotated, Literal

from pydantic import Field

from shared.entity import SaidLine, Text, Value

IndustryCode = Literal["HC", "ED", "FN", "MK", "SA", "PL"]
Classification = Literal["public", "internal", "confidential", "restricted_pii"]
ApprovalType = Literal["artifact", "communication", "execution", "financial", "constitutional"]
Risk = Literal["low", "medium", "high", "critical"]
Decision = Literal["allow", "deny", "escalate"]

Line = Annotated[SaidLine, Field(max_length=500)]
"""One short sentence."""

Prose = Annotated[Text, Field(min_length=10, max_length=2000)]
"""A description or a reason: a sentence at least."""

Summary = Annotated[Text, Field(min_length=10, max_length=1000)]
"""A shorter one."""

Key = Annotated[
    str, Field(min_length=1, max_length=100, pattern=r"^[A-Za-z0-9*][A-Za-z0-9_.:*/-]*$")
]
"""A technical name: a tool, a resource, a field, an event."""

Lines = Annotated[tuple[Line, ...], Field(max_length=50)]
Keys = Annotated[tuple[Key, ...], Field(max_length=50)]


class DataAccess(Value):
    """Which fields of which data a skill touches, for what, and for how long."""

    resource: Key
    """Which data, by key."""
    fields: Annotated[Keys, Field(min_length=1)]
    """Which members of it; no wildcards."""
    mode: Literal["read", "write"]
    """Whether it is read or written."""
    classification: Classification
    """How carefully it is treated."""
    purpose: Line
    """What for."""
    retention_days: int = Field(ge=0, le=36_500)
    """For how many days it is kept; 0 means not at all."""

    def covers(self, access: "DataAccess") -> bool:
        """Say whether a grant of this holds an access: same data, no more fields, not kept longer."""
        return (
            self.resource == access.resource
            and self.mode in {access.mode, "write"}
            and self.classification == access.classification
            and set(access.fields) <= set(self.fields)
            and access.retention_days <= self.retention_days
        )
