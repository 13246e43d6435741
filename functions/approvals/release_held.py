from shared.approvals.actions import workload
from shared.approvals.actions.telling import tell_of_waiting, tell_over
from shared.approvals.events.lifecycle import (
    ApprovalCancelled,
    ApprovalChangesRequested,
    ApprovalExpired,
    ApprovalGranted,
    ApprovalRejected,
    ApprovalReleased,
)
from shared.approvals.events.vetoes import VetoRecorded
from shared.approvals.models.approvals import Approval
from shared.approvals.rules.transitions import shown
from shared.entity import Event
from shared.reaction import ReactionCall, reaction


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
def release_held(call: ReactionCall, event: Event) -> None:
    """
    See to what approvers have before them once a question is over.

    What was held back is shown, the oldest first, as soon as they have room for it; and what the platform's people were told
    of a customer's question says what became of it.
    """
    ended = event.approval_id if isinstance(event, VetoRecorded) else call.subject_id
    if ended is None:
        return
    with call.transaction() as txn:
        approval = txn.get(Approval, ended)
        scope = approval.governor_scope
        desk = workload.desk(txn, scope)
        held = workload.next_held(txn, scope)
        tell_of_waiting(call, txn, *held)
        if held:
            txn.save(desk)
        for one in held:
            txn.save(shown(one), ApprovalReleased())
        tell_over(call, approval)
