"""Writer keys are rotated in Secret Manager, spoken to by Google's own client over a real socket."""

import base64

import pytest

from infra import keys
from infra.groups import GROUPS
from shared.actors import PLATFORM
from shared.documents import Documents, Key, Write
from shared.edge.firestore import FirestoreDocuments
from shared.edge.keys import FileSigner, verifier
from shared.edge.sqlite import SqliteDocuments
from shared.identity.models import VerificationKey
from tests.emulators import firestore_emulator, fresh_project
from tests.infra.conversation import answering

__all__ = ["firestore_emulator"]


def client(address):
    from google.auth.credentials import AnonymousCredentials
    from google.cloud.secretmanager_v1 import SecretManagerServiceClient
    from google.cloud.secretmanager_v1.services.secret_manager_service.transports import (
        SecretManagerServiceRestTransport,
    )

    transport = SecretManagerServiceRestTransport(
        host=address, url_scheme="http", credentials=AnonymousCredentials()
    )
    return SecretManagerServiceClient(transport=transport)


def into(documents: Documents):
    """Publish into the store of a test."""

    def publish(key):
        documents.commit(
            [Write(Key(PLATFORM, VerificationKey.collection, key.id), key.to_stored())]
        )

    return publish


def published(documents):
    from shared.documents import Query

    return documents.find(PLATFORM, Query(VerificationKey.collection))


def test_a_new_key_is_in_the_secret_and_its_public_half_is_published(documents, tmp_path):
    def answer(method, path, body):
        return 200, {"name": "projects/p/secrets/writer-key-evidence/versions/2"}

    with answering(answer) as (address, asked):
        kid = keys.rotate("evidence", "p", client(address), into(documents))
    ((method, path, body),) = asked
    assert (method, path.partition("?")[0]) == (
        "POST",
        "/v1/projects/p/secrets/writer-key-evidence:addVersion",
    )
    file = tmp_path / "writer.pem"
    file.write_bytes(base64.b64decode(body["payload"]["data"]))
    signed = FileSigner(file).sign(b"an entry")
    found = documents.get(Key(PLATFORM, VerificationKey.collection, kid))
    assert verifier({kid: found.data["jwk"]})(kid, b"an entry", signed[1])
    assert "d" not in found.data["jwk"], "the private half is in the secret alone"


def test_an_old_public_key_stays(documents):
    with answering(lambda *_: (200, {})) as (address, _):
        first = keys.rotate("evidence", "p", client(address), into(documents))
        second = keys.rotate("evidence", "p", client(address), into(documents))
    assert {snapshot.key.id for snapshot in published(documents)} == {first, second}


def test_a_key_that_cannot_be_published_is_not_used(tmp_path):
    class Down(SqliteDocuments):
        def commit(self, writes):
            raise OSError("no store")

    documents = Down(tmp_path / "down.db")
    with answering(lambda *_: (200, {})) as (address, asked), pytest.raises(OSError, match="no"):
        keys.rotate("evidence", "p", client(address), into(documents))
    documents.close()
    assert asked == []


def test_only_groups_without_a_key_get_their_first(documents):
    def answer(method, path, body):
        has_one = "writer-key-pipeline/" in path
        return 200, {"versions": [{"name": "1"}]} if method == "GET" and has_one else {}

    with answering(answer) as (address, _):
        made = keys.make_first("p", client(address), into(documents))
    assert made == [group for group in GROUPS if group != "pipeline"]
    assert len(published(documents)) == len(made)


@pytest.mark.emulator
@pytest.mark.enable_socket
def test_what_an_administrator_publishes_is_what_the_platform_would_write(firestore_emulator):
    """Google's own client writes it, ours reads it, and it is no other than ours would have written."""
    from google.auth.credentials import AnonymousCredentials
    from google.cloud.firestore import Client

    project = fresh_project()
    documents = FirestoreDocuments(project)
    publish = keys.published(Client(project, AnonymousCredentials()))
    with answering(lambda *_: (200, {})) as (address, _):
        kid = keys.rotate("evidence", project, client(address), publish)
    (theirs,) = published(documents)
    assert theirs.key == Key(PLATFORM, VerificationKey.collection, kid)
    key = VerificationKey.from_stored(theirs.data)
    into(FirestoreDocuments(f"{project}-2"))(key)
    (ours,) = published(FirestoreDocuments(f"{project}-2"))
    assert (ours.key, ours.data) == (theirs.key, theirs.data)
