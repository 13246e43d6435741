from shared.mobile.events import DeviceRevoked, DeviceUnseenDue
from shared.mobile.models.inbox import Device
from shared.mobile.rules import devices
from shared.reaction import Reaching, reaction


@reaction(due=DeviceUnseenDue)
def remove_device(call: Reaching, event: DeviceUnseenDue) -> None:
    """Take the rights of a device away that nobody has seen for ninety days."""
    with call.transaction() as txn:
        device = txn.get(Device, call.subject_id)
        if not device.active:
            return
        ends = device.last_seen_at + devices.UNSEEN
        if call.now < ends:
            txn.announce(event, at=ends, about=device)
            return
        for destination in devices.destinations(device):
            txn.delete(destination)
        revoked = DeviceRevoked(user_id=device.user_id, reason="unseen")
        txn.save(devices.revoked(device), revoked)
