from datetime import timedelta

from shared.approvals.events.lifecycle import ApprovalGranted
from shared.approvals.models.approvals import Approval
from shared.approvals.rules.notices import objectable
from shared.entity import written
from shared.notifications.actions.telling import tell_each
from shared.notifications.events import VetoWindowClosing
from shared.notifications.rules.notices import notice
from shared.reaction import ReactionCall, reaction

AHEAD = timedelta(hours=2)
"""How long before a veto window closes its Governor is reminded of it."""


@reaction(on=ApprovalGranted)
def notify_auto_approval(call: ReactionCall, event: ApprovalGranted) -> None:
    """
    Tell the Governor, silently, what a precedent approved in their place.

    Two hours before nobody can object any more they are reminded, unless they have looked at it.
    """
    if not event.auto:
        return
    with call.transaction() as txn:
        approval = txn.get(Approval, call.subject_id)
        if not objectable(approval, call.now):
            return
        told = notice(
            "seed_auto_approval",
            tenant=call.tenant,
            audience=approval.governor,
            subject=call.subject,
            title=f"Approved by precedent: {approval.title}",
            body=f"You may object until {written(event.veto_until)}.",
            at=call.now,
        )
        tell_each(call, txn, told)
        closing = VetoWindowClosing(notification_id=told.id)
        txn.schedule(closing, at=max(call.now, event.veto_until - AHEAD), about=approval)
