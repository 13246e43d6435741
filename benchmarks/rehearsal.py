"""Everything the platform does, done once on one machine, so that one function alone can be asked to do it."""

import json
import re
import sqlite3
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import flask
import jwt

import local.dispatcher
import local.platform
from benchmarks.spawn import free_port
from local.platform import Platform
from local.server import Hold, application
from shared.actors import Role
from shared.bus import Message, due_message, opened
from shared.documents import Documents, Key, Write
from shared.edge.auth import SERVICE_ROLES
from shared.edge.catalog import operations
from shared.edge.delivery import deliver
from shared.edge.ports import Ports
from shared.evidence import Entry
from shared.identity.models import Principal
from shared.instants import written
from shared.operation import Operation
from shared.promises import Due
from shared.reaction import Reaction

WRITES = 100
KEPT = ("Content-Type", "If-Match", "X-Tenant-ID")
"""The headers of a request that belong to what it asks."""

DENIED = frozenset({"policy.enforce_tool_use"})
"""What nobody is let do yet, as nothing certifies the tools of a manifest: of these, the last request that was denied."""


@dataclass(frozen=True)
class Asked:
    """One request, as it was made and answered well."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    account: str | None
    """Who asked; nobody where there was no token."""


@dataclass
class Rehearsal:
    """What was asked, what was delivered, and what is in the store afterwards."""

    port: int = field(default_factory=free_port)
    asked: dict[str, Asked] = field(default_factory=dict)
    """By operation, the last request that was answered well."""

    delivered: dict[str, Message] = field(default_factory=dict)
    """By reaction, the last message that reached it."""

    promises: dict[str, Write] = field(default_factory=dict)
    """By reaction, the promise that it kept last: it is gone from the store."""

    _documents: list[Write] = field(default_factory=list)

    def run(self, data: Path, story: Callable[[Platform], None]) -> None:
        """Tell a story to a platform in this folder, and remember it."""
        vars(local.platform)["application"] = self._application
        vars(local.dispatcher)["deliver"] = self._deliver
        try:
            platform = Platform(data, port=self.port, movable=True).start()
            try:
                story(platform)
            finally:
                platform.stop()
        finally:
            vars(local.platform)["application"] = application
            vars(local.dispatcher)["deliver"] = deliver
        with closing(sqlite3.connect(data / "store.db")) as connection:
            rows = connection.execute("select tenant, collection, id, data from documents")
            self._documents = [Write(Key(*place), json.loads(text)) for *place, text in rows]

    def fill(self, documents: Documents) -> None:
        """Write everything into another store, and the promises as if they were still to be kept."""
        # Whoever signed out did so at the time of a clock that jumps: they could not sign in again today.
        kept = [one for one in self._documents if one.key.collection != Principal.collection]
        kept += [self._come_due(*one) for one in self.promises.items()]
        for start in range(0, len(kept), WRITES):
            documents.commit(kept[start : start + WRITES])

    def _come_due(self, reaction: str, promise: Write) -> Write:
        """Return a promise that has come due today: it may have been kept on a day to which a clock jumped."""
        promised = promise.data or {}
        promised["at"] = min(promised["at"], written(datetime.now(UTC)))
        self.delivered[reaction] = due_message(Due.from_stored(promised))
        return Write(promise.key, promised)

    @property
    def entries(self) -> list[Write]:
        """The entries of the audit log."""
        return [one for one in self._documents if one.key.collection == Entry.collection]

    def _application(self, ports: Ports, hold: Hold) -> flask.Flask:
        app = application(ports, hold)
        app.wsgi_app = _Recorder(app.wsgi_app, self.asked)  # type: ignore[method-assign]
        return app

    def _deliver(self, reaction: Reaction, message: Message, ports: Ports) -> bool:
        promise = None
        if reaction.due:
            received = opened(message)
            place = Key(received.tenant, Due.collection, received.id)
            found = ports.documents.get(place)
            promise = Write(place, found.data) if found else None
        done = deliver(reaction, message, ports)
        if done:
            self.delivered[reaction.id] = message
            if promise:
                self.promises[reaction.id] = promise
        return done


class _Recorder:
    """Keeps each operation's last request that was answered well."""

    def __init__(self, serve: Any, asked: dict[str, Asked]) -> None:
        self._serve, self._asked = serve, asked
        # Of two paths that fit, the one with fewer parameters is meant.
        self._operations = sorted(operations(), key=lambda op: op.path.count("{"))

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        environ["wsgi.input"] = BytesIO(body)
        # Workflows call a function at an address of its own, which is the name of its path here.
        path = re.sub("^/functions/[^/]+", "", environ["PATH_INFO"])
        query = environ.get("QUERY_STRING", "")
        request = flask.Request(dict(environ))

        def started(status: str, *more: Any) -> Any:
            op = self._meant(request.method, path)
            if op and status.startswith(("403",) if op.id in DENIED else ("2", "3")):
                headers = {name: request.headers[name] for name in KEPT if name in request.headers}
                asked = f"{path}?{query}" if query else path
                self._asked[op.id] = Asked(request.method, asked, headers, body, _account(request))
            return start_response(status, *more)

        return self._serve(environ, started)

    def _meant(self, method: str, path: str) -> Operation | None:
        fitting = (op for op in self._operations if op.pattern.fullmatch(path))
        return next((op for op in fitting if op.method == method), None)


def _account(request: flask.Request) -> str | None:
    token = request.headers.get("Authorization", "").removeprefix("Bearer ")
    if not token:
        return None
    claims = jwt.decode(token, options={"verify_signature": False})
    if "roles" in claims:
        return f"{claims['roles'][0]}@{claims['tenant']}"
    name = claims["email"].partition("@")[0]
    return str(SERVICE_ROLES.get(name, Role.SERVICE))
