"""Secret Manager as it is spoken over a real socket, and what becomes of each of its answers."""

import base64
import logging

import pytest

from shared.edge.checksums import crc32c
from shared.edge.keys import FileSigner, PemSigner
from shared.edge.kms import KmsSigner
from shared.edge.ports import writer
from shared.edge.secrets import SecretManager
from shared.edge.settings import Settings
from shared.errors import ProviderDown
from tests.edge.provider import Reply
from tests.edge.test_kms import KEY

LATEST = "projects/p/secrets/writer-governance/versions/latest"
SECRET = b"what nobody else may know"


def holding(data, checksum=None):
    named = LATEST.replace("latest", "7")
    payload = {"data": base64.b64encode(data).decode()}
    payload["dataCrc32c"] = str(crc32c(data) if checksum is None else checksum)
    return Reply(200, {"name": named, "payload": payload})


DAMAGED = holding(SECRET, checksum=1)


@pytest.fixture
def secrets(provider, pauses):
    return SecretManager(
        provider.address, token=lambda: "secret", timeout_s=0.3, sleep=pauses.append
    )


def test_a_secret_is_read_as_google_documents_it(provider, secrets):
    provider.replies = [holding(SECRET)]

    assert secrets.access(LATEST) == SECRET
    (seen,) = provider.seen
    assert (seen.method, seen.path) == ("GET", f"/v1/{LATEST}:access")
    assert seen.headers["Authorization"] == "Bearer secret"


def test_googles_own_client_asks_the_same(provider, secrets):
    """The witness: the client library, by REST, reads what we read from the same answer."""
    from google.auth.credentials import AnonymousCredentials
    from google.cloud.secretmanager_v1 import SecretManagerServiceClient
    from google.cloud.secretmanager_v1.services.secret_manager_service.transports import (
        SecretManagerServiceRestTransport,
    )

    provider.replies = [holding(SECRET)]
    transport = SecretManagerServiceRestTransport(
        host=provider.address, credentials=AnonymousCredentials(), url_scheme="http"
    )
    client = SecretManagerServiceClient(transport=transport)
    answer = client.access_secret_version(name=LATEST)

    assert answer.payload.data == secrets.access(LATEST) == SECRET
    theirs, ours = (seen.path.partition("?")[0] for seen in provider.seen)
    assert theirs == ours


@pytest.mark.parametrize("first", [DAMAGED, Reply(200, b"{"), Reply(200, {}), Reply(200, [])])
def test_what_arrives_damaged_is_read_again(provider, secrets, first):
    provider.replies = [first, holding(SECRET)]
    assert secrets.access(LATEST) == SECRET


def test_what_arrives_damaged_again_and_again_is_not_used(provider, secrets):
    provider.replies = [DAMAGED]
    with pytest.raises(ProviderDown, match="arrives damaged"):
        secrets.access(LATEST)
    assert len(provider.seen) == 3


@pytest.mark.parametrize("status", [400, 403, 404])
def test_a_secret_that_is_withheld_is_not_asked_for_again(provider, secrets, pauses, status):
    provider.replies = [Reply(status, {"error": {"code": status}})]
    with pytest.raises(ProviderDown, match=f"answered {status}"):
        secrets.access(LATEST)
    assert (len(provider.seen), pauses) == (1, [])


@pytest.mark.parametrize(
    "trouble",
    [Reply(429, {}, {"Retry-After": "2"}), Reply(500), Reply(503), Reply(cut=True)],
    ids=["429", "500", "503", "cut"],
)
def test_what_passes_is_waited_for(provider, secrets, pauses, trouble):
    provider.replies = [trouble, holding(SECRET)]
    assert secrets.access(LATEST) == SECRET
    assert len(pauses) == 1


def test_who_does_not_answer_in_time_is_down(provider, secrets):
    provider.replies = [Reply(wait_s=0.6)]
    with pytest.raises(ProviderDown):
        secrets.access(LATEST)


def test_no_log_tells_a_secret(provider, secrets, caplog):
    provider.replies = [DAMAGED, Reply(503), holding(SECRET)]
    with caplog.at_level(logging.DEBUG):
        secrets.access(LATEST)
    told = caplog.text
    assert SECRET.decode() not in told
    assert base64.b64encode(SECRET).decode() not in told


def test_a_writer_key_may_be_a_secret_that_is_not_mounted(provider, secrets, signer, tmp_path):
    (tmp_path / "key.pem").write_bytes(signer._pem())
    provider.replies = [holding((tmp_path / "key.pem").read_bytes())]
    kid, signature = PemSigner(lambda: secrets.access(LATEST)).sign(b"an entry")

    assert (kid, signature) == FileSigner(tmp_path / "key.pem").sign(b"an entry")


@pytest.mark.parametrize(
    ("place", "kind"),
    [
        ("/secrets/writer.pem", FileSigner),
        (f"gcp-secret://{LATEST}", PemSigner),
        (f"gcp-kms://{KEY}", KmsSigner),
    ],
)
def test_the_setting_says_where_the_writer_key_is(place, kind):
    assert type(writer(Settings({"WRITER_KEY": place}).writer_key)) is kind
