"""Notices, as they are shown: held against the record at that moment."""

from datetime import datetime

from shared.approvals.models.approvals import Approval
from shared.mobile.models.inbox import Notification
from shared.mobile.rules.claims import KINDS, MOST, Told, holds
from shared.mobile.rules.notices import CLAIM
from shared.queries import OneOf
from shared.store import Transaction


def subject(txn: Transaction, notification: Notification) -> Told | None:
    """Read what a notice is about, where it says something of it that may be over."""
    collection, _, id = notification.subject.partition("/")
    kind = next((one for one in KINDS if one.collection == collection), None)
    if kind is None or (kind is not Approval and notification.claim is None):
        return None
    return txn.peek(kind, id)


def unread(txn: Transaction, audiences: tuple[str, ...], at: datetime) -> int:
    """Count the notices that nobody read and that hold: what is over waits for nobody."""
    count, looked, cursor, known = 0, 0, None, dict[str, Told | None]()
    while looked < MOST:
        found = txn.loosely("a badge is as old as it is").find(
            Notification,
            order="-created_at",
            cursor=cursor,
            audience=OneOf(audiences),
            read_at=None,
        )
        for one in found.items:
            if one.subject not in known:
                known[one.subject] = subject(txn, one)
            told = known[one.subject]
            count += told is None or holds(one.claim or CLAIM[one.kind], told, at)
        looked, cursor = looked + len(found.items), found.next_cursor
        if cursor is None:
            break
    return count
