"""A peer on this machine, which takes down what goes over the wire and says what it is told to."""

import json
import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import Any

from local.workflows import Runtime

from .conftest import outcome
from .pages.table import Raises, Row

ANYTHING = object()
"""What a row wants that is about the request alone."""


@dataclass(frozen=True)
class Request:
    """A request as it came; names of headers are in lower case."""

    line: str
    headers: Mapping[str, list[str]]
    body: bytes


def answer(body: bytes | str = b"", kind: str = "", *more: str, code: int = 200) -> bytes:
    """Write an answer."""
    data = body.encode() if isinstance(body, str) else body
    lines = [f"HTTP/1.1 {code} So", f"Content-Length: {len(data)}", *more]
    lines += [f"Content-Type: {kind}"] if kind else []
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + data


@contextmanager
def peer(*said: bytes) -> Iterator[tuple[str, list[Request]]]:
    """Have a peer that says one after the other, the last for ever; return its address, and what it took down."""
    asked: list[Request] = []

    def serve() -> None:
        with suppress(OSError):
            while True:
                line, _ = listening.accept()
                with line, suppress(OSError, ValueError):
                    asked.append(_request(line))
                    line.sendall(said[min(len(asked), len(said)) - 1])

    with socket.create_server(("127.0.0.1", 0)) as listening:
        threading.Thread(target=serve, daemon=True).start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}", asked
        # To close it wakes nobody who waits for a connection.
        listening.shutdown(socket.SHUT_RDWR)


def _request(line: socket.socket) -> Request:
    with line.makefile("rb") as stream:
        first = stream.readline().decode("latin-1").rstrip("\r\n").removesuffix(" HTTP/1.1")
        headers: dict[str, list[str]] = {}
        while (one := stream.readline().decode("latin-1").rstrip("\r\n")) != "":
            name, _, value = one.partition(": ")
            headers.setdefault(name.lower(), []).append(value)
        length = int(headers.get("content-length", ["0"])[0])
        return Request(first, headers, stream.read(length))


@dataclass(frozen=True)
class Sent:
    """What is wanted of a request: its line, some headers (None: it has it not), and its body."""

    line: str = ""
    headers: Mapping[str, str | None] = field(default_factory=dict)
    body: bytes | None = None

    def check(self, found: Request) -> None:
        """Compare."""
        if self.line:
            assert found.line == self.line
        for name, value in self.headers.items():
            assert found.headers.get(name.lower(), [None]) == [value], name
        if self.body is not None:
            assert found.body == self.body


@dataclass(frozen=True)
class Exchange(Row):
    """
    A call step that asks a peer: what goes over the wire, and what comes of the answer.

    `PEER` in an argument is the address of the peer, which is the url unless there is one.
    """

    said: bytes | tuple[bytes, ...] = answer(b"{}", "application/json")
    sent: Sent | tuple[Sent, ...] = ()
    returns: str = "result.body"
    told: Mapping[str, Any] = field(default_factory=dict)
    """What else the error says."""

    def source(self, function: str) -> str:
        """Write the workflow."""
        step = {"call": self.calls or function, "args": self.args, "result": "result"}
        handled = {"as": "e", "steps": [{"failed": {"return": {"error": "${e}"}}}]}
        answered = {"return": {"value": "${" + self.returns + "}"}}
        steps = [{"attempt": {"try": step, "except": handled}}, {"answer": answered}]
        return json.dumps({"main": {"params": ["a"], "steps": steps}})

    def check(self, runtime: Runtime, function: str) -> None:
        """Run it, and compare."""
        said = self.said if isinstance(self.said, tuple) else (self.said,)
        with peer(*said) as (address, asked):
            args = {"url": "PEER/", **({"method": "GET"} if function == "http.request" else {})}
            args |= dict(self.args or {})
            source = replace(self, args=args).source(function)
            found = outcome(runtime, source.replace("PEER", address), self.given)
        if isinstance(self.wanted, Raises):
            assert "error" in found, f"it returned {found['value']!r}"
            assert found["error"]["tags"] == [self.wanted.tag], found
            told = {name: found["error"].get(name) for name in self.told}
            assert told == self.told
        elif self.wanted is not ANYTHING:
            assert found == {"value": self.wanted}
            assert type(found["value"]) is type(self.wanted), "an integer is no double"
        sent = self.sent if isinstance(self.sent, tuple) else (self.sent,)
        if sent or isinstance(self.wanted, Raises):
            assert len(asked) >= len(sent)
        for one, request in zip(sent, asked, strict=False):
            one.check(request)
