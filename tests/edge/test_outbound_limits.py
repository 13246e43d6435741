"""Requests to addresses that customers named: how long they take, how much they bring, how often they are sent."""

import gzip
import time

import pytest

from shared.destinations import destination
from shared.edge.outbound import Breakers, GuardedHttpClient
from shared.edge.pinned import MOST_BYTES, MOST_UNPACKED_BYTES
from shared.errors import Forbidden, ProviderDown
from tests.edge.provider import Reply, providing
from tests.edge.strangers import CUT_OFF, HOOK, PUBLIC, WHOLE, hanging_up, saying

# --- how long, and how much ------------------------------------------------------------------------


def ask(port, **how):
    client = GuardedHttpClient([f"127.0.0.1:{port}"], attempts=1)
    return client.send("GET", f"http://127.0.0.1:{port}/", **how)


HEAD = b"HTTP/1.1 200 OK\r\n"


@pytest.mark.slow
@pytest.mark.parametrize(
    "said",
    [
        {"parts": [b""]},
        {"parts": [b"H"], "every_s": 0.05, "forever": True},
        {"parts": [HEAD, *[b"X: y\r\n"] * 90], "every_s": 0.05},
        {"parts": [b"HTTP/1.1 100 Continue\r\n\r\n"], "every_s": 0.05, "forever": True},
        {"parts": [HEAD + b"Content-Length: 999\r\n\r\n", *[b"x"] * 90], "every_s": 0.05},
        {
            "parts": [HEAD + b"Transfer-Encoding: chunked\r\n\r\n", *[b"1\r\nx\r\n"] * 90],
            "every_s": 0.05,
        },
    ],
    ids=["silent", "status", "headers", "continue", "body", "chunks"],
)
def test_whoever_takes_too_long_is_cut_off(said):
    parts = said.pop("parts")
    with saying(*parts, **said) as port:
        begun = time.monotonic()
        with pytest.raises(ProviderDown, match="it takes too long"):
            ask(port, within_s=0.4)
        assert time.monotonic() - begun < 1.5


@pytest.mark.parametrize("cut", CUT_OFF)
def test_a_head_that_is_cut_off_is_no_answer(cut):
    with saying(cut, ends=True) as port, pytest.raises(ProviderDown, match="RemoteDisconnected"):
        ask(port)


def test_what_is_said_meanwhile_is_skipped_but_not_without_end():
    with saying(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n", WHOLE) as port:
        assert ask(port).body == b"ok"
    with (
        saying(b"HTTP/1.1 100 Continue\r\n\r\n", forever=True) as port,
        pytest.raises(ProviderDown, match="no final answer"),
    ):
        ask(port)


def test_a_handshake_that_only_drips_is_cut_off(certificates):
    with saying(b"\x16", b"\x03", b"\x03", b"\x40", *[b"\x00"] * 90, every_s=0.05) as port:
        client = GuardedHttpClient([f"127.0.0.1:{port}"], attempts=1)
        begun = time.monotonic()
        with pytest.raises(ProviderDown):
            client.send("GET", f"https://127.0.0.1:{port}/", within_s=0.4)
        assert time.monotonic() - begun < 1.5


def test_a_resolver_that_never_answers_is_not_waited_for(client, web):
    web.names["hooks.example.com"] = lambda _: time.sleep(1) or [PUBLIC]
    begun = time.monotonic()
    with pytest.raises(ProviderDown, match="its name is not known"):
        client.send("GET", HOOK, within_s=0.2)
    assert time.monotonic() - begun < 0.8


def test_headers_without_end_are_no_answer():
    with (
        saying(
            HEAD + b"".join(b"X-%d: %s\r\n" % (n, b"y" * 9000) for n in range(20)) + b"\r\n"
        ) as port,
        pytest.raises(ProviderDown, match="its headers are too long"),
    ):
        ask(port)


def test_half_an_answer_under_a_head_that_cannot_be_read_is_none():
    with (
        saying(HEAD + b"Content-Length : 50\r\n\r\nok", ends=True) as port,
        pytest.raises(ProviderDown, match="none of HTTP"),
    ):
        ask(port)


def test_who_answers_before_the_end_of_a_request_has_answered():
    early = b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 2\r\n\r\nno"
    with hanging_up(early) as port:
        client = GuardedHttpClient([f"127.0.0.1:{port}"], attempts=1)
        address = f"http://127.0.0.1:{port}/"
        assert client.send("POST", address, body=b"x" * 10_000_000).status == 413


@pytest.mark.parametrize("length", [b"", b"Content-Length: 999999999\r\n"])
def test_a_body_without_end_is_no_answer(length):
    body = b"x" * (MOST_BYTES + 1)
    with (
        saying(HEAD + length + b"\r\n", body) as port,
        pytest.raises(ProviderDown, match="its answer is too long"),
    ):
        ask(port)


def test_what_is_packed_is_unpacked_but_not_without_end(here, provider):
    packed = {"Content-Encoding": "gzip"}
    provider.replies = [Reply(200, gzip.compress(b"a" * 1000), packed)]
    assert here.send("GET", provider.address).body == b"a" * 1000
    assert provider.seen[0].headers["Accept-Encoding"] == "gzip"
    provider.replies = [Reply(200, gzip.compress(bytes(MOST_UNPACKED_BYTES + 1)), packed)]
    with pytest.raises(ProviderDown, match="its answer is too long"):
        here.send("POST", provider.address)


@pytest.mark.parametrize("how", ["br", "gzip, gzip", "deflate"])
def test_what_is_packed_in_another_way_is_no_answer(here, provider, how):
    provider.replies = [Reply(200, b"abc", {"Content-Encoding": how})]
    with pytest.raises(ProviderDown, match="was not asked for"):
        here.send("GET", provider.address)


def test_every_member_is_unpacked(here, provider):
    packed = gzip.compress(b"a") + gzip.compress(b"b")
    provider.replies = [Reply(200, packed, {"Content-Encoding": "gzip"})]
    assert here.send("GET", provider.address).body == b"ab"


@pytest.mark.parametrize(
    "packed",
    [b"abc", gzip.compress(b"abc" * 1000)[:-12], gzip.compress(b"abc") + b"more"],
    ids=["not packed", "half", "more"],
)
def test_what_cannot_be_unpacked_to_its_end_is_no_answer(here, provider, packed):
    provider.replies = [Reply(200, packed, {"Content-Encoding": "gzip"})]
    with pytest.raises(ProviderDown, match="cannot be unpacked"):
        here.send("GET", provider.address)


# --- how often -------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "HEAD", "OPTIONS"])
def test_what_may_be_done_twice_is_tried_again(here, provider, pauses, method):
    provider.replies = [Reply(503), Reply(cut=True), Reply(200)]
    assert here.send(method, provider.address).status == 200


@pytest.mark.parametrize(
    "how", [{"method": "POST"}, {"method": "PATCH"}, {"method": "PUT", "repeatable": False}]
)
def test_what_must_not_be_done_twice_is_sent_once_and_its_outcome_is_unknown(here, provider, how):
    provider.replies = [Reply(cut=True)]
    with pytest.raises(ProviderDown) as down:
        here.send(url=provider.address, **how)
    assert down.value.violations[0].rule == "outcome_unknown"
    assert len(provider.seen) == 1


def test_what_is_sent_under_a_key_of_its_own_may_be_repeated(here, provider):
    provider.replies = [Reply(cut=True), Reply(200)]
    headers = {"Idempotency-Key": "k"}
    assert here.send("POST", provider.address, headers=headers, repeatable=True).status == 200


def test_who_was_never_reached_did_nothing(pauses):
    client = GuardedHttpClient(["127.0.0.1:1"], sleep=pauses.append)
    with pytest.raises(ProviderDown) as down:
        client.send("POST", "http://127.0.0.1:1/")
    assert down.value.violations[0].rule == "no_answer"
    assert len(pauses) == 2


def test_an_answer_that_does_not_pass_is_handed_over_in_the_end(here, provider):
    """Whoever delivers to a customer keeps the status in its own books, and comes again on its own schedule."""
    provider.replies = [Reply(503, b"no")]
    answer = here.send("POST", provider.address)
    assert (answer.status, answer.body) == (503, b"no")


# --- breakers --------------------------------------------------------------------------------------


def test_a_host_that_fails_is_left_alone_by_the_tenant_that_it_failed(provider):
    client = GuardedHttpClient([f"127.0.0.1:{provider.server_port}"], attempts=1)
    acme = client.for_tenant("acme")
    provider.replies = [Reply(500)]
    for _ in range(3):
        assert acme.send("GET", provider.address).status == 500
    with pytest.raises(ProviderDown, match="is left alone") as down:
        client.for_tenant("acme").send("GET", provider.address)
    assert down.value.violations[0].rule == "breaker_open"
    assert client.for_tenant("globex").send("GET", provider.address).status == 500
    with providing() as other:
        client._here = acme._here = [f"127.0.0.1:{other.server_port}"]
        assert acme.send("GET", other.address).status == 200


def test_a_refused_destination_says_nothing_about_its_host(client, web):
    web.names["hooks.example.com"] = ["10.0.0.1"]
    for _ in range(5):
        with pytest.raises(Forbidden):
            client.send("GET", HOOK)


def test_so_many_hosts_are_remembered_and_no_more():
    breakers = Breakers(most=3)
    first = breakers.of("acme", destination("https://a1.example"))
    for n in range(10):
        assert breakers.of("acme", destination("https://a1.example")) is first
        breakers.of("acme", destination(f"https://b{n}.example"))
    assert len(breakers) == 3
