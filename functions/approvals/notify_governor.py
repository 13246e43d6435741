from shared.actors import Role
from shared.approvals.events.lifecycle import ApprovalRequested
from shared.approvals.models.approvals import Approval
from shared.approvals.rules.notices import inbox_of
from shared.entity import written
from shared.notifications.actions.telling import tell_each
from shared.notifications.rules.notices import notice
from shared.reaction import ReactionCall, reaction


@reaction(on=ApprovalRequested)
def notify_governor(call: ReactionCall, event: ApprovalRequested) -> None:
    """
    Tell everybody whose agreement is needed that a request waits for them.

    A notice informs and never decides: it leads to the signed-in page. What is held back waits until the
    approvers have room for it, and what is like a request that waits already is seen on its card. What was answered meanwhile waits for nobody.
    """
    with call.transaction() as txn:
        approval = txn.get(Approval, call.subject_id)
        if approval.held_back or approval.grouped or not approval.open:
            return
        tell_each(
            call,
            txn,
            *(
                notice(
                    "approval_request" if role == Role.CUSTOMER_ADMIN else "approval_pending",
                    tenant=inbox_of(approval, role),
                    audience=role,
                    subject=call.subject,
                    title=approval.title,
                    body=f"A decision of type {event.type} and risk {event.risk} waits for you until"
                    f" {written(event.expires_at)}.",
                    at=call.now,
                )
                for role in event.approvers
            ),
        )
