"""A container over sockets, which tells what it was asked, and what asks it."""

import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

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


HOST = b"GET / HTTP/1.1\r\nHost: h\r\n"
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


def end(one, how=signal.SIGTERM):
    one.process.send_signal(how)
    return time.monotonic()
