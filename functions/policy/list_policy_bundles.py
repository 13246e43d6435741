from shared.actors import PLATFORM, Scope
from shared.entity import Code
from shared.operation import Call, operation
from shared.policy.models.bundles import PublishedBundles, Status
from shared.queries import Page, Paging


class BundleQuery(Paging):
    """Which sets of policy bundles."""

    status: Status | None = None
    """Only those in this status."""
    name: Code | None = None
    """Only those that were published with this bundle; `release` for the releases' own."""


@operation("GET", "/v1/policy/bundles", scopes={Scope.BUNDLES_READ}, tenant=PLATFORM, audited=False)
def list_policy_bundles(call: Call, query: BundleQuery) -> Page[PublishedBundles]:
    """
    List the sets of policy bundles, the newest first: what is in force, what was, and what could be.

    Each says what was published with it, its tests, what it would change, and the signed entry of its last change.
    """
    with call.transaction() as txn:
        return txn.page(PublishedBundles, query, order="-created_at", **query.tests())
