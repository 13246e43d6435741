"""What is told to somebody, as it is told: server-sent events on one machine, where nothing is pushed."""

import json
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from typing import Any
from uuid import uuid4

import flask
from pydantic import ValidationError

from shared.actors import Actor
from shared.devices.rules import audiences
from shared.documents import Condition, Key, Query, Snapshot, Write
from shared.edge.arguments import from_path
from shared.edge.ports import Ports
from shared.edge.problems import response
from shared.edge.walking import readable, record
from shared.entity import Id
from shared.errors import BadRequest, Refusal, StoreUnavailable
from shared.notifications.models import Notification

PATH = "/v1/notifications/stream"
PING_S = 10.0
LIFE_S = 30 * 60.0
MOST_OF_ONE = 5
MOST_OF_ALL = 8
"""Each open stream holds a thread of the server."""

REVOKED_WITHIN_S = 60
_PING: dict[str, Any] = {}
"""What is heard where nothing is."""


@dataclass(eq=False)
class _Listener:
    """One open stream."""

    actor: Actor
    heard: SimpleQueue[dict[str, Any] | None] = field(default_factory=SimpleQueue)


class Streams:
    """Every open stream of this process."""

    def __init__(self, ports: Ports, *, ping_s: float = PING_S, life_s: float = LIFE_S) -> None:
        """Say whose notices; `take` must hear of every commit."""
        self._ports, self._ping_s, self._life_s = ports, ping_s, life_s
        self._listeners: list[_Listener] = []
        self._lock = threading.Lock()

    def take(self, writes: Sequence[Write]) -> None:
        """Tell the notices among some committed writes to whom they are for."""
        for write in writes:
            if write.key.collection == Notification.collection and write.data:
                with self._lock:
                    listeners = list(self._listeners)
                for one in listeners:
                    mine = write.data["audience"] in audiences(one.actor)
                    if mine and write.key.tenant == one.actor.tenant:
                        one.heard.put(write.data)

    def close(self) -> None:
        """End every stream."""
        with self._lock:
            for one in self._listeners:
                one.heard.put(None)

    def blueprint(self) -> flask.Blueprint:
        """Return the address to listen at."""
        blueprint = flask.Blueprint("streams", __name__)
        blueprint.add_url_rule(PATH, "stream", self._serve, methods=["GET"])
        return blueprint

    def _serve(self) -> flask.Response:
        headers = dict(flask.request.headers)
        try:
            actor = self._who(headers)
            told = self._told(actor, _heard_last(headers), headers)
            # Whatever may fail does so here, before an answer has begun.
            next(told)
        except Refusal as refusal:
            return response(refusal, path=flask.request.path, correlation_id=str(uuid4()))
        head = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
        return flask.Response(told, mimetype="text/event-stream", headers=head)

    def _who(self, headers: Mapping[str, str]) -> Actor:
        return self._ports.identify(headers, revoked_within_s=REVOKED_WITHIN_S)

    @contextmanager
    def _listening(self, actor: Actor) -> Iterator[_Listener]:
        """Take a slot, and give it back however it ends."""
        listener = _Listener(actor)
        with self._lock:
            own = sum(one.actor.id == actor.id for one in self._listeners)
            if own >= MOST_OF_ONE or len(self._listeners) >= MOST_OF_ALL:
                raise StoreUnavailable("too many streams are open; close one", retry_after_s=5)
            self._listeners.append(listener)
        try:
            yield listener
        finally:
            with self._lock:
                self._listeners.remove(listener)

    def _missed(self, actor: Actor, last: str | None) -> list[dict[str, Any]]:
        """Return what was told after the notice that was heard last."""
        place = Key(actor.tenant, Notification.collection, last or "-")
        found = self._ports.documents.get(place)
        heard = readable([found] if found else [], _notice)
        if not heard:
            return []
        since = Condition("created_at", ">=", str(heard[0]["created_at"]))
        mine = Condition("audience", "in", audiences(actor))
        query = Query(Notification.collection, (mine, since), (("created_at", "asc"),))
        rows = readable(self._ports.documents.find(actor.tenant, query), _notice)
        return [data for data in rows if data["id"] != last]

    def _told(self, actor: Actor, last: str | None, headers: Mapping[str, str]) -> Iterator[str]:
        """
        Tell what was missed and what comes: nothing at first, which says that it has begun.

        The slot is this generator's own, so it is given back with it, also where nobody ever reads on.
        """
        ends = time.monotonic() + self._life_s
        with self._listening(actor) as listener:
            missed = self._missed(actor, last)
            known = {data["id"] for data in missed}
            yield ""
            yield "retry: 2000\n\n"
            yield from map(_event, missed)
            while time.monotonic() < ends:
                try:
                    heard = listener.heard.get(timeout=self._ping_s)
                except Empty:
                    heard = _PING
                if heard is None or not self._still(headers):
                    return
                if heard is _PING:
                    yield "event: ping\ndata: {}\n\n"
                elif heard["id"] not in known:
                    known.add(heard["id"])
                    yield _event(heard)
            yield ": connect again\n\n"

    def _still(self, headers: Mapping[str, str]) -> bool:
        """Say whether the token that a stream was opened with is still good."""
        try:
            self._who(headers)
        except Refusal:
            return False
        return True


def _heard_last(headers: Mapping[str, str]) -> str | None:
    last = headers.get("Last-Event-Id")
    try:
        return last if last is None else str(from_path(Id, last))
    except ValidationError as error:
        raise BadRequest("Last-Event-ID is the id of a notice, as it was told") from error


def _notice(found: Snapshot) -> dict[str, Any]:
    record(Notification)(found)
    return found.data


def _event(data: dict[str, Any]) -> str:
    return f"id: {data['id']}\nevent: notification\ndata: {json.dumps(data)}\n\n"
