"""Endpoints that wake an execution, and the payloads that reach them."""

import secrets
import sqlite3
from collections import deque
from collections.abc import Callable, Container
from datetime import datetime
from typing import NamedTuple

from local.clock import Clock
from local.workflows import records
from local.workflows.journal import Journal
from local.workflows.values import (
    MEMORY_LIMIT,
    STRING_LIMIT,
    Value,
    dump,
    length,
    size,
)

Arrived = Callable[[str, str, int, str], None]


class CallbackRefusedError(Exception):
    """Refuse a call of an endpoint with an HTTP status."""

    def __init__(self, code: int, message: str) -> None:
        self.code = code
        super().__init__(message)


class Callbacks:
    """
    Open endpoints, and take what is sent to them.

    The name of an endpoint holds 192 random bits, so it cannot be guessed.
    """

    def __init__(
        self, journal: Journal, clock: Clock, name: str, project: str, location: str
    ) -> None:
        self._journal = journal
        self._clock = clock
        self._base = f"{name}/v1/projects/{project}/locations/{location}"
        self.arrived: Arrived = lambda *_: None
        self.follow: Callable[[], None] = lambda: None

    def opened(self, workflow: str, execution: str) -> tuple[str, str]:
        """Invent an endpoint; return its id and its address."""
        name = secrets.token_urlsafe(24)
        return name, f"{self._base}/workflows/{workflow}/executions/{execution}/callbacks/{name}"

    @staticmethod
    def write(
        db: sqlite3.Connection, id: str, execution: str, op: str, method: str, now: datetime
    ) -> None:
        """Write an endpoint."""
        row = (id, execution, op, method, records.written(now))
        db.execute("INSERT INTO callbacks VALUES (?, ?, ?, ?, ?)", row)

    def take(self, workflow: str, execution: str, id: str, method: str, request: Value) -> None:
        """
        Store a payload; once this returns, it is safe on disk and its execution was woken.

        An endpoint holds one payload nobody waits for yet, or one for each wait under way.
        """
        now = self._clock.now()
        told = {"http_request": request, "received_time": records.written(now), "type": "HTTP"}
        body = request["body"]
        if size(told) > MEMORY_LIMIT or (isinstance(body, str) and length(body) > STRING_LIMIT):
            raise CallbackRefusedError(413, "the request is larger than an execution can hold")
        text = dump(told)

        def work(db: sqlite3.Connection) -> int:
            row = db.execute(
                "SELECT c.method, e.state FROM callbacks c JOIN executions e ON e.id = c.execution "
                "WHERE c.id = ? AND c.execution = ? AND e.workflow = ?",
                (id, execution, workflow),
            ).fetchone()
            if row is None or row["state"] != records.ACTIVE:
                raise CallbackRefusedError(404, "this callback does not exist, or its time is over")
            if row["method"] != method:
                raise CallbackRefusedError(405, f"this callback takes {row['method']} only")
            waiting, stored = db.execute(
                "SELECT (SELECT count(*) FROM ops WHERE callback = ? AND ok IS NULL), "
                "(SELECT count(*) FROM callback_payloads "
                "WHERE callback = ? AND consumed_by IS NULL)",
                (id, id),
            ).fetchone()
            if stored >= max(1, waiting):
                raise CallbackRefusedError(429, "the previous call was not processed yet")
            inserted = db.execute(
                "INSERT INTO callback_payloads(callback, received, request) VALUES (?, ?, ?)",
                (id, records.written(now), text),
            )
            return int(inserted.lastrowid or 0)

        try:
            self._journal.ask(work, lambda payload: self.arrived(execution, id, payload, text))
        finally:
            # To wake another thread takes longer than what follows from most payloads.
            self.follow()


class Payload(NamedTuple):
    """What was sent to an endpoint: its number in the journal, and how it is written there."""

    number: int
    text: str


class Inbox:
    """The payloads of one execution that are not used up, and who waits for them."""

    def __init__(self) -> None:
        self.payloads: dict[str, deque[Payload]] = {}
        self._waiting: dict[str, deque[str]] = {}
        self.newest = 0

    def load(self, callback: str, payload: int, request: str) -> None:
        """Add a payload that the journal held when the execution was restored."""
        self.newest = max(self.newest, payload)
        self.payloads.setdefault(callback, deque()).append(Payload(payload, request))

    def add(self, callback: str, payload: int, request: str) -> None:
        """Add a payload that was announced, unless it was found in the journal already."""
        if payload > self.newest:
            self.load(callback, payload, request)

    def wait(self, callback: str, op: str) -> None:
        """Add a wait."""
        self._waiting.setdefault(callback, deque()).append(op)

    def match(self, callback: str, pending: Container[str]) -> tuple[str, Payload] | None:
        """Take out the oldest payload and the oldest wait that is still pending."""
        waiting = self._waiting.get(callback, deque())
        while waiting and waiting[0] not in pending:
            waiting.popleft()
        payloads = self.payloads.get(callback)
        if not waiting or not payloads:
            return None
        return waiting.popleft(), payloads.popleft()
