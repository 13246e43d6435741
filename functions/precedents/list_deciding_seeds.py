from shared.actors import Scope
from shared.operation import Call, operation
from shared.precedents.actions.reading import OF_THE_PLATFORM, switches
from shared.precedents.models.deciding import DecidingSeed
from shared.precedents.models.seeds import PrecedentSeed
from shared.precedents.rules.lifecycle import decides_in
from shared.queries import Page, Paging


@operation("GET", "/v1/precedent-seeds/deciding", scopes={Scope.GOVERNANCE_READ}, audited=False)
def list_deciding_seeds(call: Call, query: Paging) -> Page[DecidingSeed]:
    """
    List every rule in force that may decide in your tenant, with all that it admits, and whether you let it.

    They come by their numbers. A page has fewer where some decide elsewhere.
    """
    with call.platform(OF_THE_PLATFORM) as platform:
        page = platform.page(PrecedentSeed, query, order="seed_id", status="active")
    seeds = [one for one in page.items if decides_in(one, call.tenant)]
    with call.transaction() as txn:
        here = switches(txn, seeds)
    return Page(
        items=tuple(DecidingSeed.of(one, here.get(one.id)) for one in seeds),
        next_cursor=page.next_cursor,
    )
