"""What happens to notices, devices and what comes from them, as it is announced."""

from typing import Literal

from shared.entity import ActorId, Code, Event, Hex64, Id
from shared.mobile.models.inbox import TOPIC, Kind, Platform


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


class DeviceRegistered(Event, action="device.registered", category="authentication", topic=TOPIC):
    """Somebody registered a device, or their device told us something new."""

    user_id: ActorId
    platform: Platform
    key_hash: Hex64


class DeviceUnseenDue(Event, action="device.unseen_due", category="authentication"):
    """The time has come to see whether a device still shows up."""


class DeviceSilenced(Event, action="device.silenced", category="authentication"):
    """Another device brought the push token: this one shows no notices until it brings one again."""

    user_id: ActorId


class DeviceRevoked(Event, action="device.revoked", category="authentication"):
    """A device lost its rights: it shows nothing and its signature counts no longer."""

    user_id: ActorId
    reason: Literal["unregistered", "token_moved", "too_many", "unseen"]


class VetoDocumented(Event, action="veto.documented", category="governance_decision"):
    """A document was announced to go with a veto; its digest says which."""

    sha256: Hex64
    content_type: Code
    size: int
