"""What happens to notices and their pushes, as it is announced."""

from typing import Literal

from shared.devices.models import TOPIC
from shared.entity import ActorId, Event, Id
from shared.notifications.models import Kind


class NotificationSent(
    Event, action="notification.sent", category="external_communication", topic=TOPIC
):
    """A notice was put into the inbox, or pushed to at least one device."""

    kind: Kind
    channel: Literal["inbox", "push"]


class NotificationFailed(
    Event,
    action="notification.failed",
    category="external_communication",
    topic=TOPIC,
    outcome="failure",
    severity="warning",
):
    """A notice that should have been pushed reached no device."""

    kind: Kind
    channel: Literal["push"]
    reason: Literal["no_device", "provider_down", "refused"]


class NotificationRead(Event, action="notification.read", category="external_communication"):
    """Somebody marked a notice as read."""

    kind: Kind


class NotificationOver(Event, action="notification.over", category="external_communication"):
    """What a notice told of is over, and its words say so."""

    kind: Kind


class PushDue(Event, action="notification.push_due", category="external_communication"):
    """The time has come to push a notice to somebody."""

    user_id: ActorId
    attempt: int = 0
    """How often the provider was down before."""

    digest: bool = False
    """Whether it goes into the one message of the day that says how many notices wait."""


class VetoWindowClosing(
    Event, action="notification.veto_window_closing", category="external_communication"
):
    """Soon nobody can object any more to what a precedent approved."""

    notification_id: Id
    """The notice that told of it first; who read that needs no reminder."""


class PreferencesChanged(
    Event, action="notification.preferences_changed", category="configuration_change"
):
    """Somebody changed what they want to be pushed."""

    muted: tuple[Kind, ...]
