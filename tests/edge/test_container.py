"""What a container answers: one request at a time, each whole, and nothing that is none; over sockets, by waitress."""

import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytestmark = pytest.mark.enable_socket

ROOT = Path(__file__).parents[2]
ECHO = """
import sys, time
from shared.edge import container
from shared.edge.web import Request, Response

def parts():
    yield b"a"
    time.sleep(0.3)
    yield b"b"

def app(environ, begin):
    request = Request(environ)
    match request.path:
        case "/slow":
            time.sleep(0.4)
        case "/stuck":
            time.sleep(60)
        case "/fails":
            raise ValueError("a secret")
        case "/parts":
            return Response(parts())(environ, begin)
        case "/endless":
            return Response(b"x" * 65536 for _ in range(10000))(environ, begin)
        case "/large":
            return Response(b"x" * 8_000_000)(environ, begin)
        case "/parts/stuck":
            return Response(time.sleep(60) or b"x" for _ in range(1))(environ, begin)
        case "/split":
            return Response(headers={"X-A": "a\\r\\nSet-Cookie: b"})(environ, begin)
        case "/nothing":
            return Response(status=204)(environ, begin)
        case "/same":
            return Response(b"a", 304, {"ETag": '"a"'})(environ, begin)
        case "/unread":
            return Response("enough", 413)(environ, begin)
    headers = sorted(one for one in request.headers.items() if one[0] != "Connection")
    told = [request.method, request.path, request.query, headers]
    told.append(request.body(10**8).decode("latin-1"))
    return Response(repr(told))(environ, begin)

container.ENDING_S, container.STOP_S, container.LEAVING_S = 0.5, 1.5, 0.1
one = container.Container(app, port=0, most_s=float(sys.argv[1]), host="127.0.0.1")
print(one.port, flush=True)
one.run()
"""


CLOSE = b"Connection: close\r\n"


class Served:
    """One container."""

    def __init__(self, most_s: float = 30) -> None:
        command = [sys.executable, "-c", ECHO, str(most_s)]
        self.process = subprocess.Popen(
            command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        assert self.process.stdout
        self.port = int(self.process.stdout.readline())

    def open(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=10)

    def ask(self, *sent: bytes) -> bytes:
        """Send pieces, the last on this connection, and read to its end."""
        first = sent[0].replace(b"Host: h\r\n", b"Host: h\r\n" + CLOSE, 1)
        sent = (first, *sent[1:])
        with self.open() as client:
            for piece in sent:
                client.sendall(piece)
                time.sleep(0.02 if len(sent) > 1 else 0)
            return b"".join(iter(lambda: client.recv(65536), b""))


@pytest.fixture(scope="module")
def served():
    one = Served()
    yield one
    one.process.kill()
    one.process.communicate()


@pytest.fixture
def alone():
    made = []

    def serve(**said):
        made.append(Served(**said))
        return made[-1]

    yield serve
    for one in made:
        one.process.kill()
        one.process.communicate()


def told(answer):
    """Return what was answered well."""
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 OK\r\n"), answer
    assert f"Content-Length: {len(body)}".encode() in head
    return eval(body)


def test_a_request_is_told_as_it_was_sent(served):
    asked = (
        b"GET /a%20b/%C3%A9?x=1&x=2&y=%C3%A9&z= HTTP/1.1\r\nHost: h\r\nX-One: a\r\nx-one: b\r\n\r\n"
    )
    method, path, query, headers, body = told(served.ask(asked))
    assert (method, path, body) == ("GET", "/a b/é", "")
    assert query == {"x": ["1", "2"], "y": ["é"], "z": [""]}
    assert headers == [("Host", "h"), ("X-One", "a, b")]


@pytest.mark.parametrize(
    "pieces",
    [
        [b"Content-Length: 5\r\n\r\nhello"],
        [b"Content-Length: 5\r\n\r\nhe", b"llo"],
        [b"Transfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3;a=b\r\nllo\r\n0\r\n\r\n"],
        [b"Transfer-Encoding: chunked\r\n\r\n2\r\nh", b"e\r\n3\r", b"\nllo\r\n0\r\nX: y\r\n\r\n"],
    ],
)
def test_a_body_comes_with_its_length_or_in_chunks(served, pieces):
    head = b"POST / HTTP/1.1\r\nHost: h\r\n"
    assert told(served.ask(head + pieces[0], *pieces[1:]))[-1] == "hello"


WAITING = b"POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: "


def test_who_waits_to_be_told_to_go_on_is_told(served):
    answer = served.ask(WAITING + b"2\r\n\r\n", b"hi")
    assert answer.startswith(b"HTTP/1.1 100 Continue\r\n\r\n")
    assert told(answer.partition(b"\r\n\r\n")[2])[-1] == "hi"


@pytest.mark.parametrize(("length", "status"), [(b"33554433", b"413"), (b"x", b"400")])
def test_who_is_refused_already_is_not_told_to_go_on(served, length, status):
    answer = served.ask(WAITING + length + b"\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 " + status)


def test_a_body_may_be_as_long_as_cloud_run_takes_one(served):
    length = 32 * 1024 * 1024
    head = b"POST /unread HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\n" % length
    assert served.ask(head + b"x" * length).endswith(b"enough")


@pytest.mark.parametrize("path", [b"/", b"/parts"])
def test_a_head_is_asked_for_alone(served, path):
    answer = served.ask(b"HEAD " + path + b" HTTP/1.1\r\nHost: h\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
    assert answer.endswith(b"\r\n\r\n") and answer.count(b"\r\n\r\n") == 1


@pytest.mark.parametrize(("path", "status"), [(b"/nothing", b"204"), (b"/same", b"304")])
def test_an_answer_of_no_body_has_none_and_no_length(served, path, status):
    answer = served.ask(b"GET " + path + b" HTTP/1.1\r\nHost: h\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 " + status)
    assert answer.endswith(b"\r\n\r\n")
    assert b"Content-Length" not in answer and b"Transfer-Encoding" not in answer


def test_each_part_goes_as_it_comes(served):
    with served.open() as client:
        client.sendall(b"GET /parts HTTP/1.1\r\nHost: h\r\n\r\n")
        answer = b""
        while not answer.endswith(b"\r\na\r\n"):
            answer += client.recv(65536)
        came = time.monotonic()
        assert b"b" not in answer.partition(b"\r\n\r\n")[2]
        rest = b"".join(iter(lambda: client.recv(65536), b""))
    assert time.monotonic() - came > 0.2
    assert rest == b"1\r\nb\r\n0\r\n\r\n"


def test_who_goes_on_asking_is_answered_on_the_same_connection(served):
    with served.open() as client:
        for path in (b"/1", b"/2"):
            client.sendall(b"GET " + path + b" HTTP/1.1\r\nHost: h\r\n\r\n")
            answer = b""
            while not answer.endswith(b"]"):
                answer += client.recv(65536)
            assert told(answer)[1].encode() == path


def test_an_answer_says_not_who_serves(served):
    answer = served.ask(HOST + b"\r\n")
    assert b"\r\nServer:" not in answer and b"aitress" not in answer


def test_of_what_is_forwarded_nothing_is_taken_but_the_token(served):
    sent = HOST + b"X-Forwarded-Authorization: Bearer a\r\nX-Forwarded-For: 1.2.3.4\r\n"
    sent += b"X-Forwarded-Host: other\r\nX-Forwarded-Proto: https\r\nForwarded: host=other\r\n\r\n"
    headers = told(served.ask(sent))[3]
    assert headers == [("Host", "h"), ("X-Forwarded-Authorization", "Bearer a")]


HOST = b"GET / HTTP/1.1\r\nHost: h\r\n"


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"nonsense\r\n\r\n", 400),
        (b"GET http://[ HTTP/1.1\r\n\r\n", 400),
        (HOST + b"A : b\r\n\r\n", 400),
        (HOST + b"A: b\rc\r\n\r\n", 400),
        ((HOST + b"A: ").ljust(64 * 1024 - len(CLOSE), b"b"), 431),
        (HOST + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nab", 400),
        (HOST + b"Content-Length: -1\r\n\r\n", 400),
        (HOST + b"Content-Length: " + b"9" * 5000 + b"\r\n\r\n", 400),
        (HOST + b"Content-Length: 33554433\r\n\r\n", 413),
        (HOST + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 501),
        (HOST + b"Transfer-Encoding: chunked\r\n\r\n-1\r\n", 400),
    ],
)
def test_what_is_no_request_is_refused_and_the_next_is_served(served, sent, status):
    assert served.ask(sent).split()[1] == str(status).encode()
    assert told(served.ask(HOST + b"\r\n"))[0] == "GET"


def test_a_header_with_an_underscore_is_nobodys(served):
    sent = b"GET / HTTP/1.1\r\nHost: h\r\nX_Tenant_ID: other\r\nContent_Length: 5\r\n\r\n"
    assert told(served.ask(sent))[3] == [("Host", "h")]


def test_a_failure_tells_nothing_of_itself(served):
    answer = served.ask(b"GET /fails HTTP/1.1\r\nHost: h\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 500 ")
    assert b"secret" not in answer


def test_no_header_of_an_answer_begins_another(served):
    answer = served.ask(b"GET /split HTTP/1.1\r\nHost: h\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 500 ")
    assert b"Set-Cookie" not in answer


def test_who_says_nothing_or_half_or_does_not_read_holds_nobody_up(served):
    with served.open(), served.open() as half, served.open() as deaf:
        half.sendall(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhe")
        deaf.sendall(b"GET /large HTTP/1.1\r\nHost: h\r\n\r\n")
        assert told(served.ask(HOST + b"\r\n"))[0] == "GET"


def test_who_goes_in_the_middle_of_an_answer_is_let_go(served):
    with served.open() as client:
        client.sendall(b"GET /endless HTTP/1.1\r\nHost: h\r\n\r\n")
        client.recv(1)
    assert told(served.ask(HOST + b"\r\n"))[0] == "GET"


def end(one, how=signal.SIGTERM):
    one.process.send_signal(how)
    return time.monotonic()


def test_what_is_under_way_is_finished_and_nobody_is_taken_when_the_container_ends(alone):
    one = alone()
    with one.open() as client, one.open() as half:
        half.sendall(b"POST /half HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhe")
        client.sendall(b"GET /slow HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
        time.sleep(0.15)
        end(one)
        time.sleep(0.15)
        with pytest.raises(ConnectionRefusedError):
            one.open()
        half.sendall(b"llo")
        answer = b"".join(iter(lambda: client.recv(65536), b""))
        second = half.recv(65536)
    assert told(answer)[1] == "/slow"
    assert told(second)[-1] == "hello"
    assert one.process.wait(5) == 0


def test_an_answer_is_read_to_its_end_also_when_the_container_ends(alone):
    one = alone()
    with one.open() as client:
        client.sendall(b"GET /large HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
        client.recv(1)
        end(one)
        time.sleep(0.2)
        read = sum(map(len, iter(lambda: client.recv(65536), b"")))
    assert read > 8_000_000
    assert one.process.wait(5) == 0


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_a_container_that_waits_ends_at_once(alone, how):
    one = alone()
    with one.open() as client:
        # It may ask again, and does not.
        client.sendall(b"GET /nothing HTTP/1.1\r\nHost: h\r\n\r\n")
        client.recv(65536)
        began = end(one, how)
        assert one.process.wait(5) == 0
    assert time.monotonic() - began < 1
    assert one.process.stderr.read() == ""


def test_a_container_ends_in_time_whatever_stands_still(alone):
    one = alone()
    with one.open() as client:
        client.sendall(b"GET /stuck HTTP/1.1\r\nHost: h\r\n\r\n")
        time.sleep(0.2)
        began = end(one)
        assert one.process.wait(5) == 0
    assert 1 < time.monotonic() - began < 3


@pytest.mark.parametrize("path", ["/stuck", "/parts/stuck"])
def test_what_stands_still_is_ended_and_says_where_it_stood(alone, path):
    one = alone(most_s=0.5)
    assert one.ask(f"GET {path} HTTP/1.1\r\nHost: h\r\n\r\n".encode()) == b""
    assert one.process.wait(5) == 1
    assert 'File "<string>", line' in one.process.stderr.read()


def test_the_time_of_one_request_is_not_the_next_ones(alone):
    one = alone(most_s=0.5)
    for _ in range(4):
        assert told(one.ask(b"GET /slow HTTP/1.1\r\nHost: h\r\n\r\n"))[1] == "/slow"
    assert one.process.poll() is None
