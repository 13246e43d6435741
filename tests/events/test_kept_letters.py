"""What Pub/Sub gives up is kept: once, for each consumer, and whatever the message looks like."""

import base64

import pytest

from functions.events.keep_dead_letter import keep_dead_letter
from shared.documents import Query
from shared.edge.pubsub import from_push, undelivered
from shared.events.models import DeadLetter
from shared.identity import PLATFORM

EVENT = {"id": "e1", "type": "com.waooaw.agent.created.v1", "subject": "agents/1"}


def given_up(consumer="mobile.follow_agent", attributes=EVENT, data=b"{}", attempts="5"):
    said = {
        "CloudPubSubDeadLetterSourceSubscription": f"waooaw-dev-agent-events--{consumer}",
        "CloudPubSubDeadLetterSourceDeliveryCount": attempts,
        "CloudPubSubDeadLetterSourceTopicPublishTime": "2026-01-01T12:00:00Z",
    }
    message = {"data": base64.b64encode(data).decode(), "attributes": attributes | said}
    subscription = "projects/p/subscriptions/waooaw-dev-dead-letters--events.keep_dead_letter"
    return undelivered(from_push({"message": message, "subscription": subscription}))


@pytest.fixture
def kept(reacting, documents):
    def keep(*letters):
        for letter in letters:
            keep_dead_letter(reacting(), letter)
        found = documents.find(PLATFORM, Query(DeadLetter.collection))
        return [DeadLetter.model_validate(snapshot.data) for snapshot in found]

    return keep


def test_a_letter_says_what_it_was_and_who_could_not_take_it(kept):
    (letter,) = kept(given_up())
    assert (letter.event_id, letter.type, letter.subject) == tuple(EVENT.values())
    assert (letter.consumer, letter.topic, letter.attempts) == (
        "mobile.follow_agent",
        "agent-events",
        5,
    )
    assert letter.attributes == EVENT, "what the broker added is not sent again"
    assert letter.status == "open"


def test_a_letter_that_comes_twice_is_kept_once(kept):
    assert len(kept(given_up(), given_up())) == 1


def test_two_consumers_of_one_event_leave_two_letters(kept):
    assert len(kept(given_up(), given_up("mobile.notify_agent"))) == 2


def test_what_is_given_up_again_after_it_was_sent_again_is_another_letter(kept):
    assert len(kept(given_up(), given_up(attributes=EVENT | {"replayid": "1"}))) == 2


def test_a_message_that_is_no_event_is_kept_all_the_same(kept):
    (letter,) = kept(given_up(attributes={}, data=b"\xff", attempts="many"))
    assert letter.data == "\ufffd"
    assert letter.attempts == 0
