"""Requests to addresses that customers named, over real sockets and TLS, with names that lead where a test says."""

import logging
import threading

import pytest
from pydantic import SecretStr

from shared.actors import PLATFORM
from shared.documents import Query
from shared.edge import traces
from shared.edge.breakers import Board, show_on
from shared.edge.http_client import Request
from shared.edge.outbound import GuardedHttpClient
from shared.edge.pinned import Wire
from shared.errors import Forbidden, Invalid, ProviderDown
from shared.platform.models.breakers import Circuit
from tests.conftest import NOON, ports_of
from tests.edge.provider import Reply
from tests.edge.strangers import HOOK, PUBLIC

API = "https://api.example.com/"
KEY = SecretStr("Bearer what-nobody-may-know")


# --- where it goes ---------------------------------------------------------------------------------


def test_a_name_is_resolved_once_and_its_address_connected_to_under_the_name(client, host, web):
    host.replies = [Reply(201, {"a": 1}, {"X-Kind": "best"})]
    answer = client.send("POST", HOOK, headers={"X-A": "b", "Authorization": KEY}, body=b"c")

    assert (answer.status, answer.body, answer.headers["x-kind"]) == (201, b'{"a": 1}', "best")
    assert web.asked == ["hooks.example.com"]
    assert web.dialled == [(PUBLIC, 443)]
    (seen,) = host.seen
    assert (seen.method, seen.path, seen.body) == ("POST", "/a?token=hidden-in-a-query", b"c")
    assert (seen.headers["Host"], seen.headers["X-A"]) == ("hooks.example.com", "b")
    assert seen.headers["Authorization"] == KEY.get_secret_value()


def test_a_name_that_leads_elsewhere_a_moment_later_changes_nothing(client, host, web):
    leads = iter([[PUBLIC], ["127.0.0.1"]])
    web.names["hooks.example.com"] = lambda _: next(leads)
    assert client.send("GET", HOOK).status == 200
    with pytest.raises(Forbidden, match="leads to what is not public"):
        client.send("GET", HOOK)
    assert web.dialled == [(PUBLIC, 443)]


@pytest.mark.parametrize(
    "leads",
    [
        ["127.0.0.1"],
        [PUBLIC, "10.0.0.1"],
        ["169.254.169.254"],
        ["::ffff:11.22.33.44"],
        ["fe80::1%1"],
    ],
)
def test_a_name_of_which_one_answer_is_not_public_is_not_connected_to(client, host, web, leads):
    web.names["hooks.example.com"] = leads
    with pytest.raises(Forbidden) as refused:
        client.send("GET", HOOK)
    assert refused.value.violations[0].rule == "destination_not_allowed"
    assert web.dialled == []


def test_the_next_address_is_tried_where_one_takes_no_connection(client, host, web):
    web.names["hooks.example.com"] = ["11.22.33.55", PUBLIC]
    dial, tried = web.dial, []

    def first_fails(place, timeout_s):
        tried.append(place)
        if len(tried) == 1:
            raise ConnectionRefusedError
        return dial(place, timeout_s)

    web.dial = first_fails
    assert client.send("GET", HOOK).status == 200
    assert [address for address, _ in tried] == ["11.22.33.55", PUBLIC]


def test_who_has_no_certificate_of_that_name_gets_no_request(client, host, web, pauses):
    web.names["other.example.com"] = [PUBLIC]
    with pytest.raises(ProviderDown, match=r"other\.example\.com does not answer now"):
        client.send("POST", "https://other.example.com/", headers={"Authorization": KEY})
    assert host.seen == []


def test_a_certificate_of_an_authority_that_nobody_knows_is_none(host, web):
    client = GuardedHttpClient(wire=lambda: Wire(web.resolve, web.dial), attempts=1)
    with pytest.raises(ProviderDown, match="SSL"):
        client.send("GET", HOOK)
    assert host.seen == []


def test_no_proxy_of_the_environment_is_asked(client, host, web, monkeypatch):
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    assert client.send("GET", HOOK).status == 200


def test_a_host_of_this_machine_is_reached_only_where_the_configuration_lists_it(provider, here):
    assert here.send("GET", f"{provider.address}/a").status == 200
    with pytest.raises(Forbidden):
        GuardedHttpClient().send("GET", f"{provider.address}/a")
    with pytest.raises(Forbidden):
        here.send("GET", f"http://localhost:{provider.server_port}/")


def test_a_listed_name_that_leads_off_this_machine_is_not_followed(web):
    web.names["localhost"] = [PUBLIC]
    client = GuardedHttpClient(["localhost:9000"], wire=lambda: Wire(web.resolve, web.dial))
    with pytest.raises(Forbidden):
        client.send("GET", "http://localhost:9000/")


# --- redirections ----------------------------------------------------------------------------------


def led(status, to):
    return Reply(status, b"", {"Location": to})


def test_a_redirection_is_an_answer_unless_it_is_to_be_followed(client, host):
    host.replies = [led(302, API)]
    assert client.send("GET", HOOK).headers["Location"] == API
    assert len(host.seen) == 1


def test_each_hop_is_judged_anew(client, host, web):
    hosts = {"hooks.example.com", "api.example.com"}
    host.replies = [led(302, API), Reply(200)]
    assert client.send("GET", HOOK, hosts=hosts, redirects=1).status == 200
    assert web.dialled == [(PUBLIC, 443), ("2600::1", 443)]

    web.names["api.example.com"] = ["10.0.0.1"]
    host.replies = [led(302, API), Reply(200)]
    with pytest.raises(Forbidden, match=r"api\.example\.com leads to what is not public"):
        client.send("GET", HOOK, hosts=hosts, redirects=1)


@pytest.mark.parametrize(
    "to",
    [
        API,
        "http://hooks.example.com/",
        "https://10.0.0.1/",
        "//10.0.0.1/",
        "ftp://a.example/",
        "https://[/",
    ],
)
def test_a_redirection_beyond_what_was_allowed_is_refused(client, host, web, to):
    host.replies = [led(307, to)]
    with pytest.raises(Forbidden):
        client.send("POST", HOOK, body=b"x", redirects=5)
    assert len(host.seen) == 1


def test_https_never_leads_to_http_not_even_here(client, host, web, provider):
    port = provider.server_port
    client._here = [f"127.0.0.1:{port}"]
    host.replies = [led(302, f"http://127.0.0.1:{port}/")]
    with pytest.raises(Forbidden, match="from https to http"):
        client.send("GET", HOOK, hosts={"hooks.example.com", "127.0.0.1"}, redirects=1)
    assert provider.seen == []


def test_no_credential_goes_to_another_origin(client, host):
    host.replies = [led(307, API), led(307, "/b"), Reply(200)]
    sent = {"Authorization": KEY, "X-Api-Key": "k", "Cookie": "c", "Content-Type": "text/plain"}
    client.send("PUT", HOOK, headers=sent, body=b"d", hosts={"*.example.com"}, redirects=2)

    first, second, third = host.seen
    assert set(sent) <= set(first.headers)
    for seen in (second, third):
        assert not {"Authorization", "X-Api-Key", "Cookie"} & set(seen.headers)
        assert (seen.headers["Content-Type"], seen.body, seen.method) == ("text/plain", b"d", "PUT")


def test_within_one_origin_they_go_on(client, host):
    host.replies = [led(302, "/b#part"), Reply(200)]
    client.send("GET", HOOK, headers={"Authorization": KEY}, redirects=1)
    assert [seen.path for seen in host.seen][1] == "/b"
    assert host.seen[1].headers["Authorization"] == KEY.get_secret_value()


@pytest.mark.parametrize(
    ("status", "method", "body"),
    [
        (301, "GET", b""),
        (302, "GET", b""),
        (303, "GET", b""),
        (307, "POST", b"x"),
        (308, "POST", b"x"),
    ],
)
def test_a_redirection_keeps_the_method_where_it_says_so(client, host, status, method, body):
    host.replies = [led(status, "/b"), Reply(200)]
    client.send("POST", HOOK, body=b"x", redirects=1)
    assert (host.seen[1].method, host.seen[1].body) == (method, body)


def test_redirections_end(client, host):
    host.replies = [led(302, "/again")]
    assert client.send("GET", HOOK, redirects=3).status == 302
    assert len(host.seen) == 4


def test_whoever_led_on_may_have_done_it(client, host, web):
    """Where it led to was never reached: that says nothing about the first, which is not asked again."""
    del web.names["api.example.com"]
    host.replies = [led(307, API)]
    with pytest.raises(ProviderDown) as down:
        client.send("POST", HOOK, hosts={"*.example.com"}, redirects=1)
    assert down.value.violations[0].rule == "outcome_unknown"
    assert len(host.seen) == 1


# --- what nobody is told ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "reply", [Reply(200), Reply(500), Reply(cut=True), led(302, "https://10.0.0.1/hidden")]
)
def test_no_log_and_no_error_tells_what_was_sent_or_where_to(client, host, caplog, reply):
    host.replies = [reply]
    said = ""
    with caplog.at_level(logging.DEBUG):
        for _ in range(4):
            try:
                client.send("GET", HOOK, headers={"Authorization": KEY}, redirects=1)
            except (Forbidden, ProviderDown) as refused:
                said += f"{refused!r} {refused.detail} {refused.__cause__!r} {refused.violations}"
    for hidden in ("what-nobody-may-know", "hidden"):
        assert hidden not in caplog.text
        assert hidden not in said


def test_a_request_shows_nothing_of_itself():
    shown = repr(Request("GET", HOOK, b"hidden", {"X": "hidden"}))
    assert "hidden" not in shown


def test_a_host_that_fails_stands_in_no_record_and_no_log(client, host, web, documents, caplog):
    host.replies = [Reply(500)]
    show_on(Board(documents, lambda: NOON))
    try:
        with caplog.at_level(logging.DEBUG):
            for _ in range(3):
                client.send("POST", HOOK)
    finally:
        show_on(None)
    assert documents.find(PLATFORM, Query(Circuit.collection)) == []
    assert "hooks.example.com" not in caplog.text


def test_the_trace_stays_inside(client, host):
    with traces.span("00-" + "a" * 32 + "-" + "b" * 16 + "-01"):
        client.send("GET", HOOK)
    assert "Traceparent" not in host.seen[0].headers


@pytest.mark.parametrize(
    "headers",
    [
        {"X": "what-nobody-may-know\r\nY: z"},
        {"X\n": "what-nobody-may-know"},
        {"X": SecretStr("what-nobody-may-know\n")},
        {"X": "what-nobody-may-know\u2028"},
        {"": "what-nobody-may-know"},
        *(
            {name: "what-nobody-may-know"}
            for name in ("Host", "content-length", "Transfer-Encoding")
        ),
    ],
)
def test_a_header_that_would_be_something_else_is_not_sent_nor_told(client, host, headers):
    with pytest.raises(Invalid) as refused:
        client.send("GET", HOOK, headers=headers)
    assert "what-nobody" not in refused.value.detail
    assert host.seen == []


def test_a_method_is_one_of_those_that_are_known(client):
    for method in ("CONNECT", "TRACE", "get", "GET /x"):
        with pytest.raises(Invalid):
            client.send(method, HOOK)


def test_nothing_goes_on_after_a_request_ended(client, host):
    before = threading.active_count()
    for _ in range(5):
        client.send("GET", HOOK)
    assert threading.active_count() <= before + 5


# --- the port --------------------------------------------------------------------------------------


def test_a_function_is_given_its_own_tenants_part(documents, signer):
    from shared.edge.calling import given
    from shared.outside import HttpClient
    from shared.reaction import Reaction, ReactionCall

    def deliver(call: ReactionCall, web: HttpClient) -> None:
        """Deliver."""

    deliver.__module__ = "functions.tests.deliver"
    ports = ports_of(documents, signer, lambda: NOON, http_client=GuardedHttpClient())
    (client,) = given(Reaction(deliver), ports, "acme").values()
    assert client._tenant == "acme"
    assert client._breakers is ports.http_client._breakers


def test_only_a_machine_of_its_own_lists_its_hosts():
    from shared.edge.settings import Settings

    listed = {"REACHABLE": "127.0.0.1:9000,LOCALHOST:9001"}
    assert Settings(listed).reachable == {"127.0.0.1:9000", "localhost:9001"}
    assert Settings({**listed, "ENVIRONMENT": "prod"}).reachable == frozenset()
    for elsewhere in ("10.0.0.1:80", "127.0.0.1", "example.com:443", "169.254.169.254:80"):
        with pytest.raises(ValueError, match="REACHABLE names hosts of this machine"):
            _ = Settings({"REACHABLE": elsewhere}).reachable
