"""Streams at the server of this machine: over its sockets, with clients that go, and one that does not read."""

import socket
import time
from datetime import timedelta

import pytest

from local.server import application
from local.streams import Streams
from shared.documents import Key, Write
from shared.streams import MOST, Place
from tests.kernel.test_streams import PATH, made, stream_things

pytestmark = pytest.mark.enable_socket


@pytest.fixture
def streams(world):
    streams = Streams(ping_s=0.05)
    world.ports.documents.on_commit(streams.take)
    yield streams
    streams.close()


@pytest.fixture
def wire(world, streams, served, monkeypatch):
    monkeypatch.setattr("local.server.operations", lambda: [stream_things.declared])
    return served(application(world.ports, streams.held), threads=4)


def connected(wire, world, last=None):
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    sock.settimeout(10)
    sock.connect(("127.0.0.1", wire.port))
    wire.opened.append(sock)
    named = f"Last-Event-ID: {last}\r\n" if last else ""
    sock.sendall(
        f"GET {PATH} HTTP/1.1\r\nHost: 127.0.0.1:{wire.port}\r\n{named}"
        f"Authorization: Bearer {world.sign_in.token('governor', world.now)}\r\n\r\n".encode()
    )
    return sock


def until(look, timeout_s=10):
    end = time.monotonic() + timeout_s
    while not look():
        assert time.monotonic() < end, "it took too long"
        time.sleep(0.01)


def test_what_is_committed_comes_over_the_wire_at_once(wire, world):
    sock = connected(wire, world)
    text = b""
    while b"event: ping" not in text:
        text += sock.recv(4096)
    id = made(world, after_ms=1)
    while b"event: thing" not in text:
        text += sock.recv(4096)
    assert f"id: {id}@".encode() in text
    assert b"Content-Length" not in text


def test_whoever_goes_gives_their_thread_back(wire, world, streams):
    for _ in range(12):
        sock = connected(wire, world)
        assert sock.recv(100).startswith(b"HTTP/1.1 200")
        sock.close()
    until(lambda: streams._listeners == [])
    assert wire.get("/nothing").status == 404


def test_whoever_does_not_read_is_let_go_with_what_waits(wire, world, streams):
    id = made(world, size=1)
    like = world.ports.documents.get(Key("platform", "things", id)).data
    sock = connected(wire, world)
    until(lambda: streams._listeners)
    for n in range(2 * MOST // 20):
        rows = [
            like
            | {
                "id": f"00000000-0000-4000-8000-{n:06}{m:06}",
                "size": 7,
                "updated_at": str(Place(world.now + timedelta(milliseconds=m)))[1:],
                "long": "x" * 20_000,
            }
            for m in range(20)
        ]
        world.ports.documents.commit([Write(Key("platform", "things", r["id"]), r) for r in rows])
        world.now += timedelta(seconds=1)
        if n and not streams._listeners:
            break
        time.sleep(0.06)
    until(lambda: streams._listeners == [])
    # A little more is written than what waits: what comes then waits in the store.
    assert n * 20 < 2 * MOST
    assert sock.recv(100).startswith(b"HTTP/1.1 200")


def test_a_server_that_stops_ends_its_streams_in_order(wire, world, streams):
    sock, text = connected(wire, world), b""
    until(lambda: streams._listeners)
    streams.close()
    while part := sock.recv(4096):
        text += part
        if b": connect again" in text and text.endswith(b"0\r\n\r\n"):
            break
    assert b": connect again\n\n" in text
