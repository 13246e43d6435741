"""Notices, as they are shown: held against the record at that moment."""

from datetime import datetime

from shared.notifications.models import Notification
from shared.notifications.rules.claims import MOST, claim
from shared.notifications.rules.subjects import Subjects, Told, of
from shared.queries import OneOf
from shared.store import Transaction


def about(txn: Transaction, subjects: Subjects, reference: str) -> Told | None:
    """Read what is named by ``<collection>/<id>``; None where it is gone, or notices say nothing of it."""
    collection, _, id = reference.partition("/")
    subject = of(subjects, collection)
    entity = txn.get_or_none(subject.kind, id) if subject else None
    return Told(subject, entity) if subject and entity is not None else None


def told(txn: Transaction, subjects: Subjects, notification: Notification) -> Told | None:
    """Read what a notice is about, where it says something of it that may be over."""
    return about(txn, subjects, notification.subject) if claim(notification) else None


def unread(txn: Transaction, subjects: Subjects, audiences: tuple[str, ...], at: datetime) -> int:
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
                known[one.subject] = told(txn, subjects, one)
            there = known[one.subject]
            count += there is None or there.so(claim(one), at)
        looked, cursor = looked + len(found.items), found.next_cursor
        if cursor is None:
            break
    return count
