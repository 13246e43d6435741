"""
Messages on Google Cloud Pub/Sub.

The generated client is called directly: `publish` waits for the broker anyway, so the other client's
threads, which gather messages in the background, would only add latency and a state to recover from after
a failure.
"""

import base64
import binascii
import json
import os
import threading
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from shared.bus import Message
from shared.errors import BadRequest, StoreUnavailable

if TYPE_CHECKING:
    from google.pubsub_v1 import PublisherClient

BATCH = 10
TIMEOUT_S = 10.0
MAX_PUSH_BYTES = 256 * 1024
MAX_ATTRIBUTES = 100


class PubsubBus:
    """The `Bus` port on Pub/Sub."""

    def __init__(self, project: str, environment: str) -> None:
        """Name the project and the environment; nothing is connected before the first message."""
        self._topics = f"projects/{project}/topics/waooaw-{environment}-"
        self._connected: PublisherClient | None = None
        self._connecting = threading.Lock()

    def publish(self, messages: Sequence[Message]) -> None:
        """Publish topic after topic, at most ten messages at once, and return when Pub/Sub has them."""
        from google.api_core.exceptions import GoogleAPIError
        from google.auth.exceptions import GoogleAuthError

        topics: dict[str, list[Message]] = {}
        for message in messages:
            topics.setdefault(message.topic, []).append(message)
        until = time.monotonic() + TIMEOUT_S
        try:
            for topic, waiting in topics.items():
                for start in range(0, len(waiting), BATCH):
                    self._send(topic, waiting[start : start + BATCH], until - time.monotonic())
        except (GoogleAPIError, GoogleAuthError) as error:
            raise StoreUnavailable(
                f"messages cannot be published now ({type(error).__name__}); try again",
                retry_after_s=5,
            ) from error

    def close(self) -> None:
        """End the connection."""
        with self._connecting:
            if self._connected is not None:
                self._connected.transport.close()  # type: ignore[no-untyped-call]
                self._connected = None

    def _send(self, topic: str, batch: Sequence[Message], timeout_s: float) -> None:
        from google.api_core.exceptions import DeadlineExceeded
        from google.api_core.retry import Retry

        if timeout_s <= 0:
            raise DeadlineExceeded("the messages before took all the time there is")  # type: ignore[no-untyped-call]
        request = {
            "topic": self._topics + topic,
            "messages": [
                {"data": m.data, "attributes": m.attributes, "ordering_key": m.subject}
                for m in batch
            ],
        }
        again = Retry(initial=0.05, maximum=1.0, timeout=timeout_s)
        self._client.publish(request=request, retry=again, timeout=timeout_s)

    @property
    def _client(self) -> "PublisherClient":
        """The client, connected on first use: a server forks after it has imported us."""
        with self._connecting:
            if self._connected is None:
                self._connected = _connect(os.environ.get("PUBSUB_EMULATOR_HOST"))
            return self._connected


def _connect(emulator: str | None) -> "PublisherClient":
    from google.pubsub_v1 import PublisherClient

    if not emulator:
        return PublisherClient()
    import grpc  # type: ignore[import-untyped]
    from google.pubsub_v1.services.publisher.transports import PublisherGrpcTransport

    channel = grpc.insecure_channel(emulator)
    return PublisherClient(transport=PublisherGrpcTransport(host=emulator, channel=channel))


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
