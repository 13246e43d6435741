"""Uploads on one machine: the document that was announced, and no other."""

import hashlib
from datetime import timedelta

import flask
import pytest

from local.uploads import uploads
from shared.approvals.models import Veto
from shared.documents import Key, Write
from shared.identities.models import VerificationKey
from shared.identity import PLATFORM
from shared.mobile.uploads import Announced, address

CONTENT = b"%PDF-1.7 a quote"


@pytest.fixture
def put(world):
    signer = world.ports.signer
    key = VerificationKey(id=signer.jwk["kid"], jwk=signer.jwk)
    place = Key(PLATFORM, VerificationKey.collection, key.id)
    world.ports.documents.commit([Write(place, key.model_dump(mode="json"))])
    app = flask.Flask("tests")
    app.register_blueprint(uploads(world.ports))
    given = Announced(
        name="quote.pdf",
        content_type="application/pdf",
        size=len(CONTENT),
        sha256=hashlib.sha256(CONTENT).hexdigest(),
    )
    veto = Veto.model_construct(id="00000000-0000-4000-8000-00000000000a")
    url = address(veto, given, signer=signer, at=world.now).upload_url

    def send(content=CONTENT, kind="application/pdf", change=lambda url: url):
        return app.test_client().put(change(url), data=content, content_type=kind)

    return send


def test_the_announced_document_is_kept(put, world):
    assert put().status_code == 201
    (kept,) = (world.ports.settings.data / "uploads").iterdir()
    assert kept.read_bytes() == CONTENT


@pytest.mark.parametrize(
    "given", [{"content": b"else"}, {"content": CONTENT[::-1]}, {"kind": "text/plain"}]
)
def test_another_document_is_refused(put, given):
    assert put(**given).status_code == 422


def test_after_a_quarter_of_an_hour_it_takes_a_new_address(put, world):
    world.now += timedelta(minutes=16)
    assert put().status_code == 410


@pytest.mark.parametrize(
    "change",
    [
        lambda url: url[:-3] + "AAA",
        lambda url: url.replace("/v1/uploads/", "/v1/uploads/e30"),
        lambda _: "/v1/uploads/nothing",
        lambda _: "/v1/uploads/..",
        lambda _: "/v1/uploads/e30.e30.e30",
    ],
)
def test_an_address_that_was_not_signed_is_none(put, change):
    assert put(change=change).status_code in {403, 404}
