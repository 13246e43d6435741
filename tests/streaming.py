"""Whoever listens: at a function, which ends at once, and at a server of ours, which holds the answer open."""

import json
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from werkzeug.test import EnvironBuilder

from local.streams import Streams
from shared.edge.serving import view
from shared.edge.web import Request, Response


@dataclass
class Event:
    """One event, as HTML (9.2) has it read."""

    name: str
    id: str
    data: dict[str, Any]


@dataclass
class Heard:
    """What a client has after some of an answer."""

    events: list[Event] = field(default_factory=list)
    last: str | None = None
    retry: int | None = None
    text: str = ""

    def read(self, chunk: str) -> bool:
        """Read on; say whether a ping was among it."""
        self.text += chunk
        pinged = False
        for block in chunk.split("\n\n"):
            lines = [line.partition(": ")[::2] for line in block.split("\n") if line]
            said = {name: value for name, value in lines if name}
            self.retry = int(said.get("retry", self.retry or 0)) or None
            self.last = said.get("id", self.last)
            if "data" in said and said["event"] != "ping":
                self.events.append(Event(said["event"], said["id"], json.loads(said["data"])))
            pinged |= said.get("event") == "ping"
        return pinged

    def of(self, name: str) -> list[Any]:
        """Return what was told under a name."""
        return [one.data for one in self.events if one.name == name]


class AtAFunction:
    """Every answer is whole."""

    def __init__(self, world: Any) -> None:
        self.world = world

    def asked(self, op: Any, path: str, last: str | None, who: str) -> Request:
        token = self.world.sign_in.token(who, self.world.now)
        headers = [("Authorization", f"Bearer {token}")]
        if last is not None:
            headers.append(("Last-Event-ID", last))
        return Request(EnvironBuilder(path=path, headers=headers).get_environ())

    @contextmanager
    def opened(self, op: Any, path: str, last: str | None = None, who: str = "governor"):
        """Open an answer, and close it."""
        request = self.asked(op, path, last, who)
        answer = self.hold(view(op.declared, lambda: self.world.ports)(request), request)
        yield answer
        close(answer)

    def hold(self, answer: Response, request: Request) -> Response:
        return answer

    def hear(
        self, op: Any, path: str, last: str | None = None, who: str = "governor", most: int = 10**6
    ) -> Heard:
        """Listen until everything is told, or *most* events were heard, and then be cut off."""
        heard = Heard(last=last)
        with self.opened(op, path, last, who) as answer:
            assert answer.status_code == 200, answer.data
            for block in blocks(answer):
                if heard.read(block) or len(heard.events) >= most:
                    break
        return heard


class AtAServer(AtAFunction):
    """Answers are held open."""

    def __init__(self, world: Any, **said: Any) -> None:
        super().__init__(world)
        self.streams = Streams(**{"ping_s": 0.05, "life_s": 5, **said})
        world.ports.documents.on_commit(self.streams.take)

    def hold(self, answer: Response, request: Request) -> Response:
        return self.streams.held(answer, request)


def close(answer: Response) -> None:
    """Be cut off from an answer, as a server closes it."""
    ends = getattr(answer.parts, "close", None)
    if ends:
        ends()


def blocks(answer: Response):
    """Yield an answer block by block, as it comes."""
    for chunk in answer.parts:
        yield from (f"{block}\n\n" for block in chunk.decode().split("\n\n") if block)
