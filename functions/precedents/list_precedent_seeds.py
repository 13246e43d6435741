from typing import Annotated

from pydantic import Field

from shared.actors import PLATFORM, Scope
from shared.entity import ShownLine
from shared.operation import Call, operation
from shared.precedents.models.seeds import Domain, PrecedentSeed, SeedStatus
from shared.queries import Page, Paging


class SeedQuery(Paging):
    """Which seeds: those in force unless another status is named."""

    status: SeedStatus = "active"
    """Only seeds in this status."""
    domain: Domain | None = None
    """Only seeds of this domain."""
    approval_class: Annotated[ShownLine, Field(max_length=255)] | None = None
    """Only seeds of exactly this class, `*` included where the seed has one."""
    auto_approve: bool | None = None
    """Only seeds that approve by themselves, or only those that do not."""
    by_governor: bool | None = None
    """Only seeds that a Governor wrote, or only those that others did."""


@operation(
    "GET",
    "/v1/precedent-seeds",
    scopes={Scope.PRECEDENTS_READ},
    audited=False,
    tenant=PLATFORM,
)
def list_precedent_seeds(call: Call, query: SeedQuery) -> Page[PrecedentSeed]:
    """List precedent seeds, the newest first."""
    with call.transaction() as txn:
        return txn.page(PrecedentSeed, query, order="-created_at", **query.tests())
