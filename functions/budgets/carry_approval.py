from shared.approvals.events.lifecycle import ApprovalGranted
from shared.approvals.models.approvals import Approval
from shared.budgets.actions import changing
from shared.reaction import ReactionCall, reaction


@reaction(on=ApprovalGranted)
def carry_approval(call: ReactionCall, event: ApprovalGranted) -> None:
    """Raise a budget, or let new work begin on it, as somebody agreed."""
    del event
    with call.transaction() as txn:
        approval = txn.get(Approval, call.subject_id)
        if approval.gate == "budget" and approval.subject_kind == "amount":
            changing.carry_out(txn, call, approval)
