from shared.devices import rules
from shared.devices.events import DeviceRevoked, DeviceUnseenDue
from shared.devices.models import Device
from shared.reaction import ReactionCall, reaction


@reaction(due=DeviceUnseenDue)
def remove_device(call: ReactionCall, event: DeviceUnseenDue) -> None:
    """Take the rights of a device away that nobody has seen for ninety days."""
    with call.transaction() as txn:
        device = txn.get(Device, call.subject_id)
        if not device.active:
            return
        ends = device.last_seen_at + rules.UNSEEN
        if call.now < ends:
            txn.schedule(event, at=ends, about=device)
            return
        for destination in rules.destinations(device):
            txn.delete(destination)
        revoked = DeviceRevoked(user_id=device.user_id, reason="unseen")
        txn.save(rules.revoked(device), revoked)
