from shared.actors import PLATFORM, Scope
from shared.genesis.models.industries import Industry
from shared.genesis.models.requests import IndustryListing
from shared.operation import Call, operation
from shared.queries import Page


@operation("GET", "/v1/industries", scopes={Scope.KNOWLEDGE_READ}, audited=False, tenant=PLATFORM)
def list_industries(call: Call, query: IndustryListing) -> Page[Industry]:
    """List industries, the newest first, by status and code."""
    with call.transaction() as txn:
        return txn.page(Industry, query, order="-created_at", **query.tests())
