from shared.approvals.events.lifecycle import ApprovalGranted
from shared.approvals.events.vetoes import VetoRecorded
from shared.approvals.models.approvals import Approval
from shared.precedents.actions import figures
from shared.precedents.models.figures import Figures
from shared.projection import Fold, projection


@projection(of=(ApprovalGranted, VetoRecorded), into=(Figures,))
def count_answers(call: Fold, event: ApprovalGranted | VetoRecorded) -> None:
    """Count what was granted, what of it by a seed, and what was objected to afterwards."""
    if isinstance(event, ApprovalGranted):
        by_seed = {"matched": 1, "eligible": 1} if event.seed_id else {}
        figures.add(call, call.subject_id, approved=1, **by_seed)
    elif event.approval_id is not None:
        with call.transaction() as txn:
            approval = txn.get(Approval, event.approval_id)
        if approval.veto_until is not None:
            figures.add(call, approval.id, vetoed=1)
