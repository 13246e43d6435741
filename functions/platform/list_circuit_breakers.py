from shared.actors import PLATFORM, Scope
from shared.entity import Value
from shared.operation import Call, operation
from shared.platform.models.breakers import Circuit, CircuitBreaker, CircuitReset
from shared.platform.rules.breakers import seen
from shared.platform.rules.targets import TARGETS


class CircuitBreakers(Value):
    """The breaker of each target."""

    items: tuple[CircuitBreaker, ...]
    """One breaker for each service outside that the platform calls."""


@operation(
    "GET",
    "/v1/admin/circuit-breakers",
    scopes={Scope.PLATFORM_READ},
    tenant=PLATFORM,
    audited=False,
)
def list_circuit_breakers(call: Call) -> CircuitBreakers:
    """
    List what the platform calls outside itself, and what it leaves alone for now.

    Each process has breakers of its own; what is shown is what a process last said.
    """
    with call.transaction() as txn:
        circuits = {circuit.id: circuit for circuit in txn.all(Circuit)}
        resets = {reset.id: reset for reset in txn.all(CircuitReset)}
    return CircuitBreakers(
        items=tuple(
            seen(name, circuits.get(name), resets.get(name), at=call.now) for name in TARGETS
        )
    )
