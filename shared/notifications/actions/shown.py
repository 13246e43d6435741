"""Notices, as they are shown: held against the record at that moment."""

from collections.abc import Sequence
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


class Record:
    """What notices are held against, each document read once."""

    def __init__(self, txn: Transaction, subjects: Subjects) -> None:
        """Read nothing before it is needed."""
        self._txn, self._subjects = txn, subjects
        self._known: dict[str, Told | None] = {}

    def told(self, notification: Notification) -> Told | None:
        """Return what a notice is about, where it says something of it that may be over."""
        if not claim(notification):
            return None
        self.look([notification])
        return self._known[notification.subject]

    def look(self, notifications: Sequence[Notification]) -> None:
        """Read what notices are about and was not read yet, of each kind at once."""
        wanted = dict[str, list[str]]()
        for subject in dict.fromkeys(one.subject for one in notifications if claim(one)):
            if subject not in self._known:
                self._known[subject] = None
                collection, _, id = subject.partition("/")
                wanted.setdefault(collection, []).append(id)
        for collection, ids in wanted.items():
            if about := of(self._subjects, collection):
                for id, entity in self._txn.get_all(about.kind, ids).items():
                    self._known[f"{collection}/{id}"] = Told(about, entity)

    def unread(self, audiences: tuple[str, ...], at: datetime) -> int:
        """Count the notices that nobody read and that hold: what is over waits for nobody."""
        count, looked, cursor = 0, 0, None
        while looked < MOST:
            found = self._txn.loosely("a badge is as old as it is").find(
                Notification,
                order="-created_at",
                cursor=cursor,
                audience=OneOf(audiences),
                read_at=None,
            )
            self.look(found.items)
            for one in found.items:
                there = self.told(one)
                count += not one.over and (there is None or there.so(claim(one), at))
            looked, cursor = looked + len(found.items), found.next_cursor
            if cursor is None:
                break
        return count
