from shared.actors import Scope
from shared.notifications.models import NotificationPreferences
from shared.notifications.rules import preferences
from shared.operation import Call, operation


@operation("GET", "/v1/me/notification-preferences", scopes={Scope.ACCOUNT}, audited=False)
def get_notification_preferences(call: Call) -> NotificationPreferences:
    """Show what the caller wants to be pushed, and when not."""
    with call.transaction() as txn:
        found = txn.get_or_none(NotificationPreferences, call.actor.id)
    return found or preferences.usual(call.actor.id, tenant=call.tenant, at=call.now)
