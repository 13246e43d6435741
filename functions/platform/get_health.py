from shared.actors import PLATFORM, PUBLIC, Scope
from shared.entity import Timestamp, Value
from shared.operation import Call, operation
from shared.platform.models.services import LATEST, Check, Observation, State
from shared.platform.rules import states
from shared.release import VERSION


class Health(Value):
    """How the platform is."""

    status: State
    """The worst of the checks."""
    version: str
    """The release that answers."""
    time: Timestamp
    """What time it is here, in UTC."""
    checks: tuple[Check, ...] | None = None
    """What it depends on: for those who may see it."""


@operation("GET", "/v1/health", scopes=PUBLIC, audited=False, tenant=PLATFORM, recognises=True)
def get_health(call: Call) -> Health:
    """
    Say whether the platform is well.

    One cheap read proves that the store answers, where it does not, the answer is 503. That read is what
    the last look at everything else saw.
    """
    with call.transaction() as txn:
        seen = txn.get_or_none(Observation, LATEST)
    inside = Scope.PLATFORM_READ in call.actor.scopes
    return Health(
        status=states.platform_state(seen, at=call.now),
        version=VERSION,
        time=call.now,
        checks=(seen.checks if seen else ()) if inside else None,
    )
