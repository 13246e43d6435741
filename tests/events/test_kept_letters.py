"""What Pub/Sub gives up is kept: once, for each consumer, and whatever the message looks like."""

import base64
from types import SimpleNamespace

import pytest

from functions.events.keep_dead_letter import keep_dead_letter
from functions.events.list_dead_letters import Which, list_dead_letters
from functions.events.replay_dead_letter import Replay, replay_dead_letter
from shared.actors import PLATFORM, Role
from shared.bus import envelope
from shared.documents import Condition, Query
from shared.edge.entry import listener
from shared.edge.pubsub import from_push, undelivered
from shared.errors import Conflict
from shared.events import rules
from shared.events.models import DeadLetter
from shared.evidence import Entry
from shared.promises import Due
from tests.conftest import FakeEnforcing
from tests.kernel.test_delivery import bus, entries, grow, ports

__all__ = ["bus", "ports"]

EVENT = {"id": "e1", "type": "com.waooaw.agent.created.v1", "subject": "agents/1"}
CONSUMER = "mobile.follow_agent"
DEAD = "projects/p/subscriptions/waooaw-dev-dead-letters--events.keep_dead_letter"


def message(attributes, data, consumer=CONSUMER, attempts="5"):
    said = {
        "CloudPubSubDeadLetterSourceSubscription": f"waooaw-dev-agent-events--{consumer}",
        "CloudPubSubDeadLetterSourceDeliveryCount": attempts,
        "CloudPubSubDeadLetterSourceTopicPublishTime": "2026-01-01T12:00:00Z",
    }
    return {"data": base64.b64encode(data).decode(), "attributes": attributes | said}


def given_up(consumer=CONSUMER, attributes=EVENT, data=b"{}", attempts="5"):
    pushed = {"message": message(attributes, data, consumer, attempts), "subscription": DEAD}
    return undelivered(from_push(pushed))


@pytest.fixture
def enforcing():
    return FakeEnforcing()


@pytest.fixture
def kept(reacting, documents, enforcing):
    def keep(*letters):
        for letter in letters:
            keep_dead_letter(reacting(), letter, enforcing)
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


@pytest.mark.parametrize("held", [{"frozen": True}, {"level": "off", "rule": "bundle_missing"}])
def test_what_is_given_up_while_nothing_may_be_done_is_sent_again_by_itself(
    kept, enforcing, documents, held
):
    enforcing.now = enforcing.now.model_copy(update=held)
    for times in (1, 2):
        again = given_up(attributes=EVENT | ({"replayid": "1"} if times == 2 else {}))
        (letter,) = kept(again, again)
        assert (letter.status, letter.replays) == ("replayed", times)
        dues = documents.find(PLATFORM, Query(Due.collection))
        assert [one.data["at"] for one in dues] == ["2026-01-01T12:15:00.000Z"] * times
    enforcing.now = FakeEnforcing().now
    (letter,) = kept(given_up(attributes=EVENT | {"replayid": "2"}))
    assert letter.status == "open"


def test_a_letter_that_comes_twice_is_kept_once(kept):
    assert len(kept(given_up(), given_up())) == 1


def test_two_consumers_of_one_event_leave_two_letters(kept):
    assert len(kept(given_up(), given_up("mobile.notify_agent"))) == 2


def test_a_message_that_is_no_event_is_kept_all_the_same(kept):
    (letter,) = kept(given_up(attributes={}, data=b"\xff", attempts="many"))
    assert letter.data == "\ufffd"
    assert letter.attempts == 0


def test_a_letter_of_a_consumer_with_an_endless_name_is_kept_too(kept):
    (letter,) = kept(given_up("x" * 1000))
    assert letter.consumer == "x" * 100


# --- what is proven --------------------------------------------------------------------------------


@pytest.fixture
def world(ports, call_as, documents):
    """Give up as the broker does, through the platform's own door, what it says of a true event."""
    grow(call_as(Role.ADMIN))
    (entry,) = entries(documents)
    told = envelope(entry, environment="local")
    keeping = listener(keep_dead_letter.declared, lambda: ports)

    def give_up(data=told.data, **attributes):
        pushed = {"message": message(told.attributes | attributes, data), "subscription": DEAD}
        keeping(SimpleNamespace(data=pushed))
        found = documents.find(PLATFORM, Query(DeadLetter.collection))
        return [DeadLetter.model_validate(snapshot.data) for snapshot in found]

    return give_up


def test_a_true_event_that_was_given_up_can_be_sent_again(world):
    (letter,) = world()
    assert (letter.proven, letter.error_code, letter.attempts) == (True, "undelivered", 5)
    assert rules.replayed(letter).status == "replayed"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"data": b'{"by":100}'}, "unproven"),
        ({"actor": "governor:somebody"}, "unproven"),
        ({"tenantid": "acme"}, "unproven"),
        ({"id": "00000000-0000-4000-8000-0000000000ff"}, "unproven"),
        ({"type": "com.waooaw.thing.shrunk.v1"}, "validation_failed"),
        ({"id": ""}, "validation_failed"),
        ({"data": b"[]"}, "validation_failed"),
    ],
)
def test_what_nothing_proves_is_kept_as_what_it_is_and_never_sent_again(world, change, code):
    (letter,) = world(**change)
    assert (letter.proven, letter.error_code) == (False, code)
    with pytest.raises(Conflict) as refused:
        rules.replayed(letter)
    assert refused.value.violations[0].rule == "dead_letter_unproven"


def test_a_forgery_is_critical_evidence(world, documents):
    world()
    world(data=b'{"by":100}')
    where = (Condition("action", "==", "event.dead_lettered"),)
    told = [one.data for one in documents.find(PLATFORM, Query(Entry.collection, where))]
    said = {one["data"]["error_code"]: (one["severity"], one["outcome"]) for one in told}
    assert said == {"undelivered": ("error", "failure"), "unproven": ("critical", "failure")}


def test_a_forged_letter_takes_no_true_ones_place(world):
    world(data=b'{"by":100}')
    assert sorted(one.proven for one in world()) == [False, True]


def test_no_number_of_forgeries_is_told_as_one(world):
    world(data=b'{"by":100}')
    assert len(world(data=b'{"by":101}')) == 2
    assert len(world(data=b'{"by":101}')) == 2


# --- what is given up again ------------------------------------------------------------------------


def replayed(call_as, at=1):
    call = call_as(Role.ADMIN, at=at)
    (letter,) = list_dead_letters(call_as(Role.ADMIN), Which()).items
    return replay_dead_letter(call, letter.id, Replay(reason="the consumer is repaired"))


def test_what_is_given_up_again_opens_its_letter_again(world, call_as):
    world()
    assert replayed(call_as).status == "replayed"
    (letter,) = world(consumer=CONSUMER, replayid="1")
    assert (letter.status, letter.attempts, letter.replays) == ("open", 10, 1)
    (letter,) = world(consumer=CONSUMER, replayid="1")
    assert letter.attempts == 10, "the same giving up, told twice"


def test_an_earlier_giving_up_that_is_told_late_changes_nothing(world, call_as):
    world()
    replayed(call_as)
    assert [one.status for one in world()] == ["replayed"]
    replayed(call_as, at=2)
    assert [one.status for one in world(consumer=CONSUMER, replayid="1")] == ["replayed"]
