"""Keys that prove nothing are no keys: what is not of full order, or is spelled otherwise."""

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from shared.edge import ed25519
from shared.edge.ed25519 import ORDER, P, of_full_order
from shared.edge.keys import encoded, verify_ed25519


def written(y, odd=0):
    return (y | odd << 255).to_bytes(32, "little")


EIGHTH = int.from_bytes(
    bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"), "little"
)
SMALL = [
    *(written(y) for y in (0, 1, P - 1, EIGHTH, P - EIGHTH)),
    *(written(y, 1) for y in (0, EIGHTH, P - EIGHTH)),
]
"""The eight points whose order divides eight."""

TWICE = [written(P), written(P + 1), written(P, 1), written(1, 1), written(P - 1, 1)]
"""Other spellings of some of them."""


@pytest.mark.parametrize("key", [*SMALL, *TWICE], ids=bytes.hex)
def test_a_key_of_small_order_or_of_two_spellings_is_none(key):
    assert not of_full_order(key)


def test_under_a_key_of_small_order_a_signature_holds_that_nobody_made():
    """What the platform's check adds to the library's."""
    key, nobodys = written(1), written(1) + bytes(32)
    Ed25519PublicKey.from_public_bytes(key).verify(nobodys, b"anything")
    assert not verify_ed25519(encoded(key), b"anything", encoded(nobodys))


def test_a_key_of_mixed_order_is_none():
    whole = ed25519._point(Ed25519PrivateKey.generate().public_key().public_bytes_raw())
    x, y, z, _ = ed25519._sum(whole, ed25519._point(written(EIGHTH)))
    z = pow(z, -1, P)
    mixed = written(y * z % P, x * z % P & 1)
    Ed25519PublicKey.from_public_bytes(mixed)
    assert not of_full_order(mixed)


@pytest.mark.parametrize("raw", [b"", b"\2" + bytes(31), bytes(33), b"\xff" * 32], ids=bytes.hex)
def test_what_is_no_point_is_no_key(raw):
    assert not of_full_order(raw)


def test_what_is_made_as_a_key_is_one():
    for _ in range(10):
        assert of_full_order(Ed25519PrivateKey.generate().public_key().public_bytes_raw())
    assert ORDER.bit_length() == 253
