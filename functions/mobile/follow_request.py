from shared.approvals.events.lifecycle import ApprovalRequested
from shared.mobile.actions import following
from shared.reaction import ReactionCall, reaction


@reaction(on=ApprovalRequested, repeatable=True)
def follow_request(call: ReactionCall, event: ApprovalRequested) -> None:
    """Count a new request as pending, unless it was answered in the meantime."""
    del event
    following.follow_approval(call, call.subject_id)
