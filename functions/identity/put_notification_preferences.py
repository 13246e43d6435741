from shared.actors import Scope
from shared.answers import CreatedHere
from shared.notifications.models import NotificationPreferences
from shared.notifications.rules import preferences
from shared.notifications.rules.preferences import Wishes
from shared.operation import Call, operation


@operation("PUT", "/v1/me/notification-preferences", scopes={Scope.ACCOUNT})
def put_notification_preferences(
    call: Call, wishes: Wishes
) -> NotificationPreferences | CreatedHere[NotificationPreferences]:
    """
    Say what the caller wants to be pushed, and when not.

    The inbox has everything all the same; violations of the constitution and escalations are always
    pushed. ``If-Match`` names the version that was read, the empty one where nothing was said before.
    """
    with call.transaction() as txn:
        found = txn.get_or_none(NotificationPreferences, call.actor.id)
        before = found or preferences.usual(call.actor.id, tenant=call.tenant, at=call.now)
        after = preferences.wished(before, wishes, seen=call.if_match)
        if found is None:
            return CreatedHere(txn.create(after, preferences.told(after)))
        return before if after == before else txn.save(after, preferences.told(after))
