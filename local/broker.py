"""
Pub/Sub on one machine: Google's emulator, which pushes to this process what it would push to functions.

Topics and subscriptions are the cloud's, made from the catalog. What the emulator does not do is done here: it knows
no filters, so a reaction is spared the events that it does not take; it signs no push, so the address is a secret of this
process; and of what must stay in order it keeps no dead letters and pushes again each second, whatever the policy says, so
that attempts are counted and dead letters kept here, by the platform's own rules: what is pushed before its time waits.
"""

import json
import logging
import os
import secrets
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

import flask
import urllib3
from functions_framework.event_conversion import background_event_to_cloud_event

from local.clock import Clock
from local.dispatcher import WORKERS, dead_letter
from local.server import Server
from shared.bus import PROMISED, TAP, Bus, Message, type_of
from shared.edge.catalog import catalog, reactions
from shared.edge.entry import listener
from shared.edge.ports import Ports
from shared.edge.pubsub import MAX_PUSH_BYTES, from_push
from shared.edge.queue import Delivery, takers
from shared.edge.settings import Settings
from shared.entity import Event, written
from shared.errors import BadRequest, EnforcementUnavailable
from shared.events.rules import FIRST_S, LAST_S, again_in_s, hopeless
from shared.reaction import Reaction

log = logging.getLogger("waooaw.delivery")

ACK_DEADLINE_S = 60
TIMEOUT_S = 30.0

Wanted = tuple[str, str]
"""A consumer and the id of a message that is on its way to it."""


@dataclass(frozen=True)
class _Failed:
    """A message that its consumer could not take so far."""

    attempts: int
    first_at: str
    next_at: datetime
    """Until then it only waits, however often it is pushed."""


class Broker:
    """The `Bus` port, and what comes back from it."""

    def __init__(self, settings: Settings, clock: Clock, bus: Bus) -> None:
        """Publish by *bus*, to the broker whose subscriptions this makes."""
        self._settings, self._clock, self._bus = settings, clock, bus
        self._secret = secrets.token_urlsafe(16)
        self._under_way: dict[Wanted, str] = {}
        self._failed: dict[Wanted, _Failed] = {}
        self._lock = threading.Lock()
        self._pool = urllib3.PoolManager(retries=False, timeout=TIMEOUT_S)

    def start(self, ports: Ports) -> None:
        """Make what is missing of topics and subscriptions, and let come what was left from before."""
        self._ports = ports
        self._server.start()
        for topic in sorted(_topics()):
            self._make(f"topics/{self._name(topic)}", {})
        for reaction in _listening():
            self._subscribe(reaction)

    def stop(self) -> None:
        """Have nothing pushed any more, and finish what came; the rest stays with the broker."""
        for reaction in _listening():
            self._push_to(reaction, {})
        self._server.stop()
        self._pool.clear()

    def publish(self, messages: Sequence[Message]) -> None:
        """Publish messages, and remember who is to get them."""
        with self._lock:
            for message in messages:
                self._under_way |= dict.fromkeys(_wanted(message), message.subject)
        self._bus.publish(messages)

    def idle(self) -> bool:
        """Say whether every message has come to each of its consumers, and is settled or waits for its time."""
        now = self._clock.now()
        with self._lock:
            lanes = {wanted: (wanted[0], about) for wanted, about in self._under_way.items()}
            # What comes after a message that waits, and is about the same, waits with it.
            held = {lane for wanted, lane in lanes.items() if self._waits(wanted, now)}
            return held.issuperset(lanes.values())

    def next_at(self) -> datetime | None:
        """Return when the next repeated attempt is due."""
        with self._lock:
            return min((failed.next_at for failed in self._failed.values()), default=None)

    def _waits(self, wanted: Wanted, now: datetime) -> bool:
        failed = self._failed.get(wanted)
        return failed is not None and now < failed.next_at

    # --- what is pushed --------------------------------------------------------------------------

    @cached_property
    def _server(self) -> Server:
        """A server of its own, as a reaction may call this machine: its own pushes must leave it room."""
        app = flask.Flask("broker")
        app.add_url_rule(f"/{self._secret}/<id>", "push", self._take, methods=["POST"])
        return Server(app, port=0, threads=WORKERS, longest=lambda _: MAX_PUSH_BYTES)

    def _take(self, id: str) -> tuple[str, int]:
        """Deliver what was pushed as a deployed function would; 503 has it pushed again."""
        reaction = self._reactions[id]
        try:
            event = background_event_to_cloud_event(flask.request)
            message = from_push(event.data)
        except BadRequest as error:
            log.warning("%s was pushed what is no message: %s", id, error)
            return "", 204
        wanted = (id, message.attributes.get("id", ""))
        taken = message.attributes.get("type", "") in map(type_of, reaction.events)
        if not taken or message.attributes.get("consumer", id) != id:
            return "", 204
        with self._lock:
            if self._waits(wanted, self._clock.now()):
                return "", 503
        try:
            listener(reaction, lambda: self._ports)(event)
        except Exception as error:  # noqa: BLE001 - whatever it is, the message comes again or is kept
            if not self._given_up(reaction, wanted, message, error):
                return "", 503
        with self._lock:
            self._failed.pop(wanted, None)
            self._under_way.pop(wanted, None)
        return "", 204

    def _given_up(
        self, reaction: Reaction, wanted: Wanted, message: Message, error: Exception
    ) -> bool:
        """Count a failure; keep a dead letter where it was the last one, and say whether it was."""
        now = self._clock.now()
        with self._lock:
            before = self._failed.get(wanted)
            attempts = before.attempts if before else 0
            if isinstance(error, EnforcementUnavailable):
                # Nothing of it was tried, so nothing is counted: it waits for as long as that takes.
                first_at = before.first_at if before else written(now)
                later = now + timedelta(seconds=LAST_S)
                self._failed[wanted] = _Failed(attempts, first_at, later)
                return False
            attempts += 1
            first_at = before.first_at if before else written(now)
            pause_s = None if hopeless(error) else again_in_s(attempts)
            next_at = now + timedelta(seconds=pause_s or 0)
            self._failed[wanted] = _Failed(attempts, first_at, next_at)
        log.warning("%s failed, attempt %d: %s", ":".join(wanted), attempts, error)
        if pause_s is not None:
            return False
        delivery = Delivery(
            id=":".join(wanted),
            consumer=reaction.id,
            topic=reaction.topic or "",
            subject=message.subject,
            attributes=message.attributes,
            data=message.data.decode(),
            attempts=attempts,
            first_at=first_at,
        )
        self._ports.documents.commit(dead_letter(self._ports, delivery, error, now))
        return True

    # --- topics and subscriptions ----------------------------------------------------------------

    @cached_property
    def _reactions(self) -> dict[str, Reaction]:
        return {reaction.id: reaction for reaction in _listening()}

    def _name(self, topic: str) -> str:
        return f"waooaw-{self._settings.environment}-{topic}"

    def _subscription(self, reaction: Reaction) -> str:
        return f"subscriptions/{self._name(reaction.topic or '')}--{reaction.id}"

    def _subscribe(self, reaction: Reaction) -> None:
        topic = f"projects/{self._settings.project}/topics/{self._name(reaction.topic or '')}"
        push = {"pushEndpoint": f"{self._server.address}/{self._secret}/{reaction.id}"}
        backoff = {"minimumBackoff": f"{FIRST_S}s", "maximumBackoff": f"{LAST_S}s"}
        made = self._make(
            self._subscription(reaction),
            {
                "topic": topic,
                "pushConfig": push,
                "enableMessageOrdering": True,
                "ackDeadlineSeconds": ACK_DEADLINE_S,
                "retryPolicy": backoff,
            },
        )
        if not made:
            self._push_to(reaction, push)

    def _push_to(self, reaction: Reaction, push: dict[str, str]) -> None:
        self._ask("POST", f"{self._subscription(reaction)}:modifyPushConfig", {"pushConfig": push})

    def _make(self, name: str, content: dict[str, Any]) -> bool:
        """Make something, and say whether it was not there before."""
        return self._ask("PUT", name, content) != 409

    def _ask(self, method: str, path: str, content: dict[str, Any]) -> int:
        host = os.environ["PUBSUB_EMULATOR_HOST"]
        url = f"http://{host}/v1/projects/{self._settings.project}/{path}"
        json_type = {"Content-Type": "application/json"}
        answer = self._pool.request(method, url, body=json.dumps(content), headers=json_type)
        if answer.status not in {200, 409}:
            raise OSError(f"the Pub/Sub emulator answered {answer.status} to {method} {path}")
        return int(answer.status)


def _listening() -> list[Reaction]:
    return [reaction for reaction in reactions() if reaction.topic]


def _wanted(message: Message) -> Iterator[Wanted]:
    for consumer in takers(message):
        yield consumer, message.attributes["id"]


def _topics() -> set[str]:
    """Return every topic that something may be published to."""
    catalog()
    topics = {kind.traits.topic for kind in _kinds(Event) if hasattr(kind, "traits")}
    return {TAP, *PROMISED, *filter(None, topics)}


def _kinds(base: type[Event]) -> Iterator[type[Event]]:
    for kind in base.__subclasses__():
        yield kind
        yield from _kinds(kind)
