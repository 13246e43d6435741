"""Devices: whose they are, and when they lose their rights."""

import pytest

from functions.mobile.register_device import register_device
from functions.mobile.remove_device import remove_device
from functions.mobile.unregister_device import unregister_device
from shared.documents import Query
from shared.errors import Conflict, Invalid, NotFound
from shared.identity import PLATFORM, Role
from shared.mobile.devices import MAX_DEVICES, Registration
from shared.mobile.models import Destination, Device, DeviceUnseenDue
from tests.mobile.phone import Phone, stored


@pytest.fixture
def destinations(documents):
    def found(tenant=PLATFORM):
        rows = documents.find(tenant, Query(Destination.collection))
        return {(row.data["audience"], row.data["device_id"]) for row in rows}

    return found


def test_a_device_shows_what_is_told_to_its_owner_and_their_roles(call_as, destinations):
    phone = Phone(call_as, Role.GOVERNOR, id="u1").register()
    assert destinations() == {("u1", phone.device.id), ("governor", phone.device.id)}


def test_the_same_key_again_is_the_same_device(call_as, destinations):
    first = Phone(call_as, id="u1").register()
    again = first.register(at=1)
    assert again.device.id == first.device.id
    assert again.device.last_seen_at == first.call(1).now
    assert len(destinations()) == 2


def test_a_role_that_is_gone_is_told_nothing_any_more(call_as, destinations):
    phone = Phone(call_as, Role.GOVERNOR, Role.VIEWER, id="u1").register()
    phone.roles = (Role.VIEWER,)
    phone.register(at=1)
    assert {audience for audience, _ in destinations()} == {"u1", "viewer"}


def test_the_eleventh_device_takes_the_place_of_the_one_unseen_for_longest(call_as):
    phones = [Phone(call_as, id="u1").register(at=n) for n in range(MAX_DEVICES)]
    phones[0].register(at=20)
    new = Phone(call_as, id="u1").register(at=21)
    active = [stored(call_as, Device, one.device.id).active for one in (*phones, new)]
    assert active == [True, False, *[True] * 9]


def test_a_push_token_belongs_to_whoever_brought_it_last(call_as, destinations):
    first = Phone(call_as, Role.GOVERNOR, id="u1").register()
    second = Phone(call_as, Role.VIEWER, id="u2", fcm_token=first.given["fcm_token"]).register(at=1)
    assert not stored(call_as, Device, first.device.id).active
    assert {device for _, device in destinations()} == {second.device.id}


def test_a_revoked_key_is_never_taken_again(call_as, destinations):
    phone = Phone(call_as).register()
    gone = unregister_device(phone.call(), phone.device.id)
    assert not gone.active
    assert unregister_device(phone.call(), phone.device.id) == gone
    assert destinations() == set()
    with pytest.raises(Conflict, match="new key"):
        phone.register(at=1)


def test_a_device_of_somebody_else_does_not_exist(call_as):
    phone = Phone(call_as, id="u1").register()
    with pytest.raises(NotFound):
        unregister_device(call_as(Role.GOVERNOR, id="u2"), phone.device.id)


def test_a_customers_device_has_an_id_of_theirs(call_as):
    phone = Phone(call_as, Role.CUSTOMER_ADMIN, tenant="acme").register()
    assert phone.device.id.startswith("acme.")


@pytest.mark.parametrize("name", ["Nowhere/City", "../etc/passwd"])
def test_a_time_zone_must_exist(call_as, name):
    with pytest.raises(Invalid) as refused:
        Phone(call_as, timezone=name).register()
    assert refused.value.violations[0].rule == "timezone"


def test_a_device_unseen_for_ninety_days_loses_its_rights(call_as, reacting, destinations):
    phone = Phone(call_as).register().register(at=60 * 24)
    subject = f"devices/{phone.device.id}"
    remove_device(reacting(subject, at=60 * 24 * 90), DeviceUnseenDue())
    assert stored(call_as, Device, phone.device.id).active
    for _ in range(2):
        remove_device(reacting(subject, at=60 * 24 * 91), DeviceUnseenDue())
        assert not stored(call_as, Device, phone.device.id).active
    assert destinations() == set()


def test_only_a_whole_key_is_a_key(call_as):
    with pytest.raises(ValueError, match="public_key"):
        Registration(**Phone(call_as).given | {"public_key": "short"})
    assert register_device.declared.status == 201
