from pydantic import ConfigDict

from shared.actors import PLATFORM, Scope
from shared.learning.models import DraftStatus, SeedDraft
from shared.operation import Call, operation
from shared.queries import Page, Paging


class DraftListing(Paging):
    """Which drafts."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"status": "draft", "limit": 20}]})

    status: DraftStatus | None = None
    """Only drafts that are this far."""


@operation("GET", "/v1/seeds", scopes={Scope.LEARNING_READ}, audited=False, tenant=PLATFORM)
def list_seed_drafts(call: Call, query: DraftListing) -> Page[SeedDraft]:
    """List the drafts of precedents, the newest first, by status."""
    with call.transaction() as txn:
        return txn.page(SeedDraft, query, order="-created_at", **query.tests())
