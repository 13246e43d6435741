"""What the cloud sends a function, as it sends it, through either of what serves it there: the framework, and ours."""

import base64
import json
import os
from dataclasses import replace

import functions_framework
import pytest
from werkzeug.test import Client
from werkzeug.wrappers import Response

from infra.reading import of, told
from shared.bus import envelope
from shared.edge import delivery
from shared.edge.start import application
from tests.bus.conftest import an_entry

SENT = envelope(an_entry(), environment="dev")


def by_the_framework():
    return functions_framework.create_app("serve", "main.py").test_client()


def by_ours():
    return Client(application(os.environ["FUNCTION"]), Response)


@pytest.fixture(params=[by_the_framework, by_ours])
def handed(request, dev, monkeypatch):
    """Serve a function as its service is told to, send it something, and return what was made of it."""
    given = []
    for name in ("deliver", "run", "give_up", "woken"):
        monkeypatch.setattr(delivery, name, lambda *a, _as=name, **m: given.append((_as, a[1:], m)))

    def send(id, **sent):
        (service,) = (one for one in of(dev, "cloudrunv2.Service") if one.name == id)
        for name, value in told(service).items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr("shared.edge.ports.process", lambda: "connected")
        answer = request.param().post("/", **sent)
        assert answer.status_code == 200, answer.text
        return given.pop()

    return send


def pushed(subscription, message, **more):
    """Return a request of a push subscription: its message, and both spellings of what the broker adds."""
    at = "2026-11-29T12:00:00.123Z"
    added = {"messageId": "17", "message_id": "17", "publishTime": at, "publish_time": at}
    body = {
        "message": {
            "data": base64.b64encode(message.data).decode(),
            "attributes": message.attributes | more,
            "orderingKey": message.subject,
            **added,
        },
        "subscription": f"projects/waooaw-dev/subscriptions/{subscription}",
        "deliveryAttempt": 1,
    }
    return {"data": json.dumps(body), "headers": {"Content-Type": "application/json"}}


def test_a_push_of_the_broker_is_delivered_as_it_was_published(handed):
    does, (message, _), _ = handed(
        "mobile.follow_agent", **pushed("waooaw-dev-agent-events--mobile.follow_agent", SENT)
    )
    assert does == "deliver"
    assert replace(message, topic="") == replace(SENT, topic="")


def test_what_the_broker_gave_up_comes_with_who_could_not_take_it(handed):
    gave_up = {
        "CloudPubSubDeadLetterSourceSubscription": "waooaw-dev-agent-events--mobile.follow_agent",
        "CloudPubSubDeadLetterSourceDeliveryCount": "8",
        "CloudPubSubDeadLetterSourceSubscriptionProject": "waooaw-dev",
    }
    does, (given, _), _ = handed(
        "events.keep_dead_letter",
        **pushed("waooaw-dev-dead-letters--events.keep_dead_letter", SENT, **gave_up),
    )
    assert does == "give_up"
    assert replace(given.message, topic="") == replace(SENT, topic="")
    assert (given.consumer, given.attempts) == ("mobile.follow_agent", 8)


def test_what_firestore_says_of_a_document_is_read_off_its_attributes(handed):
    """In binary mode, as Eventarc sends it to a service of Cloud Run; the document itself is no text at all."""
    does, (_, id), how = handed(
        "events.publish_entry",
        data=b"\x0a\x81\xff\xfe document",
        headers={
            "Content-Type": "application/protobuf",
            "ce-id": "e4a7",
            "ce-specversion": "1.0",
            "ce-type": "google.cloud.firestore.document.v1.created",
            "ce-source": "//firestore.googleapis.com/projects/waooaw-dev/databases/(default)",
            "ce-subject": "documents/tenants/acme/entries/7f",
            "ce-time": "2026-11-29T12:00:00.123456Z",
            "ce-dataschema": "https://github.com/googleapis/google-cloudevents/blob/main/proto/google/events/cloud/firestore/v1/data.proto",
            "ce-document": "tenants/acme/entries/7f",
            "ce-database": "(default)",
            "ce-namespace": "(default)",
            "ce-project": "waooaw-dev",
            "ce-location": "asia-south1",
        },
    )
    assert (does, id, how) == ("run", "7f", {"tenant": "acme"})


def test_the_scheduler_wakes_a_reaction_by_the_event_that_its_job_holds(dev, handed):
    for job in of(dev, "cloudscheduler.Job"):
        target = job.inputs["httpTarget"]
        does, given, _ = handed(
            job.name, data=base64.b64decode(target["body"]), headers=target["headers"]
        )
        assert (does, given) == ("woken", ("connected",))
