from shared.approvals.models.approvals import Approval
from shared.approvals.rules.notices import objectable
from shared.entity import written
from shared.notifications.actions.telling import known, tell_each
from shared.notifications.events import VetoWindowClosing
from shared.notifications.rules.notices import notice
from shared.reaction import ReactionCall, reaction


@reaction(due=VetoWindowClosing)
def remind_veto(call: ReactionCall, event: VetoWindowClosing) -> None:
    """Remind the Governor that a veto window closes on something they have not looked at."""
    with call.transaction() as txn:
        approval = txn.get(Approval, call.subject_id)
        first = known(call, txn, event.notification_id)
        seen = first is not None and first.read_at is not None
        if seen or approval.veto_until is None or not objectable(approval, call.now):
            return
        reminder = notice(
            "veto_window_closing",
            tenant=call.tenant,
            audience=approval.governor,
            subject=call.subject,
            title=f"Last chance to object: {approval.title}",
            body=f"A precedent approved it. You may object until {written(approval.veto_until)}.",
            at=call.now,
        )
        tell_each(call, txn, reminder)
