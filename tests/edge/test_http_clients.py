"""One suite over every `HttpClient`: the real one over TLS, that of one machine, and the fake of tests."""

import ssl
from types import SimpleNamespace

import pytest
from pydantic import SecretStr

from shared.edge.outbound import GuardedHttpClient
from shared.edge.pinned import Wire
from shared.errors import Forbidden, ProviderDown
from shared.outside import HttpResponse
from tests.edge.provider import Reply, providing
from tests.edge.strangers import PUBLIC, Web, certify, providing_tls
from tests.outside import FakeHttpClient


@pytest.fixture(params=["web", "one machine", "fake"])
def world(request, tmp_path):
    """A client, an address it may call, how its host is told what to answer, and what the host was sent."""
    if request.param == "fake":
        fake = FakeHttpClient()

        def answer(status, headers, body):
            fake.answers["hooks.example.com"] = HttpResponse(status, headers, body)

        def fake_seen():
            return [(method, headers, body) for method, _, headers, body in fake.sent]

        url = "https://hooks.example.com/a"
        yield SimpleNamespace(client=fake, url=url, answer=answer, seen=fake_seen)
        return
    over_tls = request.param == "web"
    made = certify(tmp_path, "hooks.example.com") if over_tls else ()
    with providing_tls(made[1]) if over_tls else providing() as host:

        def reply(status, headers, body):
            host.replies = [Reply(status, body, headers)]

        def seen():
            return [(one.method, one.headers, one.body) for one in host.seen]

        if over_tls:
            web = Web(host.server_port)
            web.names["hooks.example.com"] = [PUBLIC]

            def tls():
                return ssl.create_default_context(cafile=str(made[0]))

            client = GuardedHttpClient(wire=lambda: Wire(web.resolve, web.dial, tls))
            url = "https://hooks.example.com/a"
        else:
            client = GuardedHttpClient([f"127.0.0.1:{host.server_port}"])
            url = f"{host.address}/a"
        yield SimpleNamespace(client=client, url=url, answer=reply, seen=seen)


@pytest.mark.parametrize("status", [200, 302, 404, 410, 503])
def test_an_answer_is_handed_over_whatever_it_says(world, status):
    world.answer(status, {"Location": "/b"}, b"said")
    got = world.client.for_tenant("acme").send("POST", world.url, body=b"sent")
    assert (got.status, got.body, got.headers["Location"]) == (status, b"said", "/b")
    assert [(method, body) for method, _, body in world.seen()] == [("POST", b"sent")]


def test_a_secret_is_sent_as_it_is_and_shown_to_nobody(world):
    world.answer(200, {}, b"")
    key = SecretStr("Bearer nobody-knows")
    world.client.send("GET", world.url, headers={"Authorization": key, "X-A": "b"})
    ((_, headers, _),) = world.seen()
    assert (headers["Authorization"], headers["X-A"]) == ("Bearer nobody-knows", "b")
    assert "nobody-knows" not in f"{key} {key!r}"


@pytest.mark.parametrize(
    "url", ["http://a.example/", "https://10.0.0.1/", "https://localhost/", ""]
)
def test_what_is_no_public_address_is_refused(world, url):
    with pytest.raises(Forbidden) as refused:
        world.client.send("GET", url)
    assert refused.value.violations[0].rule == "destination_not_allowed"
    assert world.seen() == []


def test_a_host_that_was_not_allowed_is_refused(world):
    with pytest.raises(Forbidden, match="not among the hosts"):
        world.client.send("GET", world.url, hosts={"other.example.com"})
    assert world.seen() == []


def test_a_host_that_is_not_there_is_down(world):
    with pytest.raises(ProviderDown) as down:
        world.client.send("GET", "https://nobody.example.com/")
    assert down.value.violations[0].rule == "no_answer"
