"""Slow and malformed clients keep nobody out, and are told what is wrong as everybody is."""

import json
import os
import random
import socket
import threading
import time
from collections import Counter
from contextlib import suppress

import flask
import pytest

from local import connections, watching
from local.server import Server
from tests.local.conftest import answered

HOST = b"Host: 127.0.0.1:%d\r\n"


@pytest.mark.parametrize(
    ("sent", "status", "code"),
    [
        (b"get /v1/health HTTP/1.1\r\n\r\n", 400, "bad_request"),
        (b"GET /v1/health\r\nHTTP/1.1 x\r\n\r\n", 400, "bad_request"),
        (b"GET /v1/health HTTP/1.1\r\nno colon\r\n\r\n", 400, "bad_request"),
        (b"GET /v1/h\xc3\xa4lth HTTP/1.1\r\n\r\n", 400, "bad_request"),
        (b"GET http://[/v1/health HTTP/1.1\r\n\r\n", 400, "bad_request"),
        (b"POST /v1/health HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello", 400, "bad_request"),
        (b"POST /v1/health HTTP/1.1\r\nContent-Length: -1\r\n\r\n", 400, "bad_request"),
        (b"POST /v1/health HTTP/1.1\r\nContent-Length: " + b"9" * 5000 + b"\r\n\r\n", 400, "bad_request"),
        (b"POST /v1/health HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 400, "bad_request"),
        (b"POST /v1/health HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: gzip\r\n\r\n", 501, "bad_request"),
        (b"GET /v1/health HTTP/1.1\r\nX: " + b"x" * 70_000 + b"\r\n\r\n", 431, "too_large"),
        (b"POST /v1/health HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1001\r\n\r\n", 413, "too_large"),
        (b"POST /v1/health HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\n3e9\r\n" + b"x" * 1001, 413, "too_large"),
        (b"POST /v1/health HTTP/1.1\r\nHost: 127.0.0.1\r\nExpect: 100-continue\r\nContent-Length: 1001\r\n\r\n", 413, "too_large"),
    ],
)  # fmt: skip
def test_what_http_itself_refuses_is_a_problem(served, sent, status, code):
    answer = served().ask(sent)
    assert (answer.status, answer.problem["status"], answer.problem["code"]) == (
        status,
        status,
        code,
    )
    assert answer.problem["correlation_id"]
    assert answer.problem["detail"]


def test_an_address_says_how_long_its_body_may_be(served):
    wire = served(longest=lambda path: 2000 if path == "/v1/health" else 10)
    head = (
        b"POST %s HTTP/1.1\r\nConnection: close\r\nContent-Length: %d\r\n"
        + HOST % wire.port
        + b"\r\n"
    )
    assert wire.ask(head % (b"/v1/health", 2000) + b"x" * 2000).status == 200
    assert wire.ask(head % (b"/held", 11)).status == 413


def test_requests_that_come_in_halves_keep_nobody_out(served):
    wire = served(threads=2)
    half = b"POST /v1/health HTTP/1.1\r\n" + HOST % wire.port + b"Content-Length: 100\r\n\r\n{"
    for _ in range(100):
        wire.connect(half)
        wire.connect(b"GET /v1")
    began = time.monotonic()
    assert [wire.get().status for _ in range(20)] == [200] * 20
    assert time.monotonic() - began < 5


def test_of_too_many_clients_the_one_that_was_waited_for_longest_goes(served, monkeypatch):
    monkeypatch.setattr(connections, "MOST_CONNECTIONS", 10)
    wire = served()
    slow = [wire.connect(b"GET /v1")]
    for _ in range(10):
        time.sleep(0.01)
        slow.append(wire.connect(b"GET /v1"))
    assert wire.get().status == 200
    assert slow[0].recv(1) == b""
    slow[-1].sendall(b"/health HTTP/1.1\r\n" + HOST % wire.port + b"\r\n")
    assert answered(slow[-1]).status == 200


def test_a_request_comes_whole_in_time_or_is_told_so_however_it_trickles(served, monkeypatch):
    monkeypatch.setattr(connections, "REQUEST_S", 1.0)
    wire = served()
    with wire.connect(b"GET /v1") as sock:
        for letter in b"/health":
            time.sleep(0.05)
            sock.sendall(bytes([letter]))
        answer = answered(sock)
    assert answer.status == 408
    assert answer.problem["title"] == "The request took too long to come"


def test_half_sent_bodies_are_bounded_together(served, monkeypatch):
    monkeypatch.setattr(connections, "MOST_HALF_BYTES", 1000)
    wire = served(longest=lambda _: 2000)
    head = b"POST /v1/health HTTP/1.1\r\nContent-Length: 1000\r\n" + HOST % wire.port + b"\r\n"
    first = wire.connect(head + b"x" * 900)
    time.sleep(0.01)
    second = wire.connect(head + b"x" * 900)
    answer = answered(first)
    assert (answer.status, answer.headers["retry-after"]) == (503, "1")
    second.sendall(b"x" * 100)
    assert answered(second).status == 200


PIECES = [
    *(b"\r\n", b"\r", b"\n", b":", b" ", b"\x00", b"\xff", b"%", b"//", b"[", b"?", b"#", b"http://", b"@"),
    *(b"HTTP/1.1", b"Content-Length: ", b"Transfer-Encoding: chunked\r\n", b"-", b"9" * 20, b";", b"*"),
]  # fmt: skip


def test_no_bytes_are_a_defect_of_ours(whole):
    """Whatever is sent, a whole request is answered: with success, or with a problem that is the client's."""
    own, chance, seen = HOST % whole.port, random.Random(7), Counter()
    asks = [
        b"GET /v1/health HTTP/1.1\r\n" + own + b"\r\n",
        b"POST /v1/incidents HTTP/1.1\r\n" + own + b"Content-Length: 5\r\n\r\nhello",
        b"POST /v1/incidents HTTP/1.1\r\n"
        + own
        + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
    ]
    for _ in range(300):
        sent = bytearray(chance.choice(asks))
        for _ in range(chance.randint(1, 4)):
            at = chance.randrange(len(sent))
            match chance.randrange(3):
                case 0:
                    sent[at:at] = chance.choice(PIECES)
                case 1:
                    del sent[at : at + chance.randint(1, 6)]
                case _:
                    sent[at] = chance.randrange(256)
        with whole.connect(bytes(sent)) as sock:
            sock.shutdown(socket.SHUT_WR)
            if not sock.recv(1, socket.MSG_PEEK):
                seen["half"] += 1
                continue
            answer = answered(sock)
        seen[answer.status] += 1
        assert answer.status < 500 or answer.status == 501, bytes(sent)
        assert answer.status < 300 or answer.problem["status"] == answer.status, bytes(sent)
    assert len(seen) > 4


def test_where_all_are_busy_the_next_is_told_when_to_try_again(served, monkeypatch):
    monkeypatch.setattr(connections, "MOST_WAITING", 3)
    wire = served(threads=2)
    ask = b"GET /held HTTP/1.1\r\nConnection: close\r\n" + HOST % wire.port + b"\r\n"
    held = [wire.connect(ask) for _ in range(2)]
    assert all(served.entered.acquire(timeout=10) for _ in held)
    held += [wire.connect(ask) for _ in range(3)]
    answer = wire.get()
    assert (answer.status, answer.problem["code"]) == (503, "store_unavailable")
    assert answer.headers["retry-after"] == "1"
    served.gate.set()
    assert [answered(sock).status for sock in held] == [200] * 5


def test_a_defect_tells_nothing_of_itself(served, world, caplog):
    from local.server import application

    app = application(world.ports)
    app.add_url_rule("/broken", "broken", lambda: 1 / 0)
    answer = served(app).get("/broken")
    assert (answer.status, answer.problem["code"]) == (500, "internal")
    assert "division" not in answer.body.decode()
    assert answer.problem["correlation_id"] in {
        one.correlation_id for one in caplog.records if hasattr(one, "correlation_id")
    }


def test_where_there_is_nothing_a_client_is_told_so_as_its_standard_asks(whole):
    answer = whole.get("/scim/v2/Nothing")
    assert (answer.status, answer.headers["content-type"]) == (404, "application/scim+json")
    assert json.loads(answer.body)["status"] == "404"
    assert whole.get("/v1/nothing").problem["code"] == "not_found"


@pytest.mark.parametrize(
    ("sent", "code", "status"),
    [
        (b"GET /v1beta/projects/p/locations/l/workflows HTTP/1.1\r\n", 404, "NOT_FOUND"),
        (b"GET /v1/projects/p HTTP/1.1\r\n", 404, "NOT_FOUND"),
        (
            b"POST /v1/projects/p/locations/l/workflows HTTP/1.1\r\nContent-Length: 99999999\r\n",
            413,
            "INVALID_ARGUMENT",
        ),
    ],
)
def test_clients_of_google_are_told_as_google_tells_them(whole, sent, code, status):
    answer = whole.ask(sent + b"Connection: close\r\n" + HOST % whole.port + b"\r\n")
    assert (answer.status, answer.headers["content-type"]) == (code, "application/json")
    error = json.loads(answer.body)["error"]
    assert (error["code"], error["status"]) == (code, status)
    assert error["message"]


def test_a_body_that_is_too_long_is_refused_as_its_standard_asks(whole):
    sent = b"POST /scim/v2/Users HTTP/1.1\r\nContent-Length: 99999999\r\nConnection: close\r\n"
    answer = whole.ask(sent + HOST % whole.port + b"\r\n")
    assert (answer.status, answer.headers["content-type"]) == (413, "application/scim+json")
    assert json.loads(answer.body)["status"] == "413"


def test_what_the_application_refuses_is_a_problem(whole):
    assert whole.get("/nowhere").problem["code"] == "not_found"
    wrong = whole.get("/v1/health", "BREW")
    assert (wrong.status, wrong.problem["status"]) == (405, 405)
    assert wrong.headers["allow"] == "GET, HEAD, OPTIONS"


@pytest.mark.parametrize("line", [b"GET /v1/health", b"HEAD /v1/health", b"OPTIONS /v1/health"])
def test_an_answer_leaves_in_one_piece(served, monkeypatch, line):
    sent, send = [], connections._Connection.send

    def counted(connection, data, **said):
        sent.append(bytes(data))
        return send(connection, data, **said)

    monkeypatch.setattr(connections._Connection, "send", counted)
    wire = served()
    wire.ask(line + b" HTTP/1.1\r\nConnection: close\r\n" + HOST % wire.port + b"\r\n")
    assert len(sent) == 1
    assert sent[0].startswith(b"HTTP/1.1 2")


def test_who_answers_last_wakes_nobody_any_more():
    server = Server(flask.Flask("tests"), port=0, threads=1, longest=lambda _: 1000)
    server.start()
    waking = server._server.trigger.trigger
    server.stop()
    (read, write), another = os.pipe(), None
    try:
        # A file that was opened meanwhile has the number of the pipe that was closed.
        another = os.dup2(write, waking)
        server._server.wake(lambda: None)
        os.set_blocking(read, False)
        with pytest.raises(BlockingIOError):
            os.read(read, 1)
    finally:
        for one in {read, write, another}:
            os.close(one)


def test_where_the_system_watches_nothing_it_is_the_same(monkeypatch, served):
    monkeypatch.delattr(watching.select, "epoll")
    monkeypatch.setattr(watching, "ONCE", 0)
    wire = served(threads=2)
    again = b"GET /v1/health HTTP/1.1\r\n" + HOST % wire.port + b"\r\n"
    clients = [wire.connect(again[:20]) for _ in range(20)]
    for _ in range(3):
        for client in clients:
            client.sendall(again[20:] + again[:20])
        assert [answered(client).status for client in clients] == [200] * 20


# --- the end -------------------------------------------------------------------------------------


def test_who_is_being_answered_when_it_stops_is_answered_and_nobody_else_is_taken(served):
    wire = served()
    server = served.running[-1][0]
    head = f"GET /held HTTP/1.1\r\nHost: 127.0.0.1:{wire.port}\r\n\r\n".encode()
    under_way, idle = wire.connect(head), wire.connect()
    served.entered.acquire()
    stopping = threading.Thread(target=server.stop)
    stopping.start()
    assert idle.recv(1) == b""
    with pytest.raises(ConnectionError):
        wire.connect()
    served.gate.set()
    answer = answered(under_way)
    assert (answer.status, answer.body) == (200, b"True")
    assert answer.headers["connection"] == "close"
    stopping.join(5)
    assert not stopping.is_alive()


def test_what_was_asked_when_it_stops_is_answered_too(served):
    wire = served()
    server = served.running[-1][0]
    head = f"GET /v1/health HTTP/1.1\r\nHost: 127.0.0.1:{wire.port}\r\n\r\n".encode()
    asking = [wire.connect(head) for _ in range(5)]
    assert [answered(one).status for one in asking] == [200] * 5
    for one in asking:
        one.sendall(head)
    server.stop()
    assert [answered(one).status for one in asking] == [200] * 5


def test_who_takes_too_long_keeps_no_server_from_its_end(served, monkeypatch):
    monkeypatch.setattr("local.connections.STOP_S", 0.3)
    wire = served()
    server = served.running[-1][0]
    under_way = wire.connect(f"GET /held HTTP/1.1\r\nHost: 127.0.0.1:{wire.port}\r\n\r\n".encode())
    served.entered.acquire()
    server.listening.wake(server.listening.finish)
    server._thread.join(5)
    assert not server._thread.is_alive()
    with suppress(ConnectionError):
        assert under_way.recv(1) == b""


def test_who_came_before_a_server_ends_is_answered(served):
    wire = served()
    server, came = served.running[-1][0], []

    def finish():
        """Whoever takes clients is here, so this one waits to be taken."""
        ask = f"GET /v1/health HTTP/1.1\r\nHost: 127.0.0.1:{wire.port}\r\n\r\n"
        came.append(wire.connect(ask.encode()))
        server.listening.finish()

    server.listening.wake(finish)
    server._thread.join(5)
    assert answered(came[0]).status == 200
