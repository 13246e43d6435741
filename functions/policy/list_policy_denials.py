from pydantic import Field

from shared.actors import PLATFORM, Scope
from shared.entity import Code, Id, Timestamp, written
from shared.operation import Call, operation
from shared.policy.models.denials import PolicyDenial
from shared.queries import Between, Page, Paging

BEGINNING = "2000"
"""Before whatever was entered."""


class DenialQuery(Paging):
    """Which denials."""

    correlation_id: Id | None = None
    """Only those of this story."""
    customer_id: Code | None = None
    """Only those of this customer's callers; customers are shown their own alone."""
    agent_id: Code | None = None
    """Only those about this agent."""
    since: Timestamp | None = Field(None, alias="from")
    """Only those of this instant or later."""
    to: Timestamp | None = None
    """Only those of this instant or earlier."""


@operation(
    "GET",
    "/v1/policy-denials",
    scopes={Scope.POLICY_READ},
    audited=False,
    tenant=PLATFORM,
)
def list_policy_denials(call: Call, which: DenialQuery) -> Page[PolicyDenial]:
    """
    List who was denied what, and by which rule, the newest first.

    A denial is in the list some seconds after it was entered into evidence.
    """
    tests = which.tests("correlation_id", "customer_id", "agent_id")
    if which.since is not None or which.to is not None:
        first = written(which.since) if which.since else BEGINNING
        tests["created_at"] = Between(first, written(which.to or call.now))
    staff = call.actor.of_the_platform
    if not staff and which.customer_id not in {None, call.actor.tenant}:
        return Page(items=())
    if not staff:
        tests["customer_id"] = call.actor.tenant
    with call.transaction() as txn:
        if staff:
            return txn.page(PolicyDenial, which, order="-created_at", **tests)
        own = txn.page(PolicyDenial, which, order="-created_at", **tests)
        return own.map(PolicyDenial.for_customers)
