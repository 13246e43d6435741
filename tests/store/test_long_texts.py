"""A text longer than an index takes is found by its digest, on both stores."""

import pytest

from shared.actors import PLATFORM, Role
from shared.devices.models import Device
from shared.devices.rules import token_hash
from shared.documents import Key
from tests.mobile.phone import Phone


@pytest.mark.parametrize("length", [1499, 1500, 1501, 4096])
def test_a_push_token_belongs_to_the_last_device_that_brought_it_however_long_it_is(
    call_as, documents, length
):
    token = "t" * length
    first = Phone(call_as, Role.VIEWER, id="u1", fcm_token=token).register()
    second = Phone(call_as, Role.VIEWER, id="u2", fcm_token=token).register(at=1)

    places = [Key(PLATFORM, Device.collection, one.device.id) for one in (first, second)]
    first, second = (documents.get(place).data["fcm_token_hash"] for place in places)
    assert (first, second) == (None, token_hash(token))
