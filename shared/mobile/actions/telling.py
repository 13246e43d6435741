"""Notices, as they are put into inboxes."""

from datetime import datetime

from shared.approvals.models.approvals import Approval
from shared.mobile.events import NotificationSent
from shared.mobile.models.inbox import Notification
from shared.mobile.rules.notices import inbox_id
from shared.store import Transaction


def tell(txn: Transaction, *notices: Notification) -> None:
    """Put notices into the inbox, unless they are there; before anything else is written."""
    for new in [one for one in notices if txn.peek(Notification, one.id) is None]:
        txn.create(new, NotificationSent(kind=new.kind, channel="inbox"))


def told_at(txn: Transaction, approval: Approval) -> datetime | None:
    """Return since when everybody whose turn it is has a notice of a question, or None where somebody has none."""
    ids = [
        inbox_id("approval_pending", approval.tenant_id, seat, f"approvals/{approval.id}")
        for seat in approval.step.seats
    ]
    found = [one for id in ids if (one := txn.peek(Notification, id))]
    return max(one.created_at for one in found) if len(found) == len(ids) else None
