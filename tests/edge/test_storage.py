"""Cloud Storage: over a real socket, in an emulator, and read by Google's own client."""

import base64
import email
import hashlib
import json
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from shared.answers import Download
from shared.edge.checksums import crc32c
from shared.edge.storage import BucketFiles
from shared.errors import NotFound, ProviderDown
from shared.files import Content
from tests.conftest import NOON
from tests.edge.provider import Reply
from tests.emulators import free_port

NAME = "acme.00000000-0000-4000-8000-00000000000a/" + "3" * 64
ACCOUNT = "governance-requests@p.iam.gserviceaccount.com"
DOCUMENT = Content("application/pdf", b"%PDF-1.7\r\n--boundary\r\n\x00\xff")


@pytest.fixture
def files(provider, pauses, monkeypatch):
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", provider.address)
    return bucket(provider.address, timeout_s=0.3, sleep=pauses.append)


def bucket(signer="http://127.0.0.1:1", **options):
    options = {"token": lambda: "secret", **options}
    return BucketFiles("p-uploads", ACCOUNT, lambda: NOON, signer, **options)


def parts(seen):
    """Read a multipart upload as anybody would who knows RFC 2387."""
    head = f"Content-Type: {seen.headers['Content-Type']}\r\n\r\n".encode()
    metadata, media = email.message_from_bytes(head + seen.body).get_payload()
    return json.loads(metadata.get_payload(decode=True)), media


DIGEST = base64.b64encode(hashlib.md5(DOCUMENT.data).digest()).decode()
OBJECT = {"kind": "storage#object", "name": NAME, "md5Hash": DIGEST}
KEPT = Reply(200, OBJECT)
ELSE = "something else than it was asked"


def test_a_document_is_created_as_google_documents_it(provider, files):
    provider.replies = [KEPT]
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
        "md5Hash": DIGEST,
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
    provider.replies = [trouble, KEPT]
    files.keep(NAME, DOCUMENT)
    assert len(pauses) == 1


@pytest.mark.parametrize(
    "body",
    [{}, [], b"<html>", b"", OBJECT | {"name": "another"}, OBJECT | {"md5Hash": "another"}],
)
def test_what_somebody_else_says_is_kept_is_not(provider, files, body):
    provider.replies = [Reply(200, body)]
    with pytest.raises(ProviderDown, match=ELSE):
        files.keep(NAME, DOCUMENT)


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


def hashed(data, **changed):
    checksum = base64.b64encode(crc32c(data).to_bytes(4, "big")).decode()
    return {"X-Goog-Hash": f"crc32c={checksum},md5=abc=", "Content-Type": "text/csv", **changed}


def test_a_document_is_read_as_google_documents_it(provider, files):
    provider.replies = [Reply(200, b"a,b", hashed(b"a,b"))]
    assert files.read(NAME) == Content("text/csv", b"a,b")
    (seen,) = provider.seen
    assert (seen.method, seen.path) == (
        "GET",
        f"/storage/v1/b/p-uploads/o/{NAME.replace('/', '%2F')}?alt=media",
    )


def test_what_arrives_damaged_is_read_again(provider, files):
    provider.replies = [Reply(200, b"a,x", hashed(b"a,b")), Reply(200, b"a,b", hashed(b"a,b"))]
    assert files.read(NAME).data == b"a,b"


@pytest.mark.parametrize("headers", [hashed(b"a,b"), {}, {"X-Goog-Hash": "md5=abc="}])
def test_what_arrives_damaged_or_without_its_checksum_is_not_taken(provider, files, headers):
    provider.replies = [Reply(200, b"a,x", headers)]
    with pytest.raises(ProviderDown, match="arrives damaged"):
        files.read(NAME)


def test_a_checksum_may_come_in_a_header_of_its_own(provider, files):
    one = hashed(b"a,b")["X-Goog-Hash"].partition(",")[0]
    provider.replies = [Reply(200, b"a,b", {"X-Goog-Hash": "md5=abc=", "x-goog-hash": one})]
    assert files.read(NAME).data == b"a,b"


def test_what_is_not_there_is_told(provider, files):
    provider.replies = [Reply(404)]
    with pytest.raises(NotFound):
        files.read(NAME)
    files.remove(NAME)


def test_what_is_under_a_name_is_found_page_by_page_and_removed(provider, files):
    under, other = NAME.partition("/")[0], NAME.replace("3", "4")
    provider.replies = [
        Reply(200, {"items": [{"name": NAME}], "nextPageToken": "t/1"}),
        Reply(204, b""),
        Reply(200, {"items": [{"name": other}]}),
        Reply(404),
    ]
    files.remove_all(under)
    told = [(seen.method, urlsplit(seen.path)) for seen in provider.seen]
    assert [method for method, _ in told] == ["GET", "DELETE", "GET", "DELETE"]
    assert [at.path for _, at in told[1::2]] == [
        f"/storage/v1/b/p-uploads/o/{one.replace('/', '%2F')}" for one in (NAME, other)
    ]
    assert {at.path for _, at in told[::2]} == {"/storage/v1/b/p-uploads/o"}
    asked = {"prefix": [f"{under}/"], "fields": ["items(name),nextPageToken"]}
    assert parse_qs(told[0][1].query) == asked
    assert parse_qs(told[2][1].query) == asked | {"pageToken": ["t/1"]}


def test_where_nothing_is_under_a_name_nothing_is_removed(provider, files):
    provider.replies = [Reply(200, {})]
    files.remove_all("acme.1")
    assert [seen.method for seen in provider.seen] == ["GET"]


@pytest.mark.parametrize(
    "items", [None, "ab", [1], [{}], [{"name": 1}], [{"name": "other.1/a"}], [{"name": "acme.1"}]]
)
def test_what_is_not_under_the_name_is_not_removed(provider, files, items):
    provider.replies = [Reply(200, {"items": items})]
    with pytest.raises(ProviderDown, match=ELSE):
        files.remove_all("acme.1")
    assert [seen.method for seen in provider.seen] == ["GET"]


def test_pages_end(provider, files):
    provider.replies = [Reply(200, {"nextPageToken": "t"})]
    with pytest.raises(ProviderDown, match="the same page again"):
        files.remove_all("acme.1")
    assert len(provider.seen) == 2


def test_what_somebody_else_says_is_removed_is_not(provider, files):
    provider.replies = [Reply(200, b"<html>")]
    with pytest.raises(ProviderDown):
        files.remove(NAME)


@pytest.mark.parametrize("status", [302, 400, 401, 403, 412])
def test_what_is_withheld_is_told(provider, files, status):
    provider.replies = [Reply(status)]
    for act in (
        lambda: files.read(NAME),
        lambda: files.remove(NAME),
        lambda: files.remove_all("acme.1"),
        lambda: files.link(NAME, "a.pdf", lasts=timedelta(minutes=5)),
    ):
        with pytest.raises(ProviderDown, match=f"answered {status}"):
            act()


# --- links -----------------------------------------------------------------------------------------

FILENAME = "Söme report & 'more'.pdf"


def signing(provider, signature=b"\x00signature\xff"):
    signed = base64.b64encode(signature).decode()
    provider.replies = [Reply(200, {"keyId": "k", "signedBlob": signed})]


def test_a_link_is_signed_by_our_account_and_no_key_is_here(provider, files):
    signing(provider)
    link = urlsplit(files.link(NAME, FILENAME, lasts=timedelta(minutes=15)))
    told = {name: values[0] for name, values in parse_qs(link.query).items()}

    (seen,) = provider.seen
    assert (seen.method, seen.path) == (
        "POST",
        f"/v1/projects/-/serviceAccounts/{ACCOUNT.replace('@', '%40')}:signBlob",
    )
    assert seen.headers["Authorization"] == "Bearer secret"
    assert (link.scheme, link.netloc) == ("https", "storage.googleapis.com")
    assert link.path == f"/p-uploads/{NAME}"
    assert told["X-Goog-Expires"] == "900"
    assert told["X-Goog-Signature"] == b"\x00signature\xff".hex()
    assert "filename*=UTF-8''S%C3%B6me%20report" in told["response-content-disposition"]


def test_googles_own_client_signs_the_same_text_and_makes_the_same_link(provider, files):
    """The witness: the library asks a key for a signature of what we have signed."""
    from google.auth.credentials import Signing
    from google.cloud.storage._signing import (
        generate_signed_url_v4,
    )

    class Key(Signing):
        signer_email = ACCOUNT
        signer = None

        def sign_bytes(self, message):
            self.signed = message
            return b"\x00signature\xff"

    signing(provider)
    ours = files.link(NAME, FILENAME, lasts=timedelta(minutes=15))
    key = Key()
    theirs = generate_signed_url_v4(
        key,
        resource=f"/p-uploads/{NAME}",
        expiration=timedelta(minutes=15),
        response_disposition=Download(b"", FILENAME).disposition,
        _request_timestamp=f"{NOON:%Y%m%dT%H%M%SZ}",
    )
    assert base64.b64decode(provider.seen[0].json["payload"]) == key.signed
    assert ours == theirs


@pytest.mark.parametrize("body", [{}, [], {"signedBlob": "%"}, {"signedBlob": 1}, b"{"])
def test_a_signature_that_cannot_be_read_is_none(provider, files, body):
    provider.replies = [Reply(200, body)]
    with pytest.raises(ProviderDown):
        files.link(NAME, FILENAME, lasts=timedelta(minutes=15))


@pytest.fixture
def emulator(monkeypatch):
    from gcp_storage_emulator.server import create_server  # type: ignore[import-untyped]

    port = free_port()
    server = create_server("127.0.0.1", port, in_memory=True, default_bucket="p-uploads")
    server.start()
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", f"http://127.0.0.1:{port}")
    yield
    server.stop()


@pytest.fixture
def google(emulator):
    from google.auth.credentials import AnonymousCredentials
    from google.cloud.storage import Client

    return Client("p", credentials=AnonymousCredentials()).bucket("p-uploads")


@pytest.mark.enable_socket
def test_googles_own_client_reads_what_was_kept(google):
    bucket(token=None).keep(NAME, DOCUMENT)

    blob = google.get_blob(NAME)
    assert blob.content_type == "application/pdf"
    assert blob.download_as_bytes() == DOCUMENT.data


@pytest.mark.enable_socket
def test_what_googles_own_client_uploads_is_read_and_removed(google):
    """The emulator knows no condition, no retention and no checksum that is wrong; those are above, as Google documents them."""
    ours, beside = bucket(token=None), f"{NAME[:-1]}4"
    for name in (NAME, beside):
        google.blob(name).upload_from_string(DOCUMENT.data, content_type=DOCUMENT.media_type)

    assert ours.read(NAME) == DOCUMENT
    ours.remove(NAME)
    assert [blob.name for blob in google.list_blobs()] == [beside]
    ours.remove_all(NAME.partition("/")[0])
    assert list(google.list_blobs()) == []
