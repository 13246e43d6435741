"""How a pushed message is read, whoever sends it."""

import base64
import json
from dataclasses import replace

import pytest
from functions_framework import event_conversion
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.test import EnvironBuilder
from werkzeug.wrappers import Request

from shared.bus import envelope, opened
from shared.edge.pubsub import MAX_PUSH_BYTES, from_push
from shared.errors import BadRequest
from tests.bus.conftest import an_entry

MESSAGE = envelope(an_entry(), environment="prod")


def push(**more):
    given = {
        "data": base64.b64encode(MESSAGE.data).decode(),
        "attributes": MESSAGE.attributes,
        "messageId": "1",
        "publishTime": "2026-01-01T12:00:00Z",
        "orderingKey": MESSAGE.subject,
    }
    return {
        "message": given | more,
        "subscription": "projects/p/subscriptions/waooaw-prod-kite-events--fly-kite",
    }


def body(**more):
    return json.dumps(push(**more)).encode()


def test_what_is_pushed_is_what_was_published():
    assert from_push(body()) == MESSAGE
    assert from_push(push()) == MESSAGE


def test_the_functions_framework_hands_over_the_same_but_for_the_subscription():
    builder = EnvironBuilder(path="/", method="POST", data=body(), content_type="application/json")
    event = event_conversion.background_event_to_cloud_event(Request(builder.get_environ()))

    assert from_push(event.data) == replace(MESSAGE, topic="")
    assert opened(from_push(event.data)) == opened(MESSAGE)


def test_a_push_without_an_ordering_key_is_ordered_by_its_subject():
    assert from_push(body(orderingKey="")).subject == MESSAGE.subject


@pytest.mark.parametrize(
    ("subscription", "topic"),
    [
        ("projects/p/subscriptions/waooaw-prod-kite-events--fly", "kite-events"),
        ("projects/p/subscriptions/kite-events--fly", "kite-events"),
        ("projects/p/subscriptions/waooaw-prod-tap--a--b", "tap"),
        ("projects/p/subscriptions/eventarc-europe-fly-sub-123", ""),
        ("waooaw-odd--fly", "odd"),
        ("", ""),
    ],
)
def test_the_topic_is_read_off_the_subscription(subscription, topic):
    assert from_push(push() | {"subscription": subscription}).topic == topic


def test_a_message_may_be_empty():
    received = from_push({"message": {"messageId": "1"}})

    assert (received.topic, received.subject, received.attributes, received.data) == (
        "",
        "",
        {},
        b"",
    )


@pytest.mark.parametrize(
    "pushed",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"{}",
        b"\xff",
        b'{"message": null}',
        b'{"message": []}',
        b'{"message": {"data": "!"}}',
        b'{"message": {"data": 1}}',
        b'{"message": {"data": "\xc3\xa9"}}',
        b'{"message": {"attributes": [1]}}',
        b'{"message": {"attributes": {"id": 1}}}',
        b'{"message": {"orderingKey": 1}}',
        b'{"message": {}, "subscription": 1}',
        b"[" * 50_000,
        {},
        {"message": {"attributes": {1: "a"}}},
        {"message": {"attributes": {f"a{n}": "" for n in range(101)}}},
    ],
)
def test_what_is_no_push_is_refused(pushed):
    with pytest.raises(BadRequest):
        from_push(pushed)


def test_a_push_is_bounded():
    with pytest.raises(BadRequest, match="at most 256 KiB"):
        from_push(body(data="A" * MAX_PUSH_BYTES))


@given(st.binary(max_size=60))
def test_noise_is_refused(noise):
    with pytest.raises(BadRequest):
        from_push(noise)
