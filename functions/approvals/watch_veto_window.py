from shared.approvals.events.use import ApprovalConsumed
from shared.approvals.events.vetoes import VetoWindowClosed
from shared.approvals.models.approvals import Approval
from shared.reaction import ReactionCall, reaction


@reaction(on=ApprovalConsumed)
def watch_veto_window(call: ReactionCall, _: ApprovalConsumed) -> None:
    """Promise to confirm what was approved and done, when nobody can object any more."""
    with call.transaction() as txn:
        approval = txn.get(Approval, call.subject_id)
        if approval.veto_until is not None:
            at = max(call.now, approval.veto_until)
            txn.schedule(VetoWindowClosed(), at=at, about=approval)
