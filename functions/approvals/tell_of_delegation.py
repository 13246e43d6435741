from shared.approvals.events.lifecycle import ApprovalDelegated
from shared.approvals.models.approvals import Approval
from shared.approvals.rules.notices import inbox_of
from shared.entity import written
from shared.notifications.actions.telling import tell_each
from shared.notifications.rules.notices import notice
from shared.reaction import ReactionCall, reaction


@reaction(on=ApprovalDelegated)
def tell_of_delegation(call: ReactionCall, event: ApprovalDelegated) -> None:
    """Tell whoever is to answer now that a request waits for them."""
    with call.transaction() as txn:
        approval = txn.get(Approval, call.subject_id)
        handed = notice(
            "approval_pending",
            tenant=inbox_of(approval, event.to_id),
            audience=event.to_id,
            subject=call.subject,
            title=approval.title,
            body=f"{event.from_id} asks you to decide it by {written(approval.expires_at)}.",
            at=call.now,
            occasion=f"delegation {approval.decision_version}",
        )
        tell_each(call, txn, handed)
