"""FCM as it is spoken over a real socket, and what becomes of each of its answers."""

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from shared.edge.push import FcmPush, InboxPush
from shared.errors import ProviderDown
from shared.reaction import Pushed

MESSAGE = {"token": "t1", "notification": {"title": "Wartet", "body": "Bitte entscheiden – heute"}}


def error(code, status="INVALID_ARGUMENT", detail=None):
    details = [
        {"@type": "type.googleapis.com/google.firebase.fcm.v1.FcmError", "errorCode": detail}
    ]
    return {"error": {"code": code, "status": status, "details": details if detail else []}}


class Fcm(ThreadingHTTPServer):
    """Answers one message after the other as it was told to, the last answer for ever."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Spoken)
        self.answers = [(200, {"name": "projects/p/messages/1"}, {})]
        self.seen = []


class Spoken(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.seen.append((self.path, dict(self.headers), json.loads(body)))
        answers = self.server.answers
        status, answer, headers = answers.pop(0) if len(answers) > 1 else answers[0]
        if status == "slow":
            time.sleep(answer)
            return
        sent = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
        self.send_response(status)
        for name, value in {"Content-Length": str(len(sent)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(sent)

    def log_message(self, *_):
        pass


@pytest.fixture
def fcm():
    server = Fcm()
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def pauses():
    return []


@pytest.fixture
def port(fcm, pauses):
    base = f"http://127.0.0.1:{fcm.server_port}"
    return FcmPush("p", base=base, token=lambda: "secret", sleep=pauses.append, timeout_s=0.2)


OK: tuple[int, dict[str, str], dict[str, str]] = (200, {"name": "projects/p/messages/1"}, {})


def test_a_message_is_handed_over_as_google_wants_it(fcm, port):
    assert port.send(MESSAGE) == Pushed("sent", "projects/p/messages/1")
    ((path, headers, body),) = fcm.seen
    assert path == "/v1/projects/p/messages:send"
    assert headers["Authorization"] == "Bearer secret"
    assert body == {"message": MESSAGE}


@pytest.mark.parametrize(("status", "detail"), [(404, "UNREGISTERED"), (403, "SENDER_ID_MISMATCH")])
def test_a_device_that_is_gone_is_told(fcm, port, status, detail):
    fcm.answers = [(status, error(status, "NOT_FOUND", detail), {})]
    assert port.send(MESSAGE) == Pushed("unregistered")
    assert len(fcm.seen) == 1


def test_a_message_that_is_not_good_is_not_sent_again(fcm, port):
    fcm.answers = [(400, error(400, detail="INVALID_ARGUMENT"), {})]
    assert port.send(MESSAGE) == Pushed("refused", "INVALID_ARGUMENT")
    assert len(fcm.seen) == 1


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_busy_provider_is_asked_again_a_little_later_each_time(fcm, port, pauses, status):
    fcm.answers = [(status, error(status), {})] * 3 + [OK]
    assert port.send(MESSAGE).outcome == "sent"
    assert [2 <= pauses[0] <= 2.5, 4 <= pauses[1] <= 5, 8 <= pauses[2] <= 10] == [True] * 3


def test_it_waits_as_long_as_the_provider_says(fcm, port, pauses):
    fcm.answers = [(429, error(429), {"Retry-After": "20"}), OK]
    assert port.send(MESSAGE).outcome == "sent"
    assert 20 <= pauses[0] <= 25


def test_a_long_wait_is_not_for_a_thread(fcm, port, pauses):
    fcm.answers = [(503, error(503), {"Retry-After": "7200"})]
    with pytest.raises(ProviderDown) as refused:
        port.send(MESSAGE)
    assert refused.value.retry_after_s == 7200
    assert pauses == []


@pytest.mark.parametrize("answer", [("slow", 0.5, {}), (500, b"<html>", {}), (502, b"[]", {})])
def test_a_provider_that_does_not_answer_is_down_after_four_attempts(fcm, port, pauses, answer):
    fcm.answers = [answer]
    with pytest.raises(ProviderDown) as refused:
        port.send(MESSAGE)
    assert refused.value.retry_after_s == 3600
    assert len(pauses) == 3


def test_a_connection_that_is_refused_is_a_provider_that_is_down(pauses):
    port = FcmPush("p", base="http://127.0.0.1:1", token=lambda: "", sleep=pauses.append)
    with pytest.raises(ProviderDown):
        port.send(MESSAGE)


def test_our_own_wrong_key_is_no_fault_of_the_device(fcm, port, pauses):
    fcm.answers = [(401, error(401, "UNAUTHENTICATED"), {})]
    with pytest.raises(ProviderDown):
        port.send(MESSAGE)
    assert pauses == []


def test_on_one_machine_the_inbox_tells():
    assert InboxPush().send(MESSAGE).outcome == "sent"
