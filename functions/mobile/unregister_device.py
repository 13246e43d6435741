from shared.actors import Scope
from shared.devices import rules
from shared.devices.events import DeviceRevoked
from shared.devices.models import Device
from shared.entity import Id
from shared.errors import NotFound
from shared.operation import Call, operation


@operation("DELETE", "/v1/mobile/devices/{device_id}", scopes={Scope.ACCOUNT}, in_freeze=True)
def unregister_device(call: Call, device_id: Id) -> Device:
    """
    Take a device's rights away: it shows nothing any more and its signature counts no longer.

    The device stays on record, for what it signed. A device of somebody else does not exist for the
    caller.
    """
    with call.transaction() as txn:
        before = txn.get(Device, device_id)
        if before.user_id != call.actor.id:
            raise NotFound(f"there is no device {device_id} here")
        if not before.active:
            return before
        for destination in rules.destinations(before):
            txn.delete(destination)
        event = DeviceRevoked(user_id=before.user_id, reason="unregistered")
        return txn.save(rules.revoked(before), event)
