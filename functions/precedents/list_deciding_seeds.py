from pydantic import Field

from shared.actors import Scope
from shared.entity import Opaque, Value
from shared.operation import Call, operation
from shared.precedents.actions.reading import OF_THE_PLATFORM, switches
from shared.precedents.models.deciding import DecidingSeed
from shared.precedents.models.seeds import PrecedentSeed
from shared.precedents.rules.lifecycle import decides_in


class DecidingQuery(Value):
    """Which part of the list."""

    cursor: Opaque | None = None
    """Where the part before it ended."""

    limit: int = Field(20, ge=1, le=100)
    """How many rules are looked at; those that decide elsewhere are left out."""


class DecidingSeeds(Value):
    """Some of the rules that decide in a tenant."""

    items: tuple[DecidingSeed, ...]
    """Those of this part, by their numbers."""
    next_cursor: str | None
    """Where the next part begins; none where this is the last."""


@operation("GET", "/v1/precedent-seeds/deciding", scopes={Scope.GOVERNANCE_READ}, audited=False)
def list_deciding_seeds(call: Call, query: DecidingQuery) -> DecidingSeeds:
    """List every rule in force that may decide in your tenant, with all that it admits, and whether you let it."""
    with call.platform(OF_THE_PLATFORM) as platform:
        page = platform.find(
            PrecedentSeed, order="seed_id", limit=query.limit, cursor=query.cursor, status="active"
        )
    seeds = [one for one in page.items if decides_in(one, call.tenant)]
    with call.transaction() as txn:
        here = switches(txn, seeds)
    return DecidingSeeds(
        items=tuple(DecidingSeed.of(one, here.get(one.id)) for one in seeds),
        next_cursor=page.next_cursor,
    )
