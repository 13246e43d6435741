"""Uploads: the document that was announced, and no other."""

import hashlib
from datetime import timedelta

import pytest

from functions.mobile.upload_document import upload_document
from shared.actors import PLATFORM
from shared.approvals.models.parts import MAX_DOCUMENT_BYTES
from shared.approvals.models.vetoes import Veto
from shared.documents import Key, Write
from shared.identity.models import VerificationKey
from shared.mobile.rules.uploads import Announced, address

CONTENT = b"%PDF-1.7 a quote"
VETO = "acme.00000000-0000-4000-8000-00000000000a"


@pytest.fixture
def put(world):
    signer = world.ports.signer
    key = VerificationKey(id=signer.jwk["kid"], jwk=signer.jwk)
    place = Key(PLATFORM, VerificationKey.collection, key.id)
    world.ports.documents.commit([Write(place, key.model_dump(mode="json"))])
    given = Announced(
        name="quote.pdf",
        content_type="application/pdf",
        size=len(CONTENT),
        sha256=hashlib.sha256(CONTENT).hexdigest(),
    )
    veto = Veto.model_construct(id=VETO)
    url = address(veto, given, tickets=world.ports.tickets, at=world.now).upload_url

    def send(content=CONTENT, kind="application/pdf", change=lambda url: url, **more):
        return world.call(upload_document, change(url), data=content, content_type=kind, **more)

    return send


def kept(world):
    folder = world.ports.settings.data / "uploads"
    return [file for file in folder.glob("[!.]*/*") if file.is_file()]


def test_the_announced_document_is_kept_under_what_it_is(put, world):
    assert put().json == {"sha256": hashlib.sha256(CONTENT).hexdigest(), "size": len(CONTENT)}
    (file,) = kept(world)
    assert file.read_bytes() == CONTENT
    assert file.relative_to(world.ports.settings.data / "uploads").parts == (
        VETO,
        hashlib.sha256(CONTENT).hexdigest(),
    )


def test_the_same_document_again_changes_nothing(put, world):
    assert [put().status_code for _ in range(2)] == [201, 201]
    assert len(kept(world)) == 1


@pytest.mark.parametrize(
    "given",
    [{"content": b"else"}, {"content": CONTENT[::-1]}, {"kind": "text/plain"}, {"content": b""}],
)
def test_another_document_is_refused(put, world, given):
    answer = put(**given)
    assert (answer.status_code, answer.json["violations"][0]["rule"]) == (422, "other_document")
    assert kept(world) == []


def test_no_document_is_larger_than_any_may_be(put):
    assert put(content=b"a" * (MAX_DOCUMENT_BYTES + 1)).status_code == 413


def test_after_a_quarter_of_an_hour_it_takes_a_new_address(put, world):
    world.now += timedelta(minutes=16)
    assert put().status_code == 410


@pytest.mark.parametrize(
    ("change", "status"),
    [
        (lambda url: url[:-3] + "AAA", 403),
        (lambda url: url.replace("/v1/uploads/", "/v1/uploads/e30"), 400),
        (lambda url: f"/v1/uploads/e30.{url.split('.')[1]}.AAAA", 403),
        (lambda url: url.replace(url.split(".")[1], "MDEyMzQ1Njc4OWFiY2RlZg"), 403),
        (lambda _: "/v1/uploads/e30.e30.e30", 400),
        (lambda _: "/v1/uploads/nothing", 404),
        (lambda _: "/v1/uploads/..", 404),
        (lambda url: url + "." + "A" * 3000, 404),
    ],
)
def test_an_address_that_was_not_signed_is_none(put, world, change, status):
    assert put(change=change).status_code == status
    assert kept(world) == []


def test_what_else_we_sign_is_no_address(put, world):
    """A signature of ours over something else opens nothing."""
    signer = world.ports.signer
    message = b'{"typ":"checkpoint/v1"}'
    kid, signature = signer.sign(message)
    from shared.mobile.rules.uploads import _joined

    other = f"/v1/uploads/{_joined((message, kid.encode()))}.{signature}"
    assert put(change=lambda _: other).status_code == 403
