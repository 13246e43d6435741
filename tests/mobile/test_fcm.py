"""FCM as it is spoken over a real socket, and what becomes of each of its answers."""

import pytest

from shared.edge.push import FcmPush, InboxPush
from shared.errors import ProviderDown
from shared.outside import Pushed
from tests.edge.provider import Reply, providing

MESSAGE = {"token": "t1", "notification": {"title": "Wartet", "body": "Bitte entscheiden – heute"}}
OK = Reply(200, {"name": "projects/p/messages/1"})


def error(code, status="INVALID_ARGUMENT", detail=None, **headers):
    kind = "type.googleapis.com/google.firebase.fcm.v1.FcmError"
    details = [{"@type": kind, "errorCode": detail}] if detail else []
    return Reply(code, {"error": {"code": code, "status": status, "details": details}}, headers)


@pytest.fixture
def fcm():
    with providing() as server:
        server.replies = [OK]
        yield server


@pytest.fixture
def pauses():
    return []


@pytest.fixture
def port(fcm, pauses):
    return FcmPush(
        "p", base=fcm.address, token=lambda: "secret", sleep=pauses.append, timeout_s=0.2
    )


def test_a_message_is_handed_over_as_google_wants_it(fcm, port):
    assert port.send(MESSAGE) == Pushed("sent", "projects/p/messages/1")
    (seen,) = fcm.seen
    assert (seen.method, seen.path) == ("POST", "/v1/projects/p/messages:send")
    assert seen.headers["Authorization"] == "Bearer secret"
    assert seen.json == {"message": MESSAGE}


@pytest.mark.parametrize(("status", "detail"), [(404, "UNREGISTERED"), (403, "SENDER_ID_MISMATCH")])
def test_a_device_that_is_gone_is_told(fcm, port, status, detail):
    fcm.replies = [error(status, "NOT_FOUND", detail)]
    assert port.send(MESSAGE) == Pushed("unregistered")
    assert len(fcm.seen) == 1


def test_a_message_that_is_not_good_is_not_sent_again(fcm, port):
    fcm.replies = [error(400, detail="INVALID_ARGUMENT")]
    assert port.send(MESSAGE) == Pushed("refused", "INVALID_ARGUMENT")
    assert len(fcm.seen) == 1


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_busy_provider_is_asked_again_a_little_later_each_time(fcm, port, pauses, status):
    fcm.replies = [error(status)] * 3 + [OK]
    assert port.send(MESSAGE).outcome == "sent"
    assert [2 <= pauses[0] <= 2.5, 4 <= pauses[1] <= 5, 8 <= pauses[2] <= 10] == [True] * 3


def test_it_waits_as_long_as_the_provider_says(fcm, port, pauses):
    fcm.replies = [error(429, **{"Retry-After": "20"}), OK]
    assert port.send(MESSAGE).outcome == "sent"
    assert 20 <= pauses[0] <= 25


def test_a_long_wait_is_not_for_a_thread(fcm, port, pauses):
    fcm.replies = [error(503, **{"Retry-After": "7200"})]
    with pytest.raises(ProviderDown) as refused:
        port.send(MESSAGE)
    assert refused.value.retry_after_s == 7200
    assert pauses == []


@pytest.mark.parametrize("reply", [Reply(wait_s=0.5), Reply(500, b"<html>"), Reply(502, [])])
def test_a_provider_that_does_not_answer_is_down_after_four_attempts(fcm, port, pauses, reply):
    fcm.replies = [reply]
    with pytest.raises(ProviderDown) as refused:
        port.send(MESSAGE)
    assert refused.value.retry_after_s == 3600
    assert len(pauses) == 3


def test_a_connection_that_is_refused_is_a_provider_that_is_down(pauses):
    port = FcmPush("p", base="http://127.0.0.1:1", token=lambda: "", sleep=pauses.append)
    with pytest.raises(ProviderDown):
        port.send(MESSAGE)


def test_our_own_wrong_key_is_no_fault_of_the_device(fcm, port, pauses):
    fcm.replies = [error(401, "UNAUTHENTICATED")]
    with pytest.raises(ProviderDown):
        port.send(MESSAGE)
    assert pauses == []


@pytest.mark.parametrize("details", [None, 1, [1]])
def test_a_refusal_that_cannot_be_read_is_a_provider_that_is_down(fcm, port, details):
    fcm.replies = [Reply(400, {"error": {"details": details}})]
    with pytest.raises(ProviderDown):
        port.send(MESSAGE)


@pytest.mark.parametrize("body", [b"", b"<html>", [], None])
def test_a_message_that_was_taken_is_sent_whatever_else_is_said(fcm, port, body):
    fcm.replies = [Reply(200, body)]
    assert port.send(MESSAGE) == Pushed("sent")


def test_on_one_machine_the_inbox_tells():
    assert InboxPush().send(MESSAGE).outcome == "sent"
