from shared.actors import Scope
from shared.devices import rules
from shared.devices.events import DeviceRevoked, DeviceSilenced, DeviceUnseenDue
from shared.devices.models import Device
from shared.devices.rules import Registration
from shared.operation import Call, operation
from shared.ports import SignatureCheck


@operation("POST", "/v1/mobile/devices", scopes={Scope.ACCOUNT}, status=201)
def register_device(call: Call, given: Registration, check: SignatureCheck) -> Device:
    """
    Register the caller's device, or tell what is new about it.

    A new one takes a sign-in of the last five minutes, and each time its own key signs. A person has at most ten
    devices, the one unseen for longest goes first; a push token shows the notices of the last device that
    brought it, and the others go on signing. Register again at each start: what is told to a role is pushed
    to whoever held it then.
    """
    with call.transaction() as txn:
        mine = txn.all(Device, user_id=call.actor.id, active=True)
        same = txn.all(Device, fcm_token_hash=rules.token_hash(given.fcm_token), active=True)
        before = txn.get_or_none(Device, rules.device_id(call.actor, given.public_key))
        rules.proven(before, given, by=call.actor, verify=check, at=call.now)
        after = rules.registered(before, given, by=call.actor, at=call.now)
        gone = rules.surplus(mine, after)
        for one in gone:
            txn.save(rules.revoked(one), DeviceRevoked(user_id=one.user_id, reason="too_many"))
        silent = [one for one in same if one.id != after.id and one not in gone]
        for one in silent:
            txn.save(rules.silenced(one), DeviceSilenced(user_id=one.user_id))
        for one in (*gone, *silent):
            for destination in rules.destinations(one):
                txn.delete(destination)
        for destination in rules.left(before, after):
            txn.delete(destination)
        for destination in rules.destinations(after):
            txn.save(destination)
        if before is None:
            after = txn.create(after, rules.told(after))
            txn.schedule(DeviceUnseenDue(), at=call.now + rules.UNSEEN, about=after)
            return after
        return txn.save(after, rules.told(after))
