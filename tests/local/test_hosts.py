"""The port answers requests to its own names only, and pages from elsewhere change nothing."""

import pytest

from shared.edge.catalog import operations

ELSEWHERE = [
    "evil.example",
    "evil.example:{port}",
    "127.0.0.1",
    "127.0.0.1:1",
    "127.0.0.1:{port}.evil.example",
    "",
]


@pytest.mark.parametrize("host", ELSEWHERE)
def test_a_request_to_another_name_is_none_of_ours(served, host):
    wire = served()
    answer = wire.get(Host=host.format(port=wire.port))
    assert (answer.status, answer.problem["code"]) == (421, "bad_request")
    assert f"127.0.0.1:{wire.port}" in answer.problem["detail"]


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "LOCALHOST", "[::1]"])
def test_this_machine_is_known_by_its_own_names(served, host):
    wire = served()
    assert wire.get(Host=f"{host}:{wire.port}").status == 200


def test_two_hosts_are_none(served):
    wire = served()
    own = f"127.0.0.1:{wire.port}".encode()
    ask = b"GET /v1/health HTTP/1.1\r\nHost: %s\r\nHost: evil.example\r\n\r\n" % own
    assert wire.ask(ask).status == 400
    assert wire.ask(b"GET /v1/health HTTP/1.0\r\n\r\n").status == 421


def test_a_name_that_was_given_is_ours(served):
    wire = served(hosts=["demo.example"])
    assert wire.get(Host="demo.example").status == 200
    assert (
        wire.get("/v1/health", "POST", Host="demo.example", Origin="https://demo.example").status
        == 200
    )


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "null", "http://127.0.0.1:1", "http://127.0.0.1"]
)
def test_a_page_from_elsewhere_changes_nothing(served, origin):
    wire = served()
    answer = wire.get("/v1/health", "POST", Origin=origin)
    assert (answer.status, answer.problem["code"]) == (403, "forbidden")
    assert wire.get("/v1/health", "GET", Origin=origin).status == 200


def test_our_own_pages_and_those_that_were_named_may(served):
    wire = served(origins=["https://app.example"])
    for origin in (
        f"http://localhost:{wire.port}",
        f"http://127.0.0.1:{wire.port}",
        "https://app.example",
    ):
        assert wire.get("/v1/health", "POST", Origin=origin).status == 200


def test_no_operation_answers_under_another_name(whole):
    for op in operations():
        path = op.path.replace("{", "").replace("}", "")
        assert whole.get(path, op.method, Host="evil.example").status == 421, op.id
