"""What bounds an agent, in its specification as in its manifest: what it does, what it decides, and when it asks."""

from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from shared.entity import Name, Text, Value
from shared.genesis.models.parts import ApprovalType

Slug = Annotated[
    str, Field(min_length=1, max_length=120, pattern=r"^[A-Za-z0-9][A-Za-z0-9._:/-]*$")
]

Items = Annotated[tuple[Name, ...], Field(max_length=50)]


class Scope(Value):
    """What the agent does, what it leaves alone, and what it refuses."""

    model_config = ConfigDict(validate_by_name=True, serialize_by_alias=True)

    inside: Items = Field(default=(), alias="in")
    """What it does, one line each; every capability names one of these as `justified_by`."""
    out: Items = ()
    """What it leaves alone, one line each."""
    refusal_classes: Items = ()
    """What it refuses, one line each."""


class RequiresApproval(Value):
    """A decision that waits for an approval of a type."""

    decision: Slug
    """The act step: `<skill_key>.<n>`."""
    approval_type: ApprovalType
    """What kind of approval it waits for."""


class DecisionRights(Value):
    """Which act steps the agent takes by itself; a step is named ``<skill_key>.<n>``."""

    autonomous: Annotated[tuple[Slug, ...], Field(max_length=100)] = ()
    """Act steps that it takes by itself: none that writes data or acts outside."""
    requires_approval: Annotated[tuple[RequiresApproval, ...], Field(max_length=100)] = ()
    """Act steps that wait for an approval."""


class EscalationTrigger(Value):
    """When the agent stops and asks, whom, and by when it expects an answer."""

    condition: Text
    """When it stops and asks."""
    destination: Literal[
        "governor", "deputy_governor", "genesis", "systems_architect", "vision_guardian", "manager"
    ]
    """Whom it asks."""
    deadline_minutes: int = Field(ge=1, le=10_080)
    """Within how many minutes it expects an answer."""
