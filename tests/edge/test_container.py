"""What a container answers: one request at a time, each whole, and nothing that is none."""

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
import sys
from shared.edge.container import Container
from shared.edge.web import Request, Response

def app(environ, begin):
    request = Request(environ)
    match request.path:
        case "/slow":
            import time
            time.sleep(0.4)
        case "/stuck":
            import time
            time.sleep(60)
        case "/fails":
            raise ValueError("a secret")
        case "/parts":
            return Response((part for part in (b"a", b"b")))(environ, begin)
        case "/unread":
            return Response("enough", 413)(environ, begin)
    headers = sorted(one for one in request.headers.items() if one[0] != "Connection")
    told = [request.method, request.path, request.query, headers]
    told.append(request.body(10**8).decode("latin-1"))
    return Response(repr(told))(environ, begin)

import shared.edge.container
shared.edge.container.ENDING_S = 0.5
container = Container(app, port=0, most_s=float(sys.argv[1]), host="127.0.0.1")
print(container.port, flush=True)
container.run()
print("ended", flush=True)
"""


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
        first = sent[0].replace(b"Host: h\r\n", b"Host: h\r\nConnection: close\r\n", 1)
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


def test_who_waits_to_be_told_to_go_on_is_told(served):
    asked = b"POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n"
    answer = served.ask(asked, b"hi")
    assert answer.startswith(b"HTTP/1.1 100 Continue\r\n\r\n")
    assert told(answer.partition(b"\r\n\r\n")[2])[-1] == "hi"


def test_a_head_is_asked_for_alone(served):
    answer = served.ask(b"HEAD / HTTP/1.1\r\nHost: h\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
    assert answer.endswith(b"\r\n\r\n")


def test_parts_go_as_they_come(served):
    answer = served.ask(b"GET /parts HTTP/1.1\r\nHost: h\r\n\r\n")
    assert answer.endswith(b"\r\n\r\n1\r\na\r\n1\r\nb\r\n0\r\n\r\n")


HOST = b"GET / HTTP/1.1\r\nHost: h\r\n"


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (HOST + b"A : b\r\n\r\n", 400),
        (HOST + b"A: b\rc\r\n\r\n", 400),
        (HOST + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nab", 400),
        (HOST + b"Content-Length: -1\r\n\r\n", 400),
        (HOST + b"Content-Length: 99999999\r\n\r\n", 413),
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


def test_an_answer_arrives_also_where_the_body_is_not_read(served):
    body = b"x" * 3_000_000
    asked = b"POST /unread HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\n" % len(body)
    assert served.ask(asked + body).endswith(b"enough")


def test_who_connects_and_says_nothing_holds_nobody_up(served):
    with served.open(), served.open():
        assert told(served.ask(HOST + b"\r\n"))[0] == "GET"


def test_what_is_under_way_is_finished_when_the_container_ends(alone):
    one = alone()
    with one.open() as client:
        client.sendall(b"GET /slow HTTP/1.1\r\nHost: h\r\n\r\n")
        time.sleep(0.15)
        one.process.send_signal(signal.SIGTERM)
        answer = b"".join(iter(lambda: client.recv(65536), b""))
    assert told(answer)[1] == "/slow"
    assert one.process.wait(5) == 0


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_a_container_that_waits_ends_at_once(alone, how):
    one = alone()
    began = time.monotonic()
    one.process.send_signal(how)
    assert one.process.wait(5) == 0
    assert time.monotonic() - began < 2


def test_what_stands_still_is_ended_and_says_where_it_stood(alone):
    one = alone(most_s=0.5)
    assert one.ask(b"GET /stuck HTTP/1.1\r\nHost: h\r\n\r\n") == b""
    assert one.process.wait(5) == 1
    assert "in app" in one.process.stderr.read()


def test_the_time_of_one_request_is_not_the_next_ones(alone):
    one = alone(most_s=0.5)
    for _ in range(4):
        assert told(one.ask(b"GET /slow HTTP/1.1\r\nHost: h\r\n\r\n"))[1] == "/slow"
    assert one.process.poll() is None
