"""Give up an event, and send it again."""

import base64
from types import SimpleNamespace

from shared.actors import PLATFORM
from shared.bus import envelope
from shared.documents import Condition, Query
from shared.edge.entry import listener
from shared.edge.loading import load
from shared.evidence import Entry


def rehearse(scene):
    """Give up a true event as Pub/Sub does, and send it again: its consumer has done it already."""
    (found,) = scene.platform.documents.find(
        PLATFORM, Query(Entry.collection, (Condition("action", "==", "agent.created"),), limit=1)
    )
    told = envelope(Entry.from_stored(found.data), environment="local")
    said = {
        "CloudPubSubDeadLetterSourceSubscription": "waooaw-local-agent-events--mobile.follow_agent",
        "CloudPubSubDeadLetterSourceDeliveryCount": "5",
    }
    message = {
        "data": base64.b64encode(told.data).decode(),
        "attributes": told.attributes | said,
        "orderingKey": told.subject,
    }
    given_up = {
        "subscription": "projects/local/subscriptions/waooaw-local-dead-letters--kept",
        "message": message,
    }
    keep = listener(load("events.keep_dead_letter"), lambda: scene.platform.ports)
    keep(SimpleNamespace(data=given_up))
    keep(SimpleNamespace(data=given_up))
    (letter,) = scene.client.get("admin", "/v1/events/dead-letters")["items"]
    assert (letter["consumer"], letter["topic"], letter["attempts"]) == (
        "mobile.follow_agent",
        "agent-events",
        5,
    )
    path = f"/v1/events/dead-letters/{letter['id']}/replay"
    scene.client.post("admin", path, {"reason": "the consumer is repaired"})
    scene.rest()
