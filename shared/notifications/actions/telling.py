"""Notices, as they are put into inboxes."""

from shared.notifications.models import Notification
from shared.store import Transaction


def tell(txn: Transaction, *notices: Notification) -> None:
    """Put notices into the inbox, unless they are there; before anything else is written."""
    from shared.notifications.events import NotificationSent

    for new in [one for one in notices if txn.get_or_none(Notification, one.id) is None]:
        txn.create(new, NotificationSent(kind=new.kind, channel="inbox"))
