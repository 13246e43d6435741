"""What would have been decided otherwise with other rules."""

from typing import Annotated

from pydantic import ConfigDict, Field

from shared.deciding import Reason, Verdict
from shared.entity import Code, Timestamp, Value
from shared.judged import Pattern

MAX_LOOKED_AT = 1_000
MAX_SHOWN = 50
MAX_REASONS = 5


class WhatIfRequest(Value):
    """How many recorded decisions are looked at."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"limit": 200}]})

    limit: Annotated[int, Field(ge=1, le=MAX_LOOKED_AT)] = 200
    """How many recorded decisions to look at, the latest first."""


class Changed(Value):
    """One act that would be decided otherwise."""

    decision_id: Code
    """The decision that was made."""
    action: Code
    """What was to be done."""
    decided_at: Timestamp
    """When it was decided."""
    before: Verdict
    """What was decided."""
    after: Verdict
    """What would be."""
    weaker: bool = False
    """Whether less would be asked of it: no denial any more, no approval or a lesser one, or not all obligations."""
    dropped: Annotated[tuple[Code, ...], Field(max_length=MAX_REASONS)] = ()
    """The obligations that it would no longer be under, or not as strictly."""
    rules: tuple[Code, ...]
    """The rules that it comes of: those of the policy that is tried, or of the one that it would take the place of."""
    reasons: Annotated[tuple[Reason, ...], Field(max_length=MAX_REASONS)] = ()
    """What these rules say, in words: why it would be denied or asked for, or why it was and would be no longer."""


class Counted(Value):
    """How many decisions are alike in something."""

    what: Annotated[
        str, Pattern(r"^[A-Za-z0-9_][A-Za-z0-9_.:/#+-]*(->[a-z_]+)?$"), Field(max_length=255)
    ]
    """What they have in common; where it is what was decided and what would be, with an arrow between the two."""
    count: Annotated[int, Field(ge=0)]
    """How many they are."""


class WhatIf(Value):
    """What would have been decided otherwise."""

    looked_at: int
    """How many recorded decisions were looked at."""
    more: bool
    """Whether more are recorded than were looked at."""
    applied_to: int
    """To how many of them what is changed applies."""
    changed: int
    """How many would be decided otherwise."""
    looser: bool
    """Whether one that was denied, had to be asked for or was under obligations would be weaker."""
    by_verdict: tuple[Counted, ...]
    """The changes by what was decided and what would be, such as `allow->deny`."""
    by_rule: tuple[Counted, ...]
    """The changes by the rules that they come of; one may come of several."""
    by_action: tuple[Counted, ...]
    """The changes by what was to be done."""
    changes: Annotated[tuple[Changed, ...], Field(max_length=MAX_SHOWN)]
    """The first fifty of them, the latest first."""
