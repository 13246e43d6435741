from shared.actors import PLATFORM, Scope
from shared.operation import Call, operation
from shared.precedents.models.figures import Figures
from shared.precedents.models.seeds import PrecedentSeed, SeedStatus
from shared.precedents.rules.figures import Metrics, metrics
from shared.queries import Page, Paging


class SeedCardQuery(Paging):
    """Which seeds."""

    status: SeedStatus | None = None
    """Only seeds in this status."""


class SeedCards(Page[PrecedentSeed]):
    """Some of the seeds with their conditions and counts, and how all of them did lately."""

    metrics: Metrics
    """How well all seeds did in the last 30 days."""


@operation(
    "GET", "/v1/mobile/seeds", scopes={Scope.PRECEDENTS_READ}, audited=False, tenant=PLATFORM
)
def list_seed_cards(call: Call, query: SeedCardQuery) -> SeedCards:
    """List precedent seeds with their figures, the newest first; good for a day without connection."""
    with call.transaction() as txn:
        page = txn.page(PrecedentSeed, query, order="-created_at", **query.tests())
        figures = txn.all(Figures)
    return SeedCards(
        items=page.items,
        next_cursor=page.next_cursor,
        metrics=metrics(figures, at=call.now),
    )
