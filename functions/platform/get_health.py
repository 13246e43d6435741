from shared.actors import PLATFORM, PUBLIC, Scope
from shared.enforcing import Enforcement
from shared.entity import Timestamp, Value
from shared.observability import Enforcing
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
    enforcement: Enforcement
    """Whether every change is decided by the rules in force; in words for those who may see it."""
    checks: tuple[Check, ...] | None = None
    """What it depends on: for those who may see it."""


@operation("GET", "/v1/health", scopes=PUBLIC, audited=False, tenant=PLATFORM, recognises=True)
def get_health(call: Call, enforcing: Enforcing) -> Health:
    """
    Say whether the platform is well.

    One cheap read proves that the store answers, where it does not, the answer is 503. That read is what
    the last look at everything else saw, but for policy: a canary that must be denied is asked with it.
    """
    with call.transaction() as txn:
        seen = txn.get_or_none(Observation, LATEST)
    inside = Scope.PLATFORM_READ in call.actor.scopes
    enforcement = enforcing.state(call.now)
    if not inside:
        enforcement = enforcement.model_copy(update={"says": "", "freeze_reason": None})
    off = enforcement.level == "off"
    return Health(
        status="down" if off else states.platform_state(seen, at=call.now),
        version=VERSION,
        time=call.now,
        enforcement=enforcement,
        checks=(seen.checks if seen else ()) if inside else None,
    )
