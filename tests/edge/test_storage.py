"""Cloud Storage: over a real socket, in an emulator, and read by Google's own client."""

import base64
import email
import hashlib
import json
from urllib.parse import parse_qs, urlsplit

import pytest

from shared.edge.storage import BucketFiles, FolderFiles
from shared.errors import ProviderDown
from shared.files import Content
from tests.edge.provider import Reply
from tests.emulators import free_port

NAME = "acme.00000000-0000-4000-8000-00000000000a/" + "3" * 64
DOCUMENT = Content("application/pdf", b"%PDF-1.7\r\n--boundary\r\n\x00\xff")


@pytest.fixture
def files(provider, pauses, monkeypatch):
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", provider.address)
    return BucketFiles("p-uploads", token=lambda: "secret", timeout_s=0.3, sleep=pauses.append)


def parts(seen):
    """Read a multipart upload as anybody would who knows RFC 2387."""
    head = f"Content-Type: {seen.headers['Content-Type']}\r\n\r\n".encode()
    metadata, media = email.message_from_bytes(head + seen.body).get_payload()
    return json.loads(metadata.get_payload(decode=True)), media


def test_a_document_is_created_as_google_documents_it(provider, files):
    files.keep(NAME, DOCUMENT)

    (seen,) = provider.seen
    address = urlsplit(seen.path)
    assert (seen.method, address.path) == ("POST", "/upload/storage/v1/b/p-uploads/o")
    assert parse_qs(address.query) == {"uploadType": ["multipart"], "ifGenerationMatch": ["0"]}
    assert seen.headers["Authorization"] == "Bearer secret"
    metadata, media = parts(seen)
    assert metadata == {
        "name": NAME,
        "contentType": "application/pdf",
        "md5Hash": base64.b64encode(hashlib.md5(DOCUMENT.data).digest()).decode(),
    }
    assert media.get_content_type() == "application/pdf"
    assert DOCUMENT.data in seen.body


def test_a_document_that_is_there_already_is_kept(provider, files):
    provider.replies = [Reply(412, {"error": {"code": 412}})]
    files.keep(NAME, DOCUMENT)


def test_an_answer_that_was_lost_is_asked_for_again(provider, files, pauses):
    """The first request was done, and nobody knows: the second one finds the object."""
    provider.replies = [Reply(cut=True), Reply(412)]
    files.keep(NAME, DOCUMENT)
    assert (len(provider.seen), len(pauses)) == (2, 1)


@pytest.mark.parametrize(
    "trouble",
    [Reply(429, {}, {"Retry-After": "2"}), Reply(500), Reply(503), Reply(408), Reply(wait_s=0.6)],
    ids=["429", "500", "503", "408", "slow"],
)
def test_what_passes_is_waited_for(provider, files, pauses, trouble):
    provider.replies = [trouble, Reply(200)]
    files.keep(NAME, DOCUMENT)
    assert len(pauses) == 1


@pytest.mark.parametrize("status", [302, 400, 401, 403, 404, 413])
def test_what_is_not_kept_is_told(provider, files, pauses, status):
    """400 is also what Storage says to a body that does not have the announced digest."""
    provider.replies = [Reply(status)]
    with pytest.raises(ProviderDown, match=f"answered {status}"):
        files.keep(NAME, DOCUMENT)
    assert pauses == []


def test_a_store_that_stays_away_is_down(provider, files):
    provider.replies = [Reply(503)]
    with pytest.raises(ProviderDown):
        files.keep(NAME, DOCUMENT)


def test_a_folder_keeps_the_first_of_a_name(tmp_path):
    files = FolderFiles(str(tmp_path / "uploads"))
    files.keep(NAME, DOCUMENT)
    files.keep(NAME, Content("text/plain", b"another"))

    file = tmp_path / "uploads" / NAME
    assert file.read_bytes() == DOCUMENT.data
    assert file.stat().st_mode & 0o077 == 0


@pytest.fixture
def emulator(monkeypatch):
    from gcp_storage_emulator.server import create_server  # type: ignore[import-untyped]

    port = free_port()
    server = create_server("127.0.0.1", port, in_memory=True, default_bucket="p-uploads")
    server.start()
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", f"http://127.0.0.1:{port}")
    yield
    server.stop()


@pytest.mark.enable_socket
def test_googles_own_client_reads_what_was_kept(emulator):
    from google.auth.credentials import AnonymousCredentials
    from google.cloud.storage import Client  # type: ignore[import-untyped]

    BucketFiles("p-uploads").keep(NAME, DOCUMENT)

    blob = Client("p", credentials=AnonymousCredentials()).bucket("p-uploads").get_blob(NAME)
    assert blob.content_type == "application/pdf"
    assert blob.download_as_bytes() == DOCUMENT.data
