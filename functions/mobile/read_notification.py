from shared.entity import Id
from shared.errors import NotFound
from shared.identity import Scope
from shared.mobile.models import Notification, NotificationRead
from shared.mobile.notices import audiences, read
from shared.operation import Call, operation


@operation("POST", "/v1/notifications/{notification_id}/read", scopes={Scope.ACCOUNT})
def read_notification(call: Call, notification_id: Id) -> Notification:
    """
    Mark a notice as read.

    A notice to somebody else does not exist for the caller.
    """
    with call.transaction() as txn:
        before = txn.get(Notification, notification_id)
        if before.audience not in audiences(call.actor):
            raise NotFound(f"there is no notification {notification_id} here")
        after = read(before, at=call.now)
        return after if after is before else txn.save(after, NotificationRead(kind=after.kind))
