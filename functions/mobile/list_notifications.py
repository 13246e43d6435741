from shared.actors import Scope
from shared.mobile.rules.subjects import subjects
from shared.notifications.actions import shown
from shared.notifications.models import Notification, SeenNotification
from shared.notifications.rules import claims
from shared.operation import Call, operation
from shared.queries import OneOf, Page, Paging, Test


class Inbox(Page[SeenNotification]):
    """Some of the caller's notices, and how many are unread in all."""

    unread: int
    """How many notices nobody has marked as read and that still hold, over all pages; of the newest 100."""


class InboxQuery(Paging):
    """Which notices."""

    unread: bool = False
    """Whether to leave out what was read."""


@operation("GET", "/v1/notifications", scopes={Scope.ACCOUNT}, audited=False)
def list_notifications(call: Call, query: InboxQuery) -> Inbox:
    """
    List the caller's notices, the newest first, each in words that hold now.

    What was decided, withdrawn or moved meanwhile is told as that, and waits for nobody.
    """
    mine = OneOf(call.actor.audiences)
    tests: dict[str, Test] = {"audience": mine} | ({"read_at": None} if query.unread else {})
    with call.transaction() as txn:
        found = txn.page(Notification, query, order="-created_at", **tests)
        record = shown.Record(txn, subjects)
        record.look(found.items)
        items = tuple(claims.seen(one, record.told(one), call.now) for one in found.items)
        unread = record.unread(call.actor.audiences, call.now)
    return Inbox(items=items, next_cursor=found.next_cursor, unread=unread)
