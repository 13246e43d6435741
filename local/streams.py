"""What is told to somebody, as it is told: server-sent events on one machine, where nothing is pushed."""

import json
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from typing import Any

import flask

from shared.documents import Condition, Key, Query, Snapshot, Write
from shared.edge.ports import Ports
from shared.edge.problems import response
from shared.edge.walking import readable, record
from shared.errors import Refusal, StoreUnavailable
from shared.identity import Actor
from shared.mobile.models import Notification
from shared.mobile.notices import audiences

PATH = "/v1/notifications/stream"
PING_S = 10.0
LIFE_S = 30 * 60.0
MOST_OF_ONE = 5
MOST_OF_ALL = 8
"""Each open stream holds a thread of the server."""


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
        blueprint.add_url_rule(PATH, "stream", self._serve)
        return blueprint

    def _serve(self) -> flask.Response:
        try:
            actor = self._ports.identify(dict(flask.request.headers), revoked_within_s=60)
            listener = self._opened(actor)
            try:
                missed = self._missed(actor, flask.request.headers.get("Last-Event-ID"))
            except BaseException:
                self._closed(listener)
                raise
        except Refusal as refusal:
            return response(refusal, path=flask.request.path, correlation_id="")
        told = self._told(listener, missed)
        headers = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
        answer = flask.Response(told, mimetype="text/event-stream", headers=headers)
        answer.call_on_close(lambda: self._closed(listener))
        return answer

    def _opened(self, actor: Actor) -> _Listener:
        with self._lock:
            own = sum(one.actor.id == actor.id for one in self._listeners)
            if own >= MOST_OF_ONE or len(self._listeners) >= MOST_OF_ALL:
                raise StoreUnavailable("too many streams are open; close one", retry_after_s=5)
            listener = _Listener(actor)
            self._listeners.append(listener)
            return listener

    def _closed(self, listener: _Listener) -> None:
        with self._lock:
            if listener in self._listeners:
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

    def _told(self, listener: _Listener, missed: list[dict[str, Any]]) -> Iterator[str]:
        ends, known = time.monotonic() + self._life_s, set[str]()
        yield "retry: 2000\n\n"
        for data in missed:
            known.add(data["id"])
            yield _event(data)
        while time.monotonic() < ends:
            try:
                heard = listener.heard.get(timeout=self._ping_s)
            except Empty:
                yield "event: ping\ndata: {}\n\n"
                continue
            if heard is None:
                return
            if heard["id"] not in known:
                known.add(heard["id"])
                yield _event(heard)
        yield ": connect again\n\n"


def _notice(found: Snapshot) -> dict[str, Any]:
    record(Notification)(found)
    return found.data


def _event(data: dict[str, Any]) -> str:
    return f"id: {data['id']}\nevent: notification\ndata: {json.dumps(data)}\n\n"
