from shared.approvals.events.lifecycle import ApprovalEscalated
from shared.approvals.models.approvals import Approval
from shared.approvals.rules.notices import inbox_of
from shared.entity import written
from shared.notifications.actions.telling import tell_each
from shared.notifications.rules.notices import notice
from shared.reaction import ReactionCall, reaction


@reaction(on=ApprovalEscalated)
def notify_escalation(call: ReactionCall, event: ApprovalEscalated) -> None:
    """Remind those who were asked first, and tell those who are asked now, how little time is left."""
    with call.transaction() as txn:
        approval = txn.get(Approval, call.subject_id)
        if not approval.open:
            return
        asked = dict.fromkeys((*map(str, approval.step.seats), *event.to))
        tell_each(
            call,
            txn,
            *(
                notice(
                    "approval_escalated",
                    tenant=inbox_of(approval, audience),
                    audience=audience,
                    subject=call.subject,
                    title=f"Still open: {approval.title}",
                    body=f"A decision of type {approval.type} and risk {approval.risk} is missing; it"
                    f" expires at {written(approval.expires_at)}.",
                    at=call.now,
                    occasion=f"level {event.level}",
                    critical=event.level > 1,
                )
                for audience in asked
            ),
        )
