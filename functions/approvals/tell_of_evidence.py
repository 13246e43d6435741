from shared.approvals.events.questions import EvidenceAdded
from shared.approvals.models.approvals import Approval
from shared.approvals.rules.notices import inbox_of
from shared.entity import written
from shared.notifications.actions.telling import tell_each
from shared.notifications.rules.notices import notice
from shared.reaction import ReactionCall, reaction


@reaction(on=EvidenceAdded)
def tell_of_evidence(call: ReactionCall, event: EvidenceAdded) -> None:
    """Tell those who are asked that there is more to see than they saw."""
    with call.transaction() as txn:
        approval = txn.get(Approval, call.subject_id)
        if not approval.open or approval.held_back:
            return
        tell_each(
            call,
            txn,
            *(
                notice(
                    "approval_pending",
                    tenant=inbox_of(approval, seat),
                    audience=seat,
                    subject=call.subject,
                    title=f"More evidence: {approval.title}",
                    body=f"{', '.join(event.kinds)} came in. It can be decided until"
                    f" {written(approval.expires_at)}.",
                    at=call.now,
                    occasion=f"evidence {event.card_hash}",
                )
                for seat in approval.step.seats
            ),
        )
