from shared.actors import Scope
from shared.approvals.models.approvals import OPEN, Approval
from shared.entity import Id, Timestamp, Value
from shared.operation import Call, operation
from shared.queries import OneOf
from shared.store import Transaction
from shared.streams import LastEventId, Stream, listen


class NextDeadline(Value):
    """What a stream of approvals begins with: which of those that wait is the first to run out."""

    approval_id: Id | None = None
    """Which approval it is; null where none waits."""
    expires_at: Timestamp | None = None
    """When its time runs out; null where none waits."""


@operation("GET", "/v1/approvals/stream", scopes={Scope.GOVERNANCE_READ}, audited=False)
def stream_approvals(call: Call, after: LastEventId) -> Stream[Approval | NextDeadline]:
    """
    Tell what becomes of the tenant's approvals, the earliest first: each as it is after it has changed.

    What changed several times meanwhile is told once, as it is then.
    """
    with call.transaction() as txn:
        changed = listen(txn, Approval, after, at=call.now, order="updated_at")
        return changed.beginning(lambda: _next(txn))


def _next(txn: Transaction) -> NextDeadline:
    first = txn.first(Approval, order="expires_at", status=OneOf(OPEN), held_back=False)
    if first is None:
        return NextDeadline()
    return NextDeadline(approval_id=first.id, expires_at=first.expires_at)
