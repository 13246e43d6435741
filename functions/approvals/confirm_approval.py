from shared.approvals.events.lifecycle import ApprovalConfirmed
from shared.approvals.events.vetoes import VetoWindowClosed
from shared.approvals.models.approvals import Approval
from shared.approvals.rules import decisions
from shared.reaction import ReactionCall, reaction


@reaction(due=VetoWindowClosed)
def confirm_approval(call: ReactionCall, _: VetoWindowClosed) -> None:
    """Confirm what was approved and done, and what nobody objected to while it was possible."""
    with call.transaction() as txn:
        before = txn.get(Approval, call.subject_id)
        after = decisions.confirm(before, at=call.now)
        if after is not before and after.veto_until is not None:
            txn.save(after, ApprovalConfirmed(veto_until=after.veto_until))
