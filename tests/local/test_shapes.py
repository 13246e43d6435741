"""What others bring and take, at the server of this machine: a signed webhook, and a file behind a redirect."""

import hashlib
import hmac
import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Annotated
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from local.links import linked
from local.server import application
from shared.actors import PUBLIC, Scope
from shared.answers import Redirect
from shared.edge.storage import FolderFiles
from shared.entity import Hex64, Id
from shared.errors import Forbidden
from shared.files import Content, FileReader
from shared.inputs import FromHeader
from shared.operation import Call
from tests.worlds import declared

SECRET = b"whsec_test"
REPORT = bytes(range(256)) * 300
ID = "6f1c2b34-5d6e-4f70-8a91-b2c3d4e5f607"
Signature = Annotated[Hex64, FromHeader("X-Signature", "The HMAC of the body.")]


@declared("POST", "/v1/hooks/payments", scopes=PUBLIC, takes=("application/json",))
def take_payment(call: Call, event: Content, signature: Signature) -> dict[str, str]:
    """Take what was paid."""
    expected = hmac.new(SECRET, event.data, hashlib.sha256).hexdigest()
    if not hmac.compare_digest(expected, signature):
        raise Forbidden("the signature is not over this body")
    return {"sha256": hashlib.sha256(event.data).hexdigest()}


@declared("GET", "/v1/reports/{report_id}/file", scopes={Scope.ACCOUNT}, audited=False)
def open_report(call: Call, report_id: Id, files: FileReader) -> Redirect:
    """Lead to the file of a report, for five minutes."""
    return Redirect(files.link(f"{report_id}/report", "Bericht ü.pdf", lasts=timedelta(minutes=5)))


@pytest.fixture
def wire(world, served, tmp_path, monkeypatch):
    """Serve these operations, and the files that links lead to, at a port of this machine."""
    probes = [take_payment.declared, open_report.declared]
    monkeypatch.setattr("local.server.operations", lambda: probes)
    files = FolderFiles(str(tmp_path / "files"), Path(tmp_path / "links.key"), lambda: world.now)
    files.keep(f"{ID}/report", Content("application/pdf", REPORT))
    app = application(replace(world.ports, file_reader=files))
    app.register_blueprint(linked(files))
    return served(app, longest=lambda _: 1024 * 1024)


def signed(raw):
    return hmac.new(SECRET, raw, hashlib.sha256).hexdigest()


def post(wire, raw, signature, *, chunked=False):
    """Bring a webhook as its sender does, in one piece or in several."""
    framing, body = f"Content-Length: {len(raw)}", raw
    if chunked:
        parts = [raw[:7], raw[7:], b""]
        framing = "Transfer-Encoding: chunked"
        body = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts)
    head = (
        f"POST /v1/hooks/payments HTTP/1.1\r\nHost: 127.0.0.1:{wire.port}\r\n"
        f"Content-Type: application/json\r\nX-Signature: {signature}\r\n{framing}\r\n"
        "Connection: close\r\n\r\n"
    )
    return wire.ask(head.encode() + body)


@pytest.mark.enable_socket
@pytest.mark.parametrize("chunked", [False, True])
def test_a_webhook_is_judged_by_the_bytes_that_were_sent(wire, chunked):
    raw = b'{ "amount" : 1.00,\r\n "amount": 1e2, "who": "\xc3\xa9" }\n'
    taken = post(wire, raw, signed(raw), chunked=chunked)
    assert taken.status == 200, taken
    assert json.loads(taken.body) == {"sha256": hashlib.sha256(raw).hexdigest()}
    bent = post(wire, raw.replace(b"1e2", b"1e3"), signed(raw), chunked=chunked)
    assert (bent.status, bent.problem["code"]) == (403, "forbidden")
    assert post(wire, raw, "no", chunked=chunked).problem["code"] == "bad_request"


@pytest.mark.enable_socket
def test_a_file_is_downloaded_through_a_redirect_to_a_link_that_ends(wire, world):
    path = f"/v1/reports/{ID}/file"
    assert wire.get(path).status == 401
    token = world.sign_in.token("viewer", world.now)
    led = wire.get(path, Authorization=f"Bearer {token}")
    assert (led.status, led.body) == (303, b"")
    link = led.headers["location"]
    # Whoever follows shows the link alone.
    file = wire.get(link)
    assert (file.status, file.body) == (200, REPORT)
    assert file.headers["content-type"] == "application/pdf"
    assert "filename*=UTF-8''Bericht%20%C3%BC.pdf" in file.headers["content-disposition"]
    for name, said in (("until", "9999999999"), ("filename", "a.exe"), ("signature", "0" * 64)):
        place, told = urlsplit(link), {k: v[0] for k, v in parse_qs(urlsplit(link).query).items()}
        bent = wire.get(f"{place.path}?{urlencode(told | {name: said})}")
        assert (bent.status, bent.problem["code"]) == (403, "forbidden"), name
    world.now += timedelta(minutes=6)
    assert wire.get(link).problem["code"] == "expired"
