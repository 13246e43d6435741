"""Whose signatures are believed: of one machine's own keys, or of those that the platform publishes."""

import pytest

from shared.actors import PLATFORM
from shared.documents import Key, Write
from shared.edge import keyring, keys
from shared.edge.keys import FileSigner
from shared.edge.settings import Settings
from shared.edge.trust import Trust, trust
from shared.identity.models import VerificationKey


@pytest.fixture
def another(tmp_path):
    return FileSigner(tmp_path / "another.pem")


def publish(documents, *signers):
    for signer in signers:
        key = VerificationKey(id=signer.jwk["kid"], jwk=signer.jwk)
        place = Key(PLATFORM, VerificationKey.collection, key.id)
        documents.commit([Write(place, key.to_stored())])


def signed(signer, message=b"an entry"):
    kid, signature = signer.sign(message)
    return kid, message, signature


def test_one_machine_trusts_the_keys_of_its_folder_and_no_key_of_the_store(
    tmp_path, documents, signer, another
):
    own = FileSigner(tmp_path / "keys" / "writer.pem")
    keyring.keep(tmp_path, signer.jwk)
    publish(documents, another)
    trusted = trust(Settings({"DATA": str(tmp_path)}), documents, own)
    assert [trusted(*signed(one)) for one in (own, signer, another)] == [True, True, False]


def test_what_this_very_process_signed_is_looked_up_and_all_else_is_verified(
    tmp_path, documents, monkeypatch
):
    own = FileSigner(tmp_path / "keys" / "writer.pem")
    kid, message, signature = signed(own)
    later = trust(Settings({"DATA": str(tmp_path)}), documents, FileSigner(tmp_path / "again.pem"))
    assert later(kid, message, signature), "another process verifies it"

    trusted, verified = trust(Settings({"DATA": str(tmp_path)}), documents, own), []
    monkeypatch.setattr(trusted, "_check", lambda *said: verified.append(said))
    monkeypatch.setattr(trusted, "_keys", {kid: own.jwk})
    assert trusted(kid, message, signature)
    assert not verified
    other = signed(own, b"another entry")[2]
    for bent in (
        (kid, b"an entry!", signature),
        (kid, message, other),
        (kid, message, ("B" if signature[0] == "A" else "A") + signature[1:]),
    ):
        assert not trusted(*bent)
    assert len(verified) == 3
    assert not own.made("another", message, signature)


def test_a_process_remembers_only_the_last_of_its_signatures(tmp_path, monkeypatch):
    monkeypatch.setattr(keys, "LATELY", 2)
    own = FileSigner(tmp_path / "writer.pem")
    made = [signed(own, f"entry {n}".encode()) for n in range(3)]
    assert [own.made(*one) for one in made] == [False, True, True]


def test_the_cloud_trusts_the_keys_that_the_platform_publishes(documents, signer, another):
    publish(documents, signer)
    place = Key(PLATFORM, VerificationKey.collection, "!")
    documents.commit([Write(place, {"id": "!", "jwk": 1})])
    trusted = trust(Settings({"ENVIRONMENT": "prod"}), documents, another)
    assert [trusted(*signed(one)) for one in (signer, another)] == [True, False]


def test_keys_are_read_once_and_again_for_a_new_one_but_not_for_a_false_one(signer, another):
    reads, keys, now = [], {signer.jwk["kid"]: signer.jwk}, [0.0]

    def read():
        reads.append(dict(keys))
        return reads[-1]

    trusted = Trust(read, lambda: now[0])
    assert not trusted("false", b"", "")
    assert [trusted(*signed(signer)) for _ in range(3)] == [True] * 3
    assert not any(trusted("false", b"", "") for _ in range(3))
    assert len(reads) == 1
    keys[another.jwk["kid"]] = another.jwk
    assert trusted(*signed(another))
    assert len(reads) == 2
    now[0] = 60.0
    assert not trusted("false", b"", "")
    assert len(reads) == 3


def test_what_cannot_be_read_as_a_key_signs_nothing(signer):
    kid, message, signature = signed(signer)
    for jwk in ({}, {"x": "A"}, {"x": 5}, {"x": "é"}):
        assert not Trust(lambda jwk=jwk: {kid: jwk})(kid, message, signature)
