from shared.approvals import load
from shared.approvals.changing import shown
from shared.approvals.events import (
    ApprovalCancelled,
    ApprovalChangesRequested,
    ApprovalExpired,
    ApprovalGranted,
    ApprovalRejected,
    ApprovalReleased,
)
from shared.approvals.models import Approval
from shared.entity import Event
from shared.mobile.notices import notice, tell
from shared.reaction import Reaching, reaction


@reaction(
    on=(
        ApprovalGranted,
        ApprovalRejected,
        ApprovalChangesRequested,
        ApprovalExpired,
        ApprovalCancelled,
    )
)
def release_held(call: Reaching, _: Event) -> None:
    """Show the approvers the next request that was held back, as soon as they have room for it."""
    with call.transaction() as txn:
        ended = txn.get(Approval, call.subject_id)
        held = load.next_held(txn, ended.governor_scope)
        if held is None:
            return
        waiting = notice(
            "approval_pending",
            tenant=call.tenant,
            audience=held.governor,
            subject=f"approvals/{held.id}",
            title=held.title,
            body="It was held back while there was much to decide; the deadline stayed.",
            at=call.now,
        )
        tell(txn, waiting)
        txn.save(shown(held), ApprovalReleased())
