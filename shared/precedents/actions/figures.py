"""Count what happened to requests, in the figures of their day."""

from shared.actors import PLATFORM
from shared.precedents.models.figures import Figures
from shared.precedents.rules.figures import counted
from shared.projection import Fold
from shared.tallies import Tally

FIGURES = Tally(Figures, shards=64)
"""The requests of all tenants are counted in so many documents (docs/scaling.md)."""

OF_ALL_TENANTS = "the figures of seeds are those of all tenants together"


def add(call: Fold, approval_id: str, **more: int) -> None:
    """Add something of a request to the day when it happened."""
    with call.within(PLATFORM, OF_ALL_TENANTS) as txn:
        before = FIGURES.of(txn, approval_id)
        FIGURES.keep(txn, before, counted(before, call.now, **more))
