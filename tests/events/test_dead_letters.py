"""Dead letters: kept, listed, and sent again."""

import pytest

from functions.events.list_dead_letters import Which, list_dead_letters
from functions.events.replay_dead_letter import Replay, replay_dead_letter
from functions.events.resend_message import resend_message
from shared.actors import Role
from shared.documents import Condition, Query
from shared.errors import Conflict
from shared.events.events import DeadLetterReplayed, EventDeadLettered
from shared.events.models import DeadLetter
from shared.promises import Due
from tests.conftest import NOON, FakeRelay

REASON = Replay(reason="the consumer is repaired")


def letter(call_as, n=1, status="open", consumer="agents.start_pipeline"):
    call = call_as(Role.SERVICE, at=n)
    id = f"00000000-0000-4000-8000-{n:012d}"
    with call.transaction() as txn:
        return txn.create(
            DeadLetter(
                id=id,
                tenant_id="platform",
                created_at=call.now,
                updated_at=call.now,
                governance_agent_id="governor",
                event_id=f"event-{n}",
                type="com.waooaw.agent.created.v1",
                subject="agents/x",
                consumer=consumer,
                attempts=5,
                first_at="2026-01-01T12:00:00.000Z",
                last_at=f"2026-01-01T12:{n:02d}:00.000Z",
                error_code="provider_down",
                error="down",
                topic="agent-events",
                attributes={"id": f"event-{n}", "type": "com.waooaw.agent.created.v1"},
                data="{}",
                status=status,
            ),
            EventDeadLettered(
                event_id=f"event-{n}", type="x", consumer=consumer, error_code="provider_down"
            ),
        )


def test_they_are_listed_newest_first_by_status_and_consumer(call_as):
    for n in (1, 2, 3):
        letter(call_as, n, consumer="a.b" if n == 2 else "c.d")

    def listed(**which):
        return [
            one.event_id for one in list_dead_letters(call_as(Role.ADMIN), Which(**which)).items
        ]

    assert listed() == ["event-3", "event-2", "event-1"]
    assert listed(consumer="a.b") == ["event-2"]
    assert listed(status="replayed") == []
    assert listed(status="open", limit=1) == ["event-3"]


def test_a_replayed_letter_is_sent_again_to_its_consumer(call_as, documents, reacting):
    kept = letter(call_as)
    for replay in (1, 2):
        after = replay_dead_letter(call_as(Role.ADMIN, at=5), kept.id, REASON)
        assert (after.status, after.replays) == ("replayed", replay)
    where = (Condition("entity", "==", f"dead_letters/{kept.id}"),)
    dues = documents.find("platform", Query(Due.collection, where))
    assert {due.data["data"]["replay"] for due in dues} == {1, 2}
    relay = FakeRelay()
    event = DeadLetterReplayed.model_validate(dues[0].data["data"])
    resend_message(reacting(f"dead_letters/{kept.id}"), event, relay)
    to = ("agents.start_pipeline", event.replay)
    assert relay.sent == [("agent-events", "platform", "event-1", *to)]


def test_a_letter_of_what_is_gone_is_dropped(call_as, documents, reacting):
    kept = letter(call_as)
    replay_dead_letter(call_as(Role.ADMIN), kept.id, REASON)
    event = DeadLetterReplayed(
        dead_letter_id=kept.id, event_id="event-1", consumer="c", replay=1, reason="r"
    )
    resend_message(reacting(f"dead_letters/{kept.id}"), event, FakeRelay(there=False))
    (dropped,) = list_dead_letters(call_as(Role.ADMIN), Which()).items
    assert dropped.status == "dropped"
    with pytest.raises(Conflict):
        replay_dead_letter(call_as(Role.ADMIN), kept.id, REASON)


def test_a_dropped_letter_stays_dropped(call_as):
    kept = letter(call_as, status="dropped")
    with pytest.raises(Conflict):
        replay_dead_letter(call_as(Role.ADMIN), kept.id, REASON)


def test_a_replay_is_released_at_once(call_as, documents):
    kept = letter(call_as)
    replay_dead_letter(call_as(Role.ADMIN), kept.id, REASON)
    (due,) = documents.find("platform", Query(Due.collection))
    assert due.data["at"] == NOON.strftime("%Y-%m-%dT%H:%M:%S.000Z")
