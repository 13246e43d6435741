"""Look at the circuit breakers, and close one that a process left open."""

from shared.documents import Key, Write
from shared.identity import PLATFORM
from shared.platform.breakers import Circuit


def call_breakers(client, platform):
    now = platform.clock.now()
    left = Circuit(id="fcm", opened_at=now, failures=3, changed_at=now)
    place = Key(PLATFORM, Circuit.collection, left.id)
    platform.documents.commit([Write(place, left.model_dump(mode="json"))])
    assert seen(client, "fcm")["state"] == "open"
    assert seen(client, "workflows")["state"] == "closed"
    path = "/v1/admin/circuit-breakers/fcm/reset"
    after = client.post("infrastructure_engineer", path, {"reason": "the provider is back"})
    assert after == seen(client, "fcm")
    assert after["state"] == "closed"
    assert after["reset_at"]


def seen(client, name):
    items = client.get("viewer", "/v1/admin/circuit-breakers")["items"]
    return next(item for item in items if item["name"] == name)
