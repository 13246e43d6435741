from pydantic import ConfigDict, Field

from shared.actors import PLATFORM, Scope
from shared.entity import Opaque, Value
from shared.learning.models import DraftStatus, SeedDraft
from shared.operation import Call, operation
from shared.queries import Page


class DraftListing(Value):
    """Which drafts."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"status": "draft", "limit": 20}]})

    limit: int = Field(20, ge=1, le=100)
    """How many drafts one page holds."""
    cursor: Opaque | None = None
    """Where the page begins: the `next_cursor` of the page before."""
    status: DraftStatus | None = None
    """Only drafts that are this far."""


@operation("GET", "/v1/seeds", scopes={Scope.LEARNING_READ}, audited=False, tenant=PLATFORM)
def list_seed_drafts(call: Call, query: DraftListing) -> Page[SeedDraft]:
    """List the drafts of precedents, the newest first, by status."""
    wanted = {"status": query.status} if query.status else {}
    with call.transaction() as txn:
        return txn.find(
            SeedDraft,
            order="-created_at",
            limit=query.limit,
            cursor=query.cursor,
            **wanted,
        )
