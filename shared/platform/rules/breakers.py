"""What staff see of circuit breakers, and the reset of one."""

from datetime import datetime

from shared.errors import NotFound
from shared.platform.models.breakers import Circuit, CircuitBreaker, CircuitReset, State
from shared.platform.rules.targets import FAILURES, PROBE_AFTER, TARGETS, WITHIN


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
    opened_at = _opened(circuit, reset)
    now = state(circuit, reset, at=at)
    return CircuitBreaker(
        name=name,
        target=TARGETS[name],
        state=now,
        failures=circuit.failures if circuit and opened_at else 0,
        opened_at=opened_at,
        next_probe_at=opened_at + PROBE_AFTER if opened_at else None,
        changed_at=circuit.changed_at if circuit else None,
        reset_at=reset.reset_at if reset else None,
        says=_said(name, opened_at, half=now == "half_open"),
    )


def state(circuit: Circuit | None, reset: CircuitReset | None, *, at: datetime) -> State:
    """Say whether something is called, by what was written down of it; what nobody failed to reach is."""
    opened_at = _opened(circuit, reset)
    if opened_at is None:
        return "closed"
    return "half_open" if opened_at + PROBE_AFTER <= at else "open"


def _opened(circuit: Circuit | None, reset: CircuitReset | None) -> datetime | None:
    opened_at = circuit.opened_at if circuit else None
    return None if opened_at and reset and reset.reset_at > opened_at else opened_at


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
