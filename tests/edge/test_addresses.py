"""Whatever a part of an address is called, it stays one part of it."""

from contextlib import suppress

import pytest

from shared.bus import Message
from shared.edge.addresses import path
from shared.edge.firestore import FirestoreDocuments
from shared.edge.probe import HttpProbe
from shared.edge.pubsub import PubsubBus
from shared.edge.push import FcmPush
from shared.edge.settings import Settings
from shared.edge.workflows import WorkflowExecutions
from shared.errors import Refusal, Rejected
from tests.edge.provider import Reply
from tests.store.conftest import query

HOSTILE = "a/b?c#d%2F:e é"
QUOTED = "a%2Fb%3Fc%23d%252F%3Ae%20%C3%A9"


def test_each_part_is_quoted():
    assert path("projects", HOSTILE, "(default)") == f"projects/{QUOTED}/(default)"
    for part in (".", ".."):
        with pytest.raises(ValueError, match="leads elsewhere"):
            path("projects", part)


def firestore(address):
    return FirestoreDocuments(HOSTILE, HOSTILE).find("acme", query())


def pubsub(address):
    bus = PubsubBus(HOSTILE, HOSTILE)
    bus.publish([Message(HOSTILE, "a", {}, b"")])


def workflows(address):
    settings = Settings({"PROJECT": HOSTILE, "LOCATION": HOSTILE, "WORKFLOW_EXECUTIONS": address})
    WorkflowExecutions(settings, lambda: "").start(HOSTILE, {})


def push(address):
    FcmPush(HOSTILE, base=address, token=None).send({})


def probe(address):
    HttpProbe(f"{address}/releases/{{release_id}}/health").look(HOSTILE, timeout_s=1)


CALLS = {
    firestore: f"/v1/projects/{QUOTED}/databases/{QUOTED}/documents/tenants/acme:runQuery",
    pubsub: f"/v1/projects/{QUOTED}/topics/waooaw-{QUOTED}-{QUOTED}:publish",
    workflows: f"/v1/projects/{QUOTED}/locations/{QUOTED}/workflows/{QUOTED}/executions",
    push: f"/v1/projects/{QUOTED}/messages:send",
    probe: f"/releases/{QUOTED}/health",
}


@pytest.mark.parametrize("call", CALLS, ids=lambda call: call.__name__)
def test_nothing_that_is_called_is_another_address(provider, monkeypatch, call):
    for name in ("FIRESTORE", "PUBSUB"):
        monkeypatch.setenv(f"{name}_EMULATOR_HOST", provider.address[7:])
    provider.replies = [Reply(404, {"error": {"code": 404, "status": "NOT_FOUND"}})]
    with suppress(Rejected, Refusal):
        call(provider.address)
    (seen,) = provider.seen
    assert seen.path == CALLS[call]
