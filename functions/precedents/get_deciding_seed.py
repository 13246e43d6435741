from shared.actors import Scope
from shared.operation import Call, operation
from shared.precedents.actions.reading import decides_here, switches
from shared.precedents.models.deciding import DecidingSeed
from shared.precedents.models.seeds import SeedNumber


@operation(
    "GET", "/v1/precedent-seeds/deciding/{number}", scopes={Scope.GOVERNANCE_READ}, audited=False
)
def get_deciding_seed(call: Call, number: SeedNumber) -> DecidingSeed:
    """Show a rule that may decide in your tenant: all that it asks for and admits, and whether you let it."""
    seed = decides_here(call, number)
    with call.transaction() as txn:
        return DecidingSeed.of(seed, switches(txn, (seed,)).get(seed.id))
