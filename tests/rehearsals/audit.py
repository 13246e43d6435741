"""Enter what happened elsewhere, and take a copy of the evidence away."""

import hashlib
from pathlib import Path

from shared.entity import written
from tests.rehearsals.scene import example_of, until


def rehearse(scene):
    client = scene.client
    client.post("service", "/v1/audit/log", example_of("/v1/audit/log"))
    asked = {"since": "2026-01-01T00:00:00.000Z", "until": written(scene.now())}
    export = client.post("admin", "/v1/audit/exports", asked)
    address = f"/v1/audit/exports/{export['id']}"

    def made():
        seen = client.get("admin", address)
        return seen if seen["status"] == "completed" else None

    seen = until(made)
    file = client.answer("admin", "GET", f"{address}/parts/1")
    assert hashlib.sha256(file.body).hexdigest() == seen["parts"][0]["sha256"]
    assert seen["row_count"] == sum(part["rows"] for part in seen["parts"]) > 0
    kept = Path(scene.platform.settings.uploads) / export["id"]
    assert len(list(kept.iterdir())) == len(seen["parts"])
    scene.forget_jobs(seen["known_until"])
    assert client.get("admin", address)["known_until"] is None
    until(lambda: not kept.exists())
