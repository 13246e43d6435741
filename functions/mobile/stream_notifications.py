from shared.actors import Scope
from shared.entity import Value
from shared.mobile.rules.subjects import subjects
from shared.notifications.actions import shown
from shared.notifications.models import Notification, SeenNotification
from shared.notifications.rules import claims
from shared.operation import Call, operation
from shared.queries import OneOf
from shared.streams import LastEventId, Stream, listen


class UnreadNotices(Value):
    """What a stream of notices begins with."""

    unread: int
    """How many notices nobody has marked as read and that still hold; of the newest 100."""


@operation("GET", "/v1/notifications/stream", scopes={Scope.ACCOUNT}, audited=False)
def stream_notifications(
    call: Call, after: LastEventId
) -> Stream[SeenNotification | UnreadNotices]:
    """
    Tell the caller's notices as they come, the oldest first, each in words that hold when it is told.

    One that is marked as read is not told again; the list says so.
    """
    mine = call.actor.audiences
    with call.transaction() as txn:
        new = listen(
            txn, Notification, after, at=call.now, order="created_at", audience=OneOf(mine)
        )
        record = shown.Record(txn, subjects)
        return new.map(lambda one: claims.seen(one, record.told(one), call.now)).beginning(
            lambda: UnreadNotices(unread=record.unread(mine, call.now))
        )
