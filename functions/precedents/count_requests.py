from shared.approvals.events.lifecycle import ApprovalRequested
from shared.approvals.models.approvals import Approval
from shared.precedents.actions import figures
from shared.precedents.models.figures import Figures
from shared.precedents.rules.matching import eligible
from shared.projection import Fold, projection


@projection(of=ApprovalRequested, into=(Figures,))
def count_requests(call: Fold, event: ApprovalRequested) -> None:
    """Count the requests that a seed may answer, if there is one."""
    del event
    with call.transaction() as txn:
        approval = txn.get(Approval, call.subject_id)
    if eligible(approval):
        figures.add(call, approval.id, eligible=1)
