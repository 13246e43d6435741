"""Carry each story of a day out once on this machine, and count what it writes and whom it reaches."""

import secrets
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.spawn import free_port
from local.platform import Platform
from local.story import acts, blueprints
from local.story.acts import Parts
from local.story.client import Client
from shared.actors import PLATFORM
from shared.approvals.models.questions import ApprovalRequest
from shared.documents import Write
from shared.edge.queue import Delivery
from shared.evidence import Entry

TENANT = "acme"
WAIT_S = 30.0

Story = Callable[[Platform, Client, Parts], None]


@dataclass
class Counts:
    """What one story takes."""

    writes: int = 0
    """Documents written or deleted."""

    entries: int = 0
    """Audit entries: each is one document whose time is later than that of all before it."""

    deliveries: int = 0
    """Messages that reached a consumer."""

    shared: Counter[str] = field(default_factory=Counter)
    """Writes in the platform's own tenant, by collection."""

    def take(self, writes: Sequence[Write]) -> None:
        """Count committed writes; deliveries are messages in the cloud, not documents."""
        for write in writes:
            if write.key.collection == Delivery.collection:
                self.deliveries += write.data is not None
                continue
            self.writes += 1
            self.shared[write.key.collection] += write.key.tenant == PLATFORM
            entry = write.data if write.key.collection == Entry.collection else None
            self.entries += bool(entry and entry["delivery"]["published_at"] is None)


def creation(platform: Platform, client: Client, parts: Parts) -> None:
    """Make an agent, from the request for it to its release."""
    agent_id = acts.request_agent(client, parts, "Counted")["agent"]["id"]
    acts.submit(
        client, stage(client, agent_id, 2), blueprints.blueprint(parts.job_role, parts.skills)
    )
    for number in acts.EVALUATORS:
        acts.judge_stage(client, stage(client, agent_id, number))
    stage(client, agent_id, 6)
    acts.read_and_approve(client, until(lambda: acts.open_approval(client, agent_id)))
    until(lambda: acts.pipeline(client, agent_id)["status"] in acts.OVER, platform.jump)


def decision(platform: Platform, client: Client, parts: Parts) -> None:
    """Ask a customer, who decides."""
    del platform, parts
    schema: Any = ApprovalRequest.model_config["json_schema_extra"]
    (example,) = schema["examples"]
    subject = {**example["subject"], "content_sha256": secrets.token_hex(32)}
    more = {"agent_id": None, "governor_scope": "engagement", "subject": subject}
    asked = client.post("service", "/v1/approvals", {**example, **more}, tenant=TENANT)
    path = f"/v1/approvals/{asked['id']}"
    account = f"customer_admin@{TENANT}"
    client.get(account, path)
    client.post(account, f"{path}/approve", {"expected_digest": asked["action_digest"]})


STORIES: dict[str, Story] = {"creation": creation, "decision": decision}


def counted() -> dict[str, Counts]:
    """Return the counts of each story."""
    counts = {}
    with tempfile.TemporaryDirectory(prefix="waooaw-stories-") as folder:
        platform = Platform(Path(folder), port=free_port())
        now, lock = [Counts()], threading.Lock()

        def take(writes: Sequence[Write]) -> None:
            with lock:
                now[0].take(writes)

        platform.documents.on_commit(take)
        platform.start()
        client = Client(platform.address, platform.secret)
        parts = acts.certify_parts(client, lambda _: None)
        for name, story in STORIES.items():
            until(platform.idle)
            now[0] = counts[name] = Counts()
            story(platform, client, parts)
            until(platform.idle)
            now[0] = Counts()
        platform.stop()
    return counts


def stage(client: Client, agent_id: str, number: int) -> Any:
    """Wait until an agent has come to a stage, and return its pipeline."""

    def look() -> Any:
        seen = acts.pipeline(client, agent_id)
        running = seen["stages"][number - 1]["result"] == "running"
        return seen if seen["current_stage"] == number and running else None

    return until(look)


def until(look: Callable[[], Any], jump: Callable[[], Any] | None = None) -> Any:
    """Wait until *look* finds something; let the clock *jump* meanwhile."""
    end = time.monotonic() + WAIT_S
    while not (found := look()):
        if time.monotonic() > end:
            raise TimeoutError("a story does not go on")
        if jump is None or not jump():
            time.sleep(0.005)
    return found
