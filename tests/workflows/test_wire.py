"""What the errors of http steps say of a request: it was sent, it was not, or nobody knows."""

import json
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from local.workflows import Runtime
from tests.edge.strangers import CUT_OFF, certify, saying

from .conftest import outcome

EXECUTIONS = 20
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
HEAD, CHUNKED = b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
EARLY = b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"


@contextmanager
def serving(serve: Callable[[socket.socket], None]) -> Iterator[int]:
    """Have a server do this with every connection, in a thread of its own; return its port."""

    def take() -> None:
        with suppress(OSError):
            while True:
                line, _ = listening.accept()
                threading.Thread(target=do, args=(line,), daemon=True).start()

    def do(line: socket.socket) -> None:
        with suppress(OSError), line:
            serve(line)

    with socket.create_server(("127.0.0.1", 0), backlog=200) as listening:
        threading.Thread(target=take, daemon=True).start()
        yield listening.getsockname()[1]
        # To close it wakes nobody who waits for a connection.
        listening.shutdown(socket.SHUT_RDWR)


def reset(line: socket.socket) -> None:
    """End a connection at once, and throw away what is on its way."""
    line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    line.close()


def asked(runtime: Runtime, url: str, **more: Any) -> Any:
    """Post, and return the code of the answer, or the tag of the error."""
    source = [
        {
            "ask": {
                "try": {"call": "http.post", "args": {"url": url, **more}, "result": "r"},
                "except": {"as": "e", "steps": [{"failed": {"return": "${e.tags[0]}"}}]},
            }
        },
        {"answered": {"return": "${r.code}"}},
    ]
    return outcome(runtime, json.dumps(source))


def test_a_server_that_closes_and_does_not_say_so_is_asked_once_each(
    shared_runtime: Runtime,
) -> None:
    bodies: list[bytes] = []

    def answer(line: socket.socket) -> None:
        bodies.append(whole(line))
        line.sendall(OK)

    with serving(answer) as port:
        post = {"url": f"http://127.0.0.1:{port}/", "body": "${[x, n]}"}
        source = {
            "main": {
                "params": ["x"],
                "steps": [
                    {
                        "all": {
                            "parallel": {
                                "for": {
                                    "value": "n",
                                    "range": [1, 25],
                                    "steps": [{"post": {"call": "http.post", "args": post}}],
                                }
                            }
                        }
                    }
                ],
            }
        }
        shared_runtime.deploy("many", json.dumps(source))
        begun = [shared_runtime.execute("many", x) for x in range(EXECUTIONS)]
        states = [shared_runtime.wait(one, 30)["state"] for one in begun]
    assert states == ["SUCCEEDED"] * EXECUTIONS
    wanted = [[x, n] for x in range(EXECUTIONS) for n in range(1, 26)]
    assert sorted(map(json.loads, bodies)) == wanted


def whole(line: socket.socket) -> bytes:
    """Read a request to its end, and return its body."""
    read = b""
    while b"\r\n\r\n" not in read:
        read += line.recv(65536)
    head, _, body = read.partition(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
    while len(body) < length:
        body += line.recv(65536)
    return body


def test_what_nobody_took_was_not_sent(shared_runtime: Runtime) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        refused = f"http://127.0.0.1:{free.getsockname()[1]}/"
    urls = [refused, "http://no.such.name.invalid/", f"http://{'a' * 64}.invalid/"]
    found = [asked(shared_runtime, url) for url in urls]
    assert found == ["ConnectionFailedError"] * 3


def test_no_tls_is_no_connection(shared_runtime: Runtime, tmp_path: Path) -> None:
    _, pair = certify(tmp_path, "hooks.example.com")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pair)

    def strange(line: socket.socket) -> None:
        with context.wrap_socket(line, server_side=True) as tls:
            tls.recv(1000)

    def plain(line: socket.socket) -> None:
        line.recv(1000)
        line.sendall(OK)

    for way in (plain, reset, strange):
        with serving(way) as port:
            found = asked(shared_runtime, f"https://127.0.0.1:{port}/")
            assert found == "ConnectionFailedError", way


def test_a_connection_that_ends_before_anything_was_said_is_none(
    shared_runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect, ended = socket.socket.connect, threading.Event()

    def late(made: socket.socket, place: Any) -> None:
        connect(made, place)
        assert ended.wait(5)

    monkeypatch.setattr(socket.socket, "connect", late)
    for way in (reset, socket.socket.close):

        def end(line: socket.socket, way: Callable[[socket.socket], None] = way) -> None:
            way(line)
            ended.set()

        ended.clear()
        with serving(end) as port:
            url = f"http://127.0.0.1:{port}/"
            assert asked(shared_runtime, url, body={"a": 1}) == "ConnectionFailedError", way


@pytest.mark.parametrize(
    "said",
    [
        b"",
        *CUT_OFF,
        EARLY,
        EARLY * 20 + OK,
        b"HTTP/1.1 101 Switching Protocols\r\n\r\n",
        b"SSH-2.0-x\r\n",
        OK[:-1],
        HEAD + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\nok",
        HEAD + b"X: " + b"y" * 70_000 + b"\r\n\r\n",
        CHUNKED + b"2\r\nok\r\n",
        CHUNKED + b"2\r\nok\r\n0\r\n",
        CHUNKED + b"x\r\nok\r\n0\r\n\r\n",
        CHUNKED + b"-2\r\nok\r\n0\r\n\r\n",
    ],
)
def test_what_was_said_and_has_no_whole_answer_may_have_been_done(
    shared_runtime: Runtime, said: bytes
) -> None:
    with saying(said, ends=True) as port:
        assert asked(shared_runtime, f"http://127.0.0.1:{port}/", body=1) == "ConnectionError"


@pytest.mark.parametrize("said", [OK, EARLY + OK, b"HTTP/1.1 100 Continue\r\n\r\n" + OK])
def test_what_is_said_meanwhile_is_no_answer(shared_runtime: Runtime, said: bytes) -> None:
    with saying(said, ends=True) as port:
        assert asked(shared_runtime, f"http://127.0.0.1:{port}/") == 200


@pytest.mark.parametrize(
    "parts",
    [
        [],
        [HEAD + b"X: ", *[b"y"] * 90],
        [EARLY] * 90,
        [HEAD + b"Content-Length: 999\r\n\r\n", *[b"x"] * 90],
        [CHUNKED, *[b"1\r\nx\r\n"] * 90],
    ],
    ids=["silence", "head", "interim", "body", "chunks"],
)
def test_the_time_is_that_of_all_of_it(shared_runtime: Runtime, parts: list[bytes]) -> None:
    with saying(*parts, every_s=0.03) as port:
        begun = time.monotonic()
        url = f"http://127.0.0.1:{port}/"
        assert asked(shared_runtime, url, timeout=0.2) == "TimeoutError"
        assert time.monotonic() - begun < 2


def test_the_time_covers_redirects_and_tls(shared_runtime: Runtime) -> None:
    def on(line: socket.socket) -> None:
        line.recv(1000)
        time.sleep(0.15)
        line.sendall(HEAD.replace(b"200", b"302") + b"Location: /\r\nContent-Length: 0\r\n\r\n")

    with serving(on) as port, serving(lambda line: time.sleep(2)) as silent:
        urls = [f"http://127.0.0.1:{port}/", f"https://127.0.0.1:{silent}/"]
        for url in urls:
            begun = time.monotonic()
            source = {"call": "http.get", "args": {"url": url, "timeout": 0.4}}
            handled = {"as": "e", "steps": [{"failed": {"return": "${e.tags[0]}"}}]}
            steps = [{"ask": {"try": source, "except": handled}}]
            assert outcome(shared_runtime, json.dumps(steps)) == "TimeoutError"
            assert time.monotonic() - begun < 1.4


def test_nothing_is_sent_where_there_is_no_time(shared_runtime: Runtime) -> None:
    came: list[socket.socket] = []
    with serving(came.append) as port:
        url = f"http://127.0.0.1:{port}/"
        assert asked(shared_runtime, url, timeout=0) == "TimeoutError"
    assert came == []
