"""Cloud KMS as it is spoken over a real socket, by a key that really signs."""

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from shared.edge.checksums import crc32c
from shared.edge.keys import verifier
from shared.edge.kms import KmsSigner
from shared.errors import ProviderDown
from tests.edge.provider import Reply

KEY = "projects/p/locations/europe-west3/keyRings/waooaw/cryptoKeys/checkpoints/cryptoKeyVersions/1"


class Vault:
    """Answers as Cloud KMS does; `troubles` come first, and `spoil` changes what it says."""

    def __init__(self, key):
        self.key, self.troubles, self.spoil, self.seen = key, [], {}, []

    def take(self, seen):
        self.seen.append(seen)
        if self.troubles:
            return self.troubles.pop(0)
        said = self.signed(seen) if seen.method == "POST" else self.shown()
        spoilt = self.spoil.pop(seen.method, {})
        return Reply(200, said | spoilt)

    def shown(self):
        form = PublicFormat.SubjectPublicKeyInfo
        pem = self.key.public_key().public_bytes(Encoding.PEM, form)
        return {
            "pem": pem.decode(),
            "pemCrc32c": str(crc32c(pem)),
            "algorithm": "EC_SIGN_ED25519",
            "name": KEY,
            "protectionLevel": "SOFTWARE",
        }

    def signed(self, seen):
        data = base64.b64decode(seen.json["data"])
        signature = self.key.sign(data)
        return {
            "signature": base64.b64encode(signature).decode(),
            "signatureCrc32c": str(crc32c(signature)),
            "verifiedDataCrc32c": int(seen.json["dataCrc32c"]) == crc32c(data),
            "name": KEY,
            "protectionLevel": "SOFTWARE",
        }


@pytest.fixture
def vault(provider, monkeypatch):
    vault = Vault(Ed25519PrivateKey.generate())
    monkeypatch.setattr(provider, "take", vault.take)
    return vault


@pytest.fixture
def signer(provider, pauses, vault):
    return KmsSigner(
        KEY, provider.address, token=lambda: "secret", timeout_s=0.3, sleep=pauses.append
    )


def test_what_it_signs_its_public_key_verifies(vault, signer):
    kid, signature = signer.sign(b"a checkpoint")

    verify = verifier({kid: signer.jwk})
    assert verify(kid, b"a checkpoint", signature)
    assert not verify(kid, b"another", signature)


def test_it_is_asked_as_google_documents_it(vault, signer):
    signer.sign(b"a checkpoint")

    public, signed = vault.seen
    assert (public.method, public.path) == ("GET", f"/v1/{KEY}/publicKey")
    assert (signed.method, signed.path) == ("POST", f"/v1/{KEY}:asymmetricSign")
    assert signed.headers["Authorization"] == "Bearer secret"
    assert signed.json == {
        "data": base64.b64encode(b"a checkpoint").decode(),
        "dataCrc32c": str(crc32c(b"a checkpoint")),
    }


def test_the_public_key_is_asked_for_once(vault, signer):
    signer.sign(b"one")
    signer.sign(b"two")
    assert [seen.method for seen in vault.seen] == ["GET", "POST", "POST"]


@pytest.mark.parametrize(
    "spoilt",
    [
        {"signatureCrc32c": "1"},
        {"signature": "AAAA"},
        {"verifiedDataCrc32c": False},
        {"name": KEY + "2"},
        {"signatureCrc32c": "odd"},
        {"signature": None},
    ],
)
def test_a_signature_that_arrives_damaged_is_asked_for_again(vault, signer, spoilt):
    vault.spoil["POST"] = spoilt
    kid, signature = signer.sign(b"a checkpoint")

    assert verifier({kid: signer.jwk})(kid, b"a checkpoint", signature)
    assert [seen.method for seen in vault.seen] == ["GET", "POST", "POST"]


def test_what_is_damaged_again_and_again_is_not_used(provider, vault, signer, monkeypatch):
    monkeypatch.setattr(provider, "take", lambda _: Reply(200, vault.shown() | {"pemCrc32c": "1"}))
    with pytest.raises(ProviderDown, match="public key from Cloud KMS arrives damaged"):
        signer.sign(b"a checkpoint")

    monkeypatch.setattr(provider, "take", lambda _: Reply(200, vault.shown()))
    with pytest.raises(ProviderDown, match="signs arrives damaged"):
        signer.sign(b"a checkpoint")


@pytest.mark.parametrize(
    "trouble",
    [
        Reply(429, {}, {"Retry-After": "2"}),
        Reply(500),
        Reply(503),
        Reply(cut=True),
        Reply(wait_s=0.6),
    ],
    ids=["429", "500", "503", "cut", "slow"],
)
def test_what_passes_is_waited_for(vault, signer, pauses, trouble):
    assert signer.jwk
    vault.troubles = [trouble]
    signer.sign(b"a checkpoint")
    assert len(pauses) == 1


@pytest.mark.parametrize("status", [400, 403, 404])
def test_a_key_that_may_not_be_used_is_not_asked_again(vault, signer, pauses, status):
    vault.troubles = [Reply(status)]
    with pytest.raises(ProviderDown, match=f"Cloud KMS answered {status}"):
        signer.sign(b"a checkpoint")
    assert (len(vault.seen), pauses) == (1, [])


def test_a_body_that_is_no_json_is_no_signature(vault, signer):
    assert signer.jwk
    vault.troubles = [Reply(200, b"<html>")] * 3
    with pytest.raises(ProviderDown, match="arrives damaged"):
        signer.sign(b"a checkpoint")


def test_a_key_of_another_kind_signs_nothing(provider, vault, signer):
    vault.key = generate_private_key(SECP256R1())
    with pytest.raises(TypeError, match="not for EC_SIGN_ED25519"):
        signer.sign(b"a checkpoint")


def test_crc32c_is_the_one_of_the_standard():
    """RFC 3720, B.4, and the check value of the CRC catalogues."""
    assert crc32c(b"123456789") == 0xE3069283
    assert crc32c(bytes(32)) == 0x8A9136AA
    assert crc32c(b"\xff" * 32) == 0x62A8AB43
    assert crc32c(b"") == 0
