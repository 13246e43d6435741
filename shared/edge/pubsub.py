"""
Messages on Google Cloud Pub/Sub, by its REST API.

Publishing waits for the broker: a client whose threads gather messages in the background would only add
latency, and a state to recover from after a failure.
"""

import base64
import binascii
import json
import logging
import os
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from shared.bus import Message
from shared.edge import rpc
from shared.edge.addresses import path
from shared.edge.google_token import google_token
from shared.edge.http_client import Caller, reading
from shared.edge.http_pool import pool
from shared.errors import BadRequest, ProviderDown, Rejected, StoreUnavailable

if TYPE_CHECKING:
    from shared.events.actions.letters import Undelivered

log = logging.getLogger("waooaw.pubsub")

GOOGLE = "https://pubsub.googleapis.com"
BATCH = 10
WITHIN_S = 10.0
MAX_PUSH_BYTES = 256 * 1024
MAX_ATTRIBUTES = 100
MAX_CONSUMER = 100
"""How much is kept of a consumer's name that somebody made up; ours are shorter."""

_GIVEN_UP = "CloudPubSubDeadLetterSource"
"""How the attributes begin that Pub/Sub adds to a message it gave up."""


class PubsubBus:
    """The `Bus` port on Pub/Sub."""

    def __init__(
        self, project: str, environment: str, within_s: float = WITHIN_S, **options: Any
    ) -> None:
        """
        Name the project and the environment; nothing is connected before the first message.

        Args:
            project: The Google Cloud project.

            environment: The deployment, which is in the name of every topic.

            within_s: How long all messages of one call may take together.

            options: How the broker is called, as `Caller` takes it.
        """
        emulator = os.environ.get("PUBSUB_EMULATOR_HOST")
        base = f"http://{emulator}" if emulator else GOOGLE
        self._topics = f"{base}/v1/{path('projects', project, 'topics')}"
        self._prefix = f"waooaw-{environment}-"
        self._within_s = within_s
        self._caller = Caller("pubsub", token=None if emulator else google_token, **options)

    def publish(self, messages: Sequence[Message]) -> None:
        """
        Publish topic after topic, at most ten messages at once, and return when Pub/Sub has them.

        A message whose answer was lost is sent again: it may arrive twice, as Pub/Sub's own may.

        Raises:
            StoreUnavailable: Some of them are not published.
            Rejected: Pub/Sub refuses some of them for good.
        """
        topics: dict[str, list[Message]] = {}
        for message in messages:
            topics.setdefault(message.topic, []).append(message)
        until = time.monotonic() + self._within_s
        for topic, waiting in topics.items():
            for start in range(0, len(waiting), BATCH):
                left_s = until - time.monotonic()
                if left_s <= 0:
                    raise _unavailable("the messages before took all the time there is")
                self._send(topic, waiting[start : start + BATCH], left_s)

    def close(self) -> None:
        """End the connections, which all of this process shares; the next call connects again."""
        pool().clear()

    def _send(self, topic: str, batch: Sequence[Message], within_s: float) -> None:
        body = json.dumps({"messages": [_written(message) for message in batch]}).encode()
        url = f"{self._topics}/{path(self._prefix + topic)}:publish"
        headers = {"Content-Type": "application/json"}
        try:
            answer = self._caller.request(
                "POST", url, body=body, headers=headers, within_s=within_s, outage=rpc.outage
            )
        except ProviderDown as down:
            raise _unavailable(down.detail) from down
        if (said := rpc.code(answer)) != rpc.OK:
            log.error("Pub/Sub refuses for good: %s, %s", said, rpc.message(answer))
            raise Rejected(f"the topic {topic} refuses messages for good ({said})")
        with reading("the message broker", StoreUnavailable):
            ids = answer.parsed["messageIds"]
            if len(ids) != len(batch) or not all(isinstance(id, str) and id for id in ids):
                raise ValueError("not all are published")


def _written(message: Message) -> dict[str, Any]:
    return {
        "data": base64.b64encode(message.data).decode(),
        "attributes": message.attributes,
        "orderingKey": message.subject,
    }


def _unavailable(why: str) -> StoreUnavailable:
    return StoreUnavailable(f"messages cannot be published now: {why}", retry_after_s=5)


def from_push(pushed: bytes | Mapping[str, Any]) -> Message:
    """
    Read what a push subscription delivers: its body, or the data the Functions Framework makes of it.

    Raises:
        BadRequest: It is no such thing, or too large.
    """
    try:
        push = _body(pushed) if isinstance(pushed, bytes) else pushed
        message = push["message"]
        attributes = dict(message.get("attributes") or {})
        data = base64.b64decode(message.get("data") or "", validate=True)
        subject = message.get("orderingKey") or attributes.get("subject", "")
        topic = _topic(push.get("subscription", ""))
    except (
        KeyError,
        TypeError,
        AttributeError,
        ValueError,
        binascii.Error,
        RecursionError,
    ) as error:
        raise BadRequest("this is no message pushed by Pub/Sub") from error
    texts = [subject, *attributes, *attributes.values()]
    if len(attributes) > MAX_ATTRIBUTES or not all(isinstance(text, str) for text in texts):
        raise BadRequest(f"a message has at most {MAX_ATTRIBUTES} attributes, each a text")
    return Message(topic, subject, attributes, data)


def undelivered(message: Message) -> "Undelivered":
    """Read what the broker says of a message that it gave up, in attributes of its own."""
    from shared.events.actions.letters import Undelivered

    said = {n: v for n, v in message.attributes.items() if n.startswith(_GIVEN_UP)}
    subscription = said.get(f"{_GIVEN_UP}Subscription", "")
    attempts = said.get(f"{_GIVEN_UP}DeliveryCount", "0")
    attributes = {n: v for n, v in message.attributes.items() if n not in said}
    return Undelivered(
        Message(_topic(subscription), message.subject, attributes, message.data),
        consumer=subscription.rpartition("--")[2][:MAX_CONSUMER],
        attempts=int(attempts) if attempts.isdecimal() else 0,
    )


def _body(pushed: bytes) -> Any:
    if len(pushed) > MAX_PUSH_BYTES:
        raise BadRequest(f"a pushed message is at most {MAX_PUSH_BYTES // 1024} KiB")
    return json.loads(pushed)


def _topic(subscription: str) -> str:
    """Read the topic off the subscription's name, ``waooaw-{env}-{topic}--{consumer}``."""
    name, named, _ = subscription.rpartition("/")[2].partition("--")
    if name.startswith("waooaw-"):
        name = name.split("-", 2)[-1]
    return name if named else ""
