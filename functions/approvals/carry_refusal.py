from shared.approvals.actions import noes
from shared.approvals.events.lifecycle import ApprovalChangesRequested, ApprovalRejected
from shared.approvals.events.vetoes import VetoRecorded
from shared.approvals.models.approvals import Approval
from shared.reaction import ReactionCall, reaction

No = ApprovalRejected | ApprovalChangesRequested | VetoRecorded


@reaction(on=(ApprovalRejected, ApprovalChangesRequested, VetoRecorded))
def carry_refusal(call: ReactionCall, event: No) -> None:
    """Carry a no to what asks for the same act in other words, and to what a rule granted of it and has not begun."""
    approval_id = event.approval_id if isinstance(event, VetoRecorded) else call.subject_id
    if approval_id is None:
        return
    with call.transaction() as txn:
        noes.carry(call, txn, txn.get(Approval, approval_id))
