"""A server of this machine, and clients that send bytes."""

import json
import socket
from dataclasses import dataclass, field
from threading import Event, Semaphore

import flask
import pytest

from local.server import Server, application


@dataclass
class Answer:
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def problem(self):
        assert self.headers["content-type"] == "application/problem+json", self
        return json.loads(self.body)


def answered(sock):
    """Read one answer, up to the end of what is sent."""
    with sock.makefile("rb") as stream:
        status = int(stream.readline().split(b" ")[1])
        lines = iter(lambda: stream.readline().decode("latin-1").strip(), "")
        headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
        return Answer(status, headers, stream.read(int(headers.get("content-length", 0))))


@dataclass
class Wire:
    """Speaks to a server byte by byte."""

    port: int
    opened: list[socket.socket] = field(default_factory=list)

    def connect(self, data=b""):
        sock = socket.create_connection(("127.0.0.1", self.port), timeout=10)
        self.opened.append(sock)
        sock.sendall(data)
        return sock

    def ask(self, data):
        with self.connect(data) as sock:
            return answered(sock)

    def get(self, path="/v1/health", method="GET", **headers):
        told = {"Host": f"127.0.0.1:{self.port}", **headers}
        lines = [f"{method} {path} HTTP/1.1", *(f"{k}: {v}" for k, v in told.items())]
        return self.ask(("\r\n".join([*lines, "Connection: close", "", ""])).encode())


@pytest.fixture
def served():
    """Serve an application, of which requests to /held wait until they are let go."""
    running, gate, entered = [], Event(), Semaphore(0)

    def held():
        entered.release()
        return str(gate.wait(20))

    def serve(app=None, *, threads=2, longest=lambda _: 1000, **more):
        if app is None:
            app = flask.Flask("tests")
            app.add_url_rule("/v1/health", "health", dict, methods=["GET", "POST"])
            app.add_url_rule("/held", "held", held)
        server = Server(app, port=0, threads=threads, longest=longest, **more)
        server.start()
        wire = Wire(server.port)
        running.append((server, wire))
        return wire

    serve.gate, serve.entered, serve.running = gate, entered, running
    yield serve
    gate.set()
    for server, wire in running:
        for sock in wire.opened:
            sock.close()
        server.stop()


@pytest.fixture
def whole(served, world):
    """Serve every operation."""
    return served(application(world.ports))
