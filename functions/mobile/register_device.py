from shared.identity import Scope
from shared.mobile import devices
from shared.mobile.devices import Registration
from shared.mobile.models import Device, DeviceRevoked, DeviceUnseenDue
from shared.operation import Call, operation


@operation("POST", "/v1/mobile/devices", scopes={Scope.ACCOUNT}, status=201)
def register_device(call: Call, given: Registration) -> Device:
    """
    Register the caller's device, or tell what is new about it.

    A person has at most ten devices, the one unseen for longest goes first; a push token belongs to one
    device, the last that brought it. Register again at each start: what is told to a role is pushed to
    whoever held it then.
    """
    with call.transaction() as txn:
        mine = txn.all(Device, user_id=call.actor.id, active=True)
        same = txn.all(Device, fcm_token_hash=devices.token_hash(given.fcm_token), active=True)
        before = txn.peek(Device, devices.device_id(call.actor, given.public_key))
        after = devices.registered(before, given, by=call.actor, at=call.now)
        moved = tuple(one for one in same if one.id != after.id)
        kept = tuple(one for one in mine if one not in moved)
        for one in (*moved, *devices.surplus(kept, after)):
            reason = "token_moved" if one in moved else "too_many"
            txn.save(devices.revoked(one), DeviceRevoked(user_id=one.user_id, reason=reason))
            for destination in devices.destinations(one):
                txn.delete(destination)
        for destination in devices.left(before, after):
            txn.delete(destination)
        for destination in devices.destinations(after):
            txn.save(destination)
        if before is None:
            after = txn.create(after, devices.told(after))
            txn.announce(DeviceUnseenDue(), at=call.now + devices.UNSEEN, about=after)
            return after
        return txn.save(after, devices.told(after))
