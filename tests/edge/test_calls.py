"""Requests that leave the platform, over real sockets: what is repeated, how long, and what is never."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

from shared.edge import traces
from shared.edge.google_token import AccessToken
from shared.edge.http_client import MOST_PAUSE_S, Caller, full_jitter
from shared.errors import ProviderDown
from tests.edge.provider import Reply
from tests.emulators import free_port

PASSING = [408, 429, 500, 502, 503, 504]


@pytest.fixture
def caller(pauses):
    return Caller("workflows", token=lambda: "secret", timeout_s=0.3, sleep=pauses.append)


def test_an_answer_is_handed_over_as_it_came(provider, caller):
    provider.replies = [Reply(201, {"a": 1}, {"X-Kind": "best"})]

    answer = caller.request("PUT", f"{provider.address}/x?y=1", body=b"b", headers={"X-A": "c"})

    assert (answer.status, answer.body, answer.headers["x-kind"]) == (201, b'{"a": 1}', "best")
    (seen,) = provider.seen
    assert (seen.method, seen.path, seen.body) == ("PUT", "/x?y=1", b"b")
    assert (seen.headers["X-A"], seen.headers["Authorization"]) == ("c", "Bearer secret")


@pytest.mark.parametrize("status", PASSING)
def test_what_may_pass_is_tried_again(provider, caller, pauses, status):
    provider.replies = [Reply(status), Reply(status), Reply(200)]

    assert caller.request("GET", provider.address).status == 200
    assert len(provider.seen) == 3
    assert len(pauses) == 2


@pytest.mark.parametrize("status", [204, 301, 400, 401, 403, 404, 409, 501])
def test_what_will_not_pass_is_an_answer(provider, caller, pauses, status):
    provider.replies = [Reply(status, b"", {"Location": "/elsewhere"})]

    assert caller.request("GET", provider.address).status == status
    assert len(provider.seen) == 1
    assert pauses == []


@pytest.mark.parametrize("reply", [*map(Reply, PASSING), Reply(cut=True), Reply(wait_s=0.5)])
def test_after_four_attempts_the_provider_is_down(provider, caller, pauses, reply):
    provider.replies = [reply]

    with pytest.raises(
        ProviderDown, match=r"the workflow engine .* does not answer now .*; try again"
    ):
        caller.request("GET", provider.address)
    assert len(provider.seen) == 4
    assert len(pauses) == 3


def test_who_cannot_be_reached_is_tried_again(caller, pauses):
    with pytest.raises(ProviderDown, match="ConnectionRefusedError"):
        caller.request("POST", f"http://127.0.0.1:{free_port()}/", repeatable=False)
    assert len(pauses) == 3


@pytest.mark.parametrize(
    "reply", [*map(Reply, set(PASSING) - {429}), Reply(cut=True), Reply(wait_s=0.5)]
)
def test_what_must_not_be_done_twice_is_not_sent_twice(provider, caller, reply):
    provider.replies = [reply]

    with pytest.raises(ProviderDown):
        caller.request("POST", provider.address, repeatable=False)
    assert len(provider.seen) == 1


def test_what_was_refused_may_be_sent_again_by_anybody(provider, caller):
    provider.replies = [Reply(429), Reply(200)]

    assert caller.request("POST", provider.address, repeatable=False).status == 200


def test_pauses_are_random_within_a_range_that_doubles():
    for attempt in range(12):
        most = min(MOST_PAUSE_S, 0.1 * 2**attempt)
        drawn = [full_jitter(attempt) for _ in range(200)]
        assert all(0 <= pause <= most for pause in drawn)
        assert min(drawn) < most / 4
        assert max(drawn) > most * 3 / 4


def test_it_waits_as_long_as_the_provider_says(provider, caller, pauses):
    provider.replies = [Reply(503, {}, {"Retry-After": "7"}), Reply(200)]

    assert caller.request("GET", provider.address).status == 200
    assert pauses == [7.0]


@pytest.mark.parametrize("asked", ["-1", "soon", "Fri, 31 Dec 1999 23:59:59 GMT", "²", ""])
def test_a_wait_that_cannot_be_read_is_none(provider, caller, pauses, asked):
    provider.replies = [
        Reply(503, {}, {"Retry-After": asked.encode().decode("latin-1")}),
        Reply(200),
    ]

    assert caller.request("GET", provider.address).status == 200
    assert pauses[0] < 1


def test_a_long_wait_is_handed_on_and_not_waited_for(provider, caller, pauses):
    provider.replies = [Reply(429, {}, {"Retry-After": "7200"})]

    with pytest.raises(ProviderDown) as down:
        caller.request("GET", provider.address)
    assert (down.value.retry_after_s, pauses) == (7200, [])


def test_all_attempts_share_one_time_limit(provider):
    provider.replies = [Reply(wait_s=0.4)]
    caller = Caller("workflows", token=None, timeout_s=0.2, within_s=0.5, attempts=100)
    begun = time.monotonic()

    with pytest.raises(ProviderDown):
        caller.request("GET", provider.address)
    assert time.monotonic() - begun < 1
    assert len(provider.seen) <= 4


def test_an_answer_that_only_drips_is_none(provider):
    provider.replies = [Reply(body=b"x" * 100, drip_s=0.05)]
    caller = Caller("workflows", token=None, timeout_s=1, within_s=0.4)
    begun = time.monotonic()

    with pytest.raises(ProviderDown, match="TimeoutError"):
        caller.request("GET", provider.address)
    assert time.monotonic() - begun < 2


def test_when_the_time_is_over_nothing_is_sent(provider):
    caller = Caller("workflows", token=lambda: time.sleep(0.2) or "late", within_s=0.1)
    with pytest.raises(ProviderDown, match="it takes too long"):
        caller.request("POST", provider.address)
    assert provider.seen == []


def test_an_answer_without_end_is_none(provider):
    caller = Caller("workflows", token=None, most_bytes=1000, sleep=lambda seconds: None)
    provider.replies = [Reply(body=b"x" * 1001)]

    with pytest.raises(ProviderDown, match="an endless answer"):
        caller.request("GET", provider.address)


def test_a_connection_that_was_closed_meanwhile_is_opened_again(provider, caller):
    provider.replies = [Reply(200, {}, {"Connection": "close"})]
    for _ in range(3):
        assert caller.request("POST", provider.address, repeatable=False).status == 200


def test_a_token_that_is_no_longer_good_is_renewed_once(provider):
    provider.replies = [Reply(401), Reply(200)]
    token = AccessToken()
    given = iter(["old", "new"])
    token._renew = lambda: vars(token).update(_token=next(given), _good_until=float("inf"))
    caller = Caller("workflows", token=token)

    assert caller.request("POST", provider.address, repeatable=False).status == 200
    assert [seen.headers["Authorization"][7:] for seen in provider.seen] == ["old", "new"]
    provider.replies = [Reply(401)]
    token._renew = lambda: None
    assert caller.request("GET", provider.address).status == 401
    assert len(provider.seen) == 4


def test_nothing_that_goes_wrong_tells_the_token(provider, caller, caplog):
    provider.replies = [Reply(500)]
    for _ in range(4):
        with pytest.raises(ProviderDown) as down:
            caller.request("GET", provider.address)
        assert "secret" not in str(down.value)
    assert "secret" not in caplog.text


def test_the_trace_goes_on(provider, caller):
    parent = "00-" + "a" * 32 + "-" + "b" * 16 + "-01"
    with traces.span(parent) as here:
        caller.request("GET", provider.address)
    caller.request("GET", provider.address)

    inside, outside = provider.seen
    assert inside.headers["Traceparent"] == here.traceparent
    assert "Traceparent" not in outside.headers


def test_who_sends_no_token_sends_none(provider):
    Caller("workflows", token=None).request("GET", provider.address)
    assert "Authorization" not in provider.seen[0].headers


def test_a_target_nobody_knows_is_refused():
    with pytest.raises(ValueError, match=r"moon is no known target: add it to .*targets\.py"):
        Caller("moon")


def test_a_process_does_not_share_its_parents_connections():
    program = (
        "import os; from shared.edge.http_pool import pool; mine = pool(); assert pool() is mine\n"
        "if os.fork(): os.wait()\n"
        "else: print(pool() is mine)"
    )
    said = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[2],
    )
    assert said.stdout.strip() == "False"
