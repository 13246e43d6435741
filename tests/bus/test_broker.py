"""
This machine on Google's Pub/Sub emulator: what fails for a while is no dead letter.

The emulator (0.8.20) pushes what must stay in order again about each second, whatever the subscription's retry policy
says (10 to 600 seconds here); pushes of other keys go on meanwhile.
"""

import time
from datetime import timedelta

import pytest

from local import broker
from local.broker import Broker
from local.clock import Clock
from shared.bus import envelope
from shared.documents import Query
from shared.edge.pubsub import PubsubBus
from shared.edge.settings import Settings
from shared.errors import Conflict, EnforcementUnavailable, ProviderDown
from shared.events.models import DeadLetter
from shared.events.rules import ATTEMPTS
from shared.evidence import Entry
from shared.reaction import reaction
from tests.bus.conftest import Kite, KiteFlown
from tests.conftest import NOON, ports_of
from tests.emulators import fresh_project, needs_emulator
from tests.rehearsals.scene import until

pytestmark = [*needs_emulator, pytest.mark.slow]

A_PUSH_S = 1.2
"""The emulator pushes again within this."""


class Flyer:
    """A reaction to kites, which fails while it is told to; it remembers each time it ran."""

    def __init__(self):
        self.failing, self.ran = {}, []

        def fly_kite(call, event):
            self.ran.append(event.note)
            if event.note in self.failing:
                raise self.failing[event.note]

        fly_kite.__module__ = "functions.tests.fly_kite"
        self.declared = reaction(on=(KiteFlown,))(fly_kite).declared


@pytest.fixture
def flyer(monkeypatch):
    flyer = Flyer()
    monkeypatch.setattr(broker, "_listening", lambda: [flyer.declared])
    monkeypatch.setattr(broker, "takers", lambda message: [flyer.declared.id])
    return flyer


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def here(flyer, clock, documents, signer, pubsub_emulator, tmp_path):
    project = fresh_project()
    settings = Settings({"DATA": str(tmp_path), "PROJECT": project, "BUS": "pubsub"})
    here = Broker(settings, clock, PubsubBus(project, settings.environment))
    here.start(ports_of(documents, signer, clock.now, bus=here))
    yield here
    here.stop()


@pytest.fixture
def fly(here, documents, call_as, clock):
    """Let kites fly, one event each, and announce them; those of one name are of one kite."""
    kites = {}

    def announced(*notes):
        for note in notes:
            kite = kites.get(note[0])
            call = call_as(at=(clock.now() - NOON).total_seconds() / 60)
            with call.transaction() as txn:
                event = KiteFlown(height_mm=1, note=note)
                if kite is None:
                    made = Kite(
                        id=call.new_id(),
                        tenant_id=call.tenant,
                        created_at=call.now,
                        updated_at=call.now,
                        governance_agent_id="governor",
                        name=note,
                    )
                    kites[note[0]] = txn.create(made, event)
                else:
                    kites[note[0]] = txn.save(txn.get(Kite, kite.id), event)
        found = documents.find("platform", Query(Entry.collection, order=(("ts", "asc"),)))
        entries = [Entry.model_validate(one.data) for one in found]
        of = {entry.data["note"]: envelope(entry, environment="local") for entry in entries}
        here.publish([of[note] for note in notes])

    return announced


def letters(documents):
    return documents.find(None, Query(DeadLetter.collection))


def test_a_short_outage_is_no_dead_letter(here, flyer, fly, documents, clock):
    flyer.failing["a1"] = ProviderDown("away for some seconds")
    fly("a1", "a2")
    until(lambda: flyer.ran)
    time.sleep(4 * A_PUSH_S)
    assert flyer.ran == ["a1"], "it was tried again before its time"
    assert here.idle()

    flyer.failing.clear()
    assert timedelta(seconds=3) < here.next_at() - clock.now() <= timedelta(seconds=10)
    clock.jump(here.next_at())
    assert not here.idle()
    until(here.idle)
    assert flyer.ran == ["a1", "a1", "a2"]
    assert letters(documents) == []
    assert here.next_at() is None


def test_what_fails_for_the_whole_time_of_the_policy_is_kept(here, flyer, fly, documents, clock):
    flyer.failing["a1"] = ProviderDown("away for good")
    begun = clock.now()
    fly("a1", "a2")
    while not letters(documents):
        until(lambda: here.idle() and (here.next_at() or letters(documents)))
        if here.next_at():
            clock.jump(here.next_at())
    until(here.idle)
    assert flyer.ran == ["a1"] * ATTEMPTS + ["a2"]
    (kept,) = letters(documents)
    assert kept.data["attempts"] == ATTEMPTS
    assert clock.now() - begun >= timedelta(minutes=20)


def test_what_may_not_be_done_now_waits_for_as_long_as_that_takes(
    here, flyer, fly, documents, clock
):
    flyer.failing["a1"] = EnforcementUnavailable("everything is frozen", rule="frozen")
    fly("a1")
    for _ in range(ATTEMPTS + 2):
        until(lambda: here.idle() and here.next_at())
        clock.jump(here.next_at())
    flyer.failing.clear()
    assert letters(documents) == []


def test_others_do_not_wait_for_what_fails(here, flyer, fly, documents):
    flyer.failing["a1"] = ProviderDown("away")
    fly("a1", "b1", "a2", "b2")
    until(lambda: {"a1", "b1", "b2"} <= set(flyer.ran))
    assert "a2" not in flyer.ran
    assert letters(documents) == []


def test_what_is_refused_for_good_is_kept_at_once(here, flyer, fly, documents):
    flyer.failing["a1"] = Conflict("never")
    fly("a1")
    until(here.idle)
    assert flyer.ran == ["a1"]
    assert len(letters(documents)) == 1
