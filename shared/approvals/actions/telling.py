"""What people are told of questions."""

from datetime import datetime

from shared.approvals.models.approvals import Approval
from shared.entity import written
from shared.notifications.actions.telling import tell
from shared.notifications.models import Notification
from shared.notifications.rules.notices import inbox_id, notice
from shared.store import Transaction


def told_at(txn: Transaction, approval: Approval) -> datetime | None:
    """Return since when everybody whose turn it is has a notice of a question, or None where somebody has none."""
    ids = [
        inbox_id("approval_pending", approval.tenant_id, seat, f"approvals/{approval.id}")
        for seat in approval.step.seats
    ]
    found = [one for id in ids if (one := txn.get_or_none(Notification, id))]
    return max(one.created_at for one in found) if len(found) == len(ids) else None


def tell_of_waiting(txn: Transaction, *held: Approval, at: datetime) -> None:
    """Tell the Governor that there is room for what was held back; before anything else is written."""
    tell(
        txn,
        *(
            notice(
                "approval_pending",
                tenant=txn.tenant,
                audience=one.governor,
                subject=f"approvals/{one.id}",
                title=one.title,
                body="It was held back while there was much to decide; it can be decided until"
                f" {written(one.expires_at)}.",
                at=at,
            )
            for one in held
        ),
    )
