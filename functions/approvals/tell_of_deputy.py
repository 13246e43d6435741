from shared.approvals.events.lifecycle import (
    ApprovalChangesRequested,
    ApprovalGranted,
    ApprovalRejected,
)
from shared.approvals.models.approvals import Approval
from shared.entity import written
from shared.notifications.actions.telling import tell_each
from shared.notifications.rules.notices import notice, saying
from shared.reaction import ReactionCall, reaction


@reaction(on=(ApprovalGranted, ApprovalRejected, ApprovalChangesRequested))
def tell_of_deputy(
    call: ReactionCall, event: ApprovalGranted | ApprovalRejected | ApprovalChangesRequested
) -> None:
    """Tell the Governor at once what a deputy or the Vision Guardian decided, for a review."""
    if event.via in {"governor", "precedent_seed"}:
        return
    with call.transaction() as txn:
        approval = txn.get(Approval, call.subject_id)
        if approval.decided_via not in {"deputy", "vision_guardian_override"}:
            return
        until = f" until {written(approval.veto_until)}" if approval.veto_until else ""
        review = notice(
            "approval_pending",
            tenant=call.tenant,
            audience=approval.governor,
            subject=call.subject,
            title=f"Review: {approval.title}",
            body=f"{approval.decided_by} decided in your place: {approval.status}. Review it{until}.",
            at=call.now,
            occasion="review",
        )
        tell_each(call, txn, saying("review", review))
