from shared.actors import Scope
from shared.entity import Id
from shared.errors import NotFound
from shared.mobile.rules.subjects import subjects
from shared.notifications.actions import shown
from shared.notifications.events import NotificationRead
from shared.notifications.models import Notification, SeenNotification
from shared.notifications.rules import claims
from shared.notifications.rules.notices import read
from shared.operation import Call, operation


@operation("POST", "/v1/notifications/{notification_id}/read", scopes={Scope.ACCOUNT})
def read_notification(call: Call, notification_id: Id) -> SeenNotification:
    """
    Mark a notice as read.

    A notice to somebody else does not exist for the caller.
    """
    with call.transaction() as txn:
        before = txn.get(Notification, notification_id)
        if before.audience not in call.actor.audiences:
            raise NotFound(f"there is no notification {notification_id} here")
        after = read(before, at=call.now)
        told = shown.Record(txn, subjects).told(before)
        if after is not before:
            after = txn.save(after, NotificationRead(kind=after.kind))
        return claims.seen(after, told, call.now)
