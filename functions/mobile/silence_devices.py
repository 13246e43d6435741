from shared.devices import rules
from shared.devices.events import DeviceRegistered, DeviceSilenced
from shared.devices.models import Device
from shared.reaction import ReactionCall, reaction

WHY = "a push token is of one phone, whoever signs in there"


@reaction(on=DeviceRegistered)
def silence_devices(call: ReactionCall, _: DeviceRegistered) -> None:
    """
    Push nothing more to what the same phone was in other tenants.

    Whoever brought the token last is told; a registration that is heard of late ends none that came after it.
    """
    with call.transaction() as own:
        device = own.get(Device, call.subject_id)
        if device.fcm_token_hash is None:
            return
        same = call.each_tenant(WHY).all(Device, fcm_token_hash=device.fcm_token_hash, active=True)
        for tenant, id in [(one.tenant_id, one.id) for one in same if rules.older(one, device)]:
            with call.within(tenant, WHY) as txn:
                before = txn.get(Device, id)
                if before.fcm_token_hash == device.fcm_token_hash:
                    event = DeviceSilenced(user_id=before.user_id)
                    txn.save(rules.silenced(before), event)
                    for destination in rules.destinations(before):
                        txn.delete(destination)
