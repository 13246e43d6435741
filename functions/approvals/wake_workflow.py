from shared.approvals.events.lifecycle import (
    ApprovalCancelled,
    ApprovalChangesRequested,
    ApprovalExpired,
    ApprovalGranted,
    ApprovalRejected,
)
from shared.approvals.events.vetoes import VetoRecorded
from shared.approvals.models.approvals import Approval
from shared.approvals.rules import decisions
from shared.entity import Event
from shared.outside import Workflows
from shared.reaction import ReactionCall, reaction
from shared.waiting import Wait


@reaction(
    on=(
        ApprovalGranted,
        ApprovalRejected,
        ApprovalChangesRequested,
        ApprovalExpired,
        ApprovalCancelled,
        VetoRecorded,
    )
)
def wake_workflow(call: ReactionCall, event: Event, workflows: Workflows) -> None:
    """
    Wake every workflow that waits for an approval.

    The callback carries no decision; the workflow reads it. It is forgotten only after it was called:
    were it the other way round, a failure in between would leave a workflow asleep. Where nobody is
    there any more, nobody will begin what was approved: the approval is closed as unused.
    """
    approval_id = event.approval_id if isinstance(event, VetoRecorded) else call.subject_id
    if approval_id is None:
        return
    with call.transaction() as txn:
        waiting = txn.get_or_none(Wait, approval_id)
        if waiting is None:
            return
        there = [workflows.wake(url) for url in waiting.urls]
        if not any(there):
            before = txn.get(Approval, approval_id)
            after = decisions.unused(before, why="nobody_waits", at=call.now)
            if after is not before:
                txn.save(after, ApprovalExpired.of(after))
        txn.delete(waiting)
