from shared.actors import Scope
from shared.entity import Code
from shared.operation import Call, operation
from shared.policy.models.policies import Policy, PolicyView, Status
from shared.queries import Page, Paging


class PolicyQuery(Paging):
    """Which policies."""

    status: Status | None = None
    """Only those in this status."""
    name: Code | None = None
    """Only the versions of this one."""


@operation("GET", "/v1/policies", scopes={Scope.POLICIES_READ}, audited=False)
def list_policies(call: Call, query: PolicyQuery) -> Page[PolicyView]:
    """List the policies of a tenant, every version of them, the newest first."""
    with call.transaction() as txn:
        page = txn.page(Policy, query, order="-created_at", **query.tests())
    return page.map(PolicyView.of)
