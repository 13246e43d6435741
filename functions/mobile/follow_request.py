from shared.approvals.events.lifecycle import ApprovalRequested
from shared.mobile.actions import following
from shared.mobile.models.dashboard import AgentCard, DashboardTotals, OpenApproval
from shared.projection import Fold, projection


@projection(
    of=ApprovalRequested,
    into=(AgentCard, DashboardTotals, OpenApproval),
    repeatable=True,
)
def follow_request(call: Fold, event: ApprovalRequested) -> None:
    """Count a new request as pending, unless it was answered in the meantime."""
    del event
    following.follow_approval(call, call.subject_id)
