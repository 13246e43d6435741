"""What staff see of circuit breakers, and the reset of one."""

from datetime import datetime
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from shared.entity import Code, Entity, Event, Record, Text, Timestamp, Value
from shared.errors import NotFound
from shared.judged import Masked
from shared.platform.targets import FAILURES, PROBE_AFTER, TARGETS, WITHIN

Target = Annotated[str, Field(pattern=r"^[a-z][a-z-]{1,39}$", examples=["workflows"])]


class Circuit(Record):
    """What a process last said of its breaker of one target; its id is the target's name."""

    collection: ClassVar[str] = "circuit_breakers"

    opened_at: Timestamp | None
    """Since when it is open; absent while it is closed."""

    failures: int
    changed_at: Timestamp


class CircuitReset(Entity):
    """When staff last had the breakers of one target closed; its id is the target's name."""

    collection: ClassVar[str] = "circuit_breaker_resets"

    reset_at: Timestamp


class CircuitBreakerReset(Event, action="circuit_breaker.reset", category="configuration_change"):
    """Staff had the breakers of a target closed."""

    target: Code
    reason: Annotated[str, Masked(kept=4000)]


class CircuitBreaker(Value):
    """The breaker of one target, as the process that last changed it said."""

    name: str
    """What it is called in the path."""
    target: str
    """What is called, in words."""

    state: Literal["closed", "open", "half_open"]
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


def known(name: str) -> str:
    """
    Return the name of a target.

    Raises:
        NotFound: There is none of that name.
    """
    if name not in TARGETS:
        raise NotFound(
            f"there is no circuit breaker {name}; there are {', '.join(sorted(TARGETS))}"
        )
    return name


def seen(
    name: str, circuit: Circuit | None, reset: CircuitReset | None, *, at: datetime
) -> CircuitBreaker:
    """Return how the breaker of a target is, from what was written down of it."""
    opened_at = circuit.opened_at if circuit else None
    reset_at = reset.reset_at if reset else None
    if opened_at and reset_at and reset_at > opened_at:
        opened_at = None
    probe_at = opened_at + PROBE_AFTER if opened_at else None
    half = probe_at is not None and probe_at <= at
    return CircuitBreaker(
        name=name,
        target=TARGETS[name],
        state="half_open" if half else "open" if opened_at else "closed",
        failures=circuit.failures if circuit and opened_at else 0,
        opened_at=opened_at,
        next_probe_at=probe_at,
        changed_at=circuit.changed_at if circuit else None,
        reset_at=reset_at,
        says=_said(name, opened_at, half=half),
    )


def _said(name: str, opened_at: datetime | None, *, half: bool) -> str:
    if opened_at is None:
        return f"Requests to {TARGETS[name]} go through."
    since = (
        f"Since {opened_at:%H:%M:%S} UTC {TARGETS[name]} is left alone: {FAILURES} requests failed"
        f" within {WITHIN.seconds} seconds."
    )
    then = "The next request tries" if half else f"After {PROBE_AFTER.seconds} seconds one tries"
    return f"{since} {then} whether it answers again."


def reset(before: CircuitReset | None, name: str, *, at: datetime) -> CircuitReset:
    """Return the note by which open breakers of a target close."""
    if before:
        return before.model_copy(update={"reset_at": at})
    return CircuitReset(
        id=name,
        tenant_id="platform",
        created_at=at,
        updated_at=at,
        governance_agent_id="governor",
        reset_at=at,
    )
