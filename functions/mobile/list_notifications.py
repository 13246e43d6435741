from shared.entity import Value
from shared.identity import Scope
from shared.mobile.models import Notification
from shared.mobile.notices import audiences
from shared.operation import Call, operation
from shared.queries import OneOf, Paging, Test


class Inbox(Value):
    """Some of the caller's notices, and how many are unread in all."""

    items: tuple[Notification, ...]
    """The notices of this page, the newest first."""
    next_cursor: str | None
    """The `cursor` that the next page is asked with; null on the last page."""
    unread: int
    """How many notices nobody has marked as read, over all pages."""


class InboxQuery(Paging):
    """Which notices."""

    unread: bool = False
    """Whether to leave out what was read."""


@operation("GET", "/v1/notifications", scopes={Scope.ACCOUNT}, audited=False)
def list_notifications(call: Call, query: InboxQuery) -> Inbox:
    """List the caller's notices, the newest first."""
    mine = OneOf(audiences(call.actor))
    tests: dict[str, Test] = {"audience": mine} | ({"read_at": None} if query.unread else {})
    with call.transaction() as txn:
        found = txn.find(
            Notification, order="-created_at", limit=query.limit, cursor=query.cursor, **tests
        )
        unread = txn.count(Notification, audience=mine, read_at=None)
    return Inbox(items=found.items, next_cursor=found.next_cursor, unread=unread)
