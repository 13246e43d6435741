"""Circuit breakers, as they are kept and shown."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from shared.entity import Entity, Record, Text, Timestamp, Value
from shared.handling import ForEver, Handling, Nobody, Stays

NAMED = r"^[a-z][a-z-]{1,39}$"
"""What targets are called."""

Target = Annotated[str, Field(pattern=NAMED, examples=["workflows"])]


State = Literal["closed", "open", "half_open"]


class Circuit(Record):
    """What a process last said of its breaker of one target; its id is the target's name."""

    collection: ClassVar[str] = "circuit_breakers"
    handling: ClassVar = Handling(
        kept=ForEver("one document a target, written over"),
        export=Nobody("the platform's own"),
        erasure=Stays("it is about no person"),
    )

    opened_at: Timestamp | None
    """Since when it is open; absent while it is closed."""

    failures: int
    changed_at: Timestamp


class CircuitReset(Entity):
    """When staff last had the breakers of one target closed; its id is the target's name."""

    collection: ClassVar[str] = "circuit_breaker_resets"
    handling: ClassVar = Handling(
        kept=ForEver("one document a target, written over"),
        export=Nobody("the platform's own"),
        erasure=Stays("it is about no person"),
    )

    reset_at: Timestamp


class CircuitBreaker(Value):
    """The breaker of one target, as the process that last changed it said."""

    name: str
    """What it is called in the path."""
    target: str
    """What is called, in words."""

    state: State
    """`half_open`: the next request tries whether it answers again."""

    failures: int
    """How many requests failed shortly before it opened."""

    opened_at: Timestamp | None
    """Since when nothing is called; null while it is closed."""
    next_probe_at: Timestamp | None
    """From when on one request tries again."""

    changed_at: Timestamp | None
    """When it last opened or closed; null where it never did."""
    reset_at: Timestamp | None
    """When staff last had it closed; null where they never did."""
    says: Text
    """The same, for people."""
