from shared.approvals.events.lifecycle import (
    ApprovalCancelled,
    ApprovalChangesRequested,
    ApprovalExpired,
    ApprovalGranted,
    ApprovalRejected,
)
from shared.approvals.events.vetoes import VetoRecorded
from shared.entity import Event
from shared.mobile.actions import following
from shared.mobile.models.dashboard import AgentCard, DashboardTotals, OpenApproval
from shared.projection import Fold, projection


@projection(
    of=(
        ApprovalCancelled,
        ApprovalChangesRequested,
        ApprovalExpired,
        ApprovalGranted,
        ApprovalRejected,
        VetoRecorded,
    ),
    into=(AgentCard, DashboardTotals, OpenApproval),
    repeatable=True,
)
def follow_decision(call: Fold, event: Event) -> None:
    """Count a request as pending no longer, once it is answered."""
    decided = event.approval_id if isinstance(event, VetoRecorded) else call.subject_id
    if decided is not None:
        following.follow_approval(call, decided)
