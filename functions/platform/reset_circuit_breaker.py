from typing import Annotated

from pydantic import ConfigDict, Field

from shared.actors import PLATFORM, Scope
from shared.entity import Text, Value
from shared.operation import Call, operation
from shared.platform.events import CircuitBreakerReset
from shared.platform.models.breakers import Circuit, CircuitBreaker, CircuitReset, Target
from shared.platform.rules.breakers import known, reset, seen


class Reset(Value):
    """Why the target is called again."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"reason": "the engine answers again, as its console says"}]
        }
    )

    reason: Annotated[Text, Field(max_length=500)]
    """Why the service should answer again, in your words."""


@operation(
    "POST",
    "/v1/admin/circuit-breakers/{name}/reset",
    scopes={Scope.BREAKERS_RESET},
    tenant=PLATFORM,
)
def reset_circuit_breaker(call: Call, name: Target, body: Reset) -> CircuitBreaker:
    """
    Close the breakers of a target, and let requests to it through at once.

    Processes whose breaker is open notice within five seconds of their next request. The store's own
    breaker cannot be told while the store does not answer: it closes by its probe.
    """
    with call.transaction() as txn:
        circuit = txn.get_or_none(Circuit, known(name))
        before = txn.get_or_none(CircuitReset, name)
        after = reset(before, name, at=call.now)
        event = CircuitBreakerReset(target=name, reason=body.reason)
        after = txn.save(after, event) if before else txn.create(after, event)
    return seen(name, circuit, after, at=call.now)
