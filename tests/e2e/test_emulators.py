"""The platform on Google's Firestore and Pub/Sub emulators instead of the embedded defaults."""

import subprocess
import sys

import pytest
import urllib3

from local.demo import demo
from local.platform import Platform
from local.story import acts
from local.story.client import Client, Refused
from shared.approvals.models.questions import ApprovalRequest
from shared.bus import Message, type_of
from shared.documents import Query
from shared.edge import delivery
from shared.edge.delivery import deliver
from shared.errors import Conflict, ProviderDown
from shared.events.models import DeadLetter
from shared.violations.events import ViolationOpened
from tests.emulators import (
    firestore_emulator,
    free_port,
    fresh_project,
    needs_emulator,
    pubsub_emulator,
)
from tests.rehearsals.scene import until

__all__ = ["firestore_emulator", "pubsub_emulator"]

pytestmark = [*needs_emulator, pytest.mark.slow]

ABOUT = "agents/00000000-0000-4000-8000-000000000001"


def message(action, topic, data=b"{}"):
    attributes = {
        "specversion": "1.0",
        "id": "00000000-0000-4000-8000-0000000000e1",
        "type": type_of(action),
        "subject": ABOUT,
        "tenantid": "platform",
        "time": "2026-01-01T12:00:00.000Z",
    }
    return Message(topic, ABOUT, attributes, data)


@pytest.fixture
def on_pubsub(tmp_path, pubsub_emulator):
    platform = Platform(tmp_path, port=free_port(), bus="pubsub", project=fresh_project()).start()
    until(platform.idle)
    yield platform
    platform.stop()


def letters(platform):
    return [found.data for found in platform.documents.find(None, Query(DeadLetter.collection))]


def test_the_story_ends_as_it_should(tmp_path, capsys, firestore_emulator, pubsub_emulator):
    where = {"store": "firestore", "bus": "pubsub", "auth": "firebase"}
    assert demo(tmp_path / "demo", port=free_port(), **where) == 0
    told = capsys.readouterr().out
    assert "store firestore, bus pubsub, sign-in firebase" in " ".join(told.split())
    assert "0 breaks; 0 messages were not delivered" in told
    assert told.count("as it should be:") == 8


def test_it_is_healthy(on_pubsub):
    health = urllib3.request("GET", f"{on_pubsub.address}/v1/health").json()
    assert health["status"] == "healthy"


def test_what_is_refused_for_good_is_kept_as_a_dead_letter(on_pubsub):
    on_pubsub.ports.bus.publish([message("agent.created", "agent-events", b"[]")])

    until(on_pubsub.idle)
    kept = {(letter["consumer"], letter["error_code"]) for letter in letters(on_pubsub)}
    assert ("agents.start_pipeline", "validation_failed") in kept


def test_what_nothing_proves_commands_nobody(on_pubsub):
    """A message alone suspended an agent once: here is one, as good as whoever may publish can make it."""
    data = ViolationOpened(
        type="constitutional",
        code="CONSTITUTIONAL-VIOLATION",
        severity="critical",
        agent_id=ABOUT.partition("/")[2],
        automatic_response="suspended",
    )
    forged = message("violation.opened", "violations", data.model_dump_json().encode())
    on_pubsub.ports.bus.publish([forged])

    until(on_pubsub.idle)
    kept = {letter["consumer"]: letter["error_code"] for letter in letters(on_pubsub)}
    assert kept == {"agents.stop_violator": "unproven", "mobile.notify_violation": "unproven"}
    client = Client(on_pubsub.address, on_pubsub.secret)
    for letter in letters(on_pubsub):
        with pytest.raises(Refused) as refused:
            replay(client, letter)
        assert refused.value.status == 409


def replay(client, letter):
    path = f"/v1/events/dead-letters/{letter['id']}/replay"
    return client.post("admin", path, {"reason": "the consumer is repaired"})


def test_a_dead_letter_is_pushed_again_to_its_one_consumer(tmp_path, pubsub_emulator, monkeypatch):
    delivered, down = [], {"mobile.follow_request"}

    def watched(reaction, message, ports):
        delivered.append((reaction.id, message.attributes["id"]))
        if reaction.id in down:
            raise Conflict("not in this state")
        return deliver(reaction, message, ports)

    monkeypatch.setattr(delivery, "deliver", watched)
    project = fresh_project()
    platform = Platform(tmp_path, port=free_port(), bus="pubsub", project=project).start()
    client = Client(platform.address, platform.secret)
    (example,) = ApprovalRequest.model_config["json_schema_extra"]["examples"]
    client.post("service", "/v1/approvals", example)
    until(platform.idle)
    (letter,) = letters(platform)
    down.clear()
    for _ in range(2):
        replay(client, letter)
        until(lambda: platform.jump() is None and platform.idle())
    (letter,) = letters(platform)
    again = [consumer for consumer, id in delivered if id == letter["event_id"]]
    assert again.count("mobile.follow_request") == 3
    assert again.count("approvals.notify_governor") == 1
    assert again.count("precedents.predict_approval") == 1
    platform.stop()


def test_what_may_pass_is_pushed_again(tmp_path, pubsub_emulator):
    class Engine:
        attempts = 0

        def start(self, workflow, argument):
            self.attempts += 1
            if self.attempts < 3:
                raise ProviderDown("the workflow engine does not answer", retry_after_s=1)
            return "execution-1"

    platform = Platform(tmp_path, port=free_port(), bus="pubsub", project=fresh_project())
    platform.ports.workflows = Engine()
    platform.start()
    client = Client(platform.address, platform.secret)
    acts.request_agent(client, acts.certify_parts(client, lambda _: None), "A")

    until(lambda: platform.ports.workflows.attempts == 3, jump=platform.jump)
    until(platform.idle)
    assert letters(platform) == []
    platform.stop()


def test_what_came_while_it_was_stopped_is_delivered_afterwards(tmp_path, pubsub_emulator):
    where = {"port": free_port(), "bus": "pubsub", "project": fresh_project()}
    platform = Platform(tmp_path, **where).start()
    until(platform.idle)
    platform.stop()
    platform.broker.publish([message("agent.created", "agent-events", b"[]")])
    again = Platform(tmp_path, **where).start()

    until(lambda: letters(again))
    again.stop()


def test_nobody_else_can_push(on_pubsub):
    door = on_pubsub.broker._server.address
    for path in ("/agents.start_pipeline", "/guess/agents.start_pipeline"):
        assert urllib3.request("POST", door + path, body=b"{}").status == 404


def test_an_emulator_that_is_missing_is_named(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "local", "demo", f"--data={tmp_path}", f"--port={free_port()}"],
        env={"STORE": "firestore", "PATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "needs Google's emulators: there is no java here." in done.stderr


def test_a_store_there_is_not_is_refused(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "local", "serve", "--data", str(tmp_path)],
        env={"STORE": "firebase"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "'firebase' is none of sqlite, firestore" in done.stderr
