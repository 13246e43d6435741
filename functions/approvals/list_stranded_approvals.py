from shared.actors import Scope
from shared.approvals.models.approvals import Approval
from shared.approvals.models.records import Stranded, Why
from shared.entity import Id, Timestamp, Value
from shared.operation import Call, operation
from shared.queries import Page, Paging


class StrandedApproval(Value):
    """An open request that nobody can answer, or whose answer nobody waits for."""

    approval_id: Id
    """The request."""
    title: str
    """What it asks, in a few words."""
    why: Why
    """What is missing: somebody who can answer, somebody who waits, or its end."""
    owner: str
    """In whose hands it is: whoever asked, or the Governor for what a service asked."""
    incident_id: Id
    """The incident that was opened for it."""
    since: Timestamp
    """When that was found."""
    expires_at: Timestamp
    """When it ends by itself."""


@operation("GET", "/v1/approvals/stranded", scopes={Scope.GOVERNANCE_READ}, audited=False)
def list_stranded_approvals(call: Call, query: Paging) -> Page[StrandedApproval]:
    """
    List the open requests of the tenant that wait for nobody, the one found last first.

    Every hour the platform looks for them, and opens an incident in somebody's hands for each. Withdraw it
    (`POST /v1/approvals/{approval_id}/cancel`), or ask again so that it can be answered.
    """
    with call.transaction() as txn:
        found = txn.page(Stranded, query, order="-since")
        pairs = [(one, txn.get_or_none(Approval, one.id)) for one in found.items]
    items = tuple(
        StrandedApproval(
            approval_id=approval.id,
            title=approval.title,
            why=one.why,
            owner=one.owner,
            incident_id=one.incident_id,
            since=one.since,
            expires_at=approval.expires_at,
        )
        for one, approval in pairs
        if approval is not None and approval.open
    )
    return Page(items=items, next_cursor=found.next_cursor)
