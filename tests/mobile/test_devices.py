"""Devices: whose they are, and when they lose their rights."""

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from functions.mobile.register_device import register_device
from functions.mobile.remove_device import remove_device
from functions.mobile.silence_devices import silence_devices
from functions.mobile.unregister_device import unregister_device
from shared.actors import PLATFORM, Role
from shared.devices.events import DeviceRegistered, DeviceUnseenDue
from shared.devices.models import Destination, Device
from shared.devices.rules import MAX_DEVICES, Registration
from shared.documents import Query
from shared.edge.keys import decoded, encoded, verify_ed25519
from shared.errors import Conflict, Invalid, NotFound, Unauthenticated
from tests.approvals.questions import minutes
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
    left = stored(call_as, Device, first.device.id)
    assert (left.active, left.fcm_token_hash) == (True, None)
    assert {device for _, device in destinations()} == {second.device.id}
    first.register(at=2)
    assert {device for _, device in destinations()} == {first.device.id}


def test_a_phone_shows_the_notices_of_the_tenant_that_was_signed_in_last(
    call_as, reacting, destinations
):
    token = "one-token-of-one-phone"
    first = Phone(call_as, Role.CUSTOMER_ADMIN, tenant="acme", fcm_token=token).register()
    second = Phone(call_as, Role.CUSTOMER_ADMIN, tenant="globex", fcm_token=token).register(at=1)
    for phone in (second, first):  # the second is heard of first
        call = reacting(f"devices/{phone.device.id}", tenant=phone.tenant, at=2)
        silence_devices(call, DeviceRegistered(user_id="u", platform="ios", key_hash="0" * 64))
    assert destinations("acme") == set()
    assert {device for _, device in destinations("globex")} == {second.device.id}
    assert stored(call_as, Device, first.device.id, "acme").active


def register(phone, at=0, **changes):
    given = Registration(**phone.enrolment(at) | changes)
    return register_device(phone.call(at), given, verify_ed25519)


def test_adding_a_device_takes_a_fresh_sign_in(call_as):
    phone = Phone(call_as)
    old = phone.call(0)
    object.__setattr__(old, "actor", old.actor.model_copy(update={"auth_time": minutes(-6)}))
    given = Registration(**phone.enrolment())
    with pytest.raises(Unauthenticated) as refused:
        register_device(old, given, verify_ed25519)
    assert refused.value.violations[0].rule == "step_up_required"
    phone.register()
    again = phone.call(1)
    object.__setattr__(again, "actor", old.actor)
    assert register_device(again, given, verify_ed25519).active


@pytest.mark.parametrize(
    "changes",
    [
        {"fcm_token": "another-token-of-a-phone"},
        {"public_key": Phone(None).public_key},
        {"signed_at": "2026-01-01T12:00:01.000Z"},
        {"signature": "A" * 86},
    ],
)
def test_a_device_shows_that_the_key_is_its_own(call_as, changes):
    phone = Phone(call_as)
    with pytest.raises(Invalid) as refused:
        register(phone, **changes)
    assert refused.value.violations[0].rule == "bad_signature"


@pytest.mark.parametrize("member", ["id", "tenant"])
def test_a_signature_is_for_one_person_of_one_tenant(call_as, member):
    phone, other = Phone(call_as), Phone(call_as)
    setattr(other, member, "acme")
    other.key = phone.key
    changes = other.enrolment(public_key=phone.public_key, fcm_token=phone.given["fcm_token"])
    with pytest.raises(Invalid):
        register(phone, signature=changes["signature"])


@pytest.mark.parametrize("at", [-1, 6])
def test_a_registration_is_signed_now(call_as, at):
    phone = Phone(call_as)
    given = Registration(**phone.enrolment(0))
    with pytest.raises(Invalid) as refused:
        register_device(phone.call(at), given, verify_ed25519)
    assert refused.value.violations[0].rule == "signed_at"


@pytest.mark.parametrize("of_whom", ["public_key", "signature"])
def test_a_key_and_a_signature_have_one_spelling(call_as, of_whom):
    given = Phone(call_as).enrolment()
    other = given[of_whom][:-1] + next_to(given[of_whom][-1])
    assert decoded(other) == decoded(given[of_whom])
    with pytest.raises(ValueError, match=of_whom):
        Registration(**given | {of_whom: other})
    message = b"anything"
    key = Ed25519PrivateKey.generate()
    public, signature = encoded(key.public_key().public_bytes_raw()), encoded(key.sign(message))
    assert verify_ed25519(public, message, signature)
    assert not verify_ed25519(public, message, signature[:-1] + next_to(signature[-1]))
    assert not verify_ed25519(public[:-1] + next_to(public[-1]), message, signature)


def next_to(letter):
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    return letters[letters.index(letter) + 1]


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
        Registration(**Phone(call_as).enrolment() | {"public_key": "short"})
    assert register_device.declared.status == 201
