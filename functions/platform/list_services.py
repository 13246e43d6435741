from shared.actors import PLATFORM, Scope
from shared.entity import Value
from shared.operation import Call, operation
from shared.platform.models.services import LATEST, Observation, ServiceStatus
from shared.platform.rules import states


class Services(Value):
    """How each service is."""

    items: tuple[ServiceStatus, ...]
    """One line for each area of the API."""


@operation(
    "GET",
    "/v1/monitoring/services",
    scopes={Scope.PLATFORM_READ},
    audited=False,
    tenant=PLATFORM,
)
def list_services(call: Call) -> Services:
    """
    Show how each service is, as it was last looked at.

    They are looked at every five minutes, and every minute while something is wrong. After three missed
    looks nobody knows.
    """
    with call.transaction() as txn:
        seen = txn.get_or_none(Observation, LATEST)
    return Services(items=states.services(seen, at=call.now))
