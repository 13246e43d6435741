"""What happens to devices, as it is announced."""

from typing import Literal

from shared.devices.models import TOPIC, Platform
from shared.entity import ActorId, Event, Hex64


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
