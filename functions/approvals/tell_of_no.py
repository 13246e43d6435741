from shared.approvals.events.lifecycle import ApprovalChangesRequested, ApprovalRejected
from shared.approvals.models.approvals import Approval
from shared.notifications.actions.telling import tell
from shared.notifications.rules.notices import notice, saying
from shared.reaction import ReactionCall, reaction


@reaction(on=(ApprovalRejected, ApprovalChangesRequested))
def tell_of_no(call: ReactionCall, _: ApprovalRejected | ApprovalChangesRequested) -> None:
    """Tell whoever asked that the answer is no, or what must be different, and whose word that is."""
    with call.transaction() as txn:
        approval = txn.get(Approval, call.subject_id)
        no = approval.no
        if no is None:
            return
        what = "Sent back" if no.verb == "request_changes" else "Rejected"
        why = "; ".join(no.changes) or no.reason or ""
        tell(
            txn,
            *(
                saying(
                    "refused",
                    notice(
                        "approval_pending",
                        tenant=call.tenant,
                        audience=audience,
                        subject=call.subject,
                        title=f"{what}: {approval.title}",
                        body=f"{no.approver_id}: {why}",
                        at=call.now,
                        occasion="refused",
                    ),
                )
                for audience in sorted(approval.askers)
                if audience != no.approver_id
            ),
        )
