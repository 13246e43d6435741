"""One malformed row stops nothing: every walk over documents goes on past it, and says so once."""

import logging
from datetime import timedelta
from typing import Any

import pytest

from local.clock import Clock
from local.dispatcher import Dispatcher
from local.timers import DueLoop, ScheduleLoop
from shared.actors import PLATFORM, Role
from shared.bus import envelope
from shared.documents import Key, Query, Write
from shared.edge import walking
from shared.edge.queue import Delivery, delivery_key
from shared.edge.relay import Relay
from shared.evidence import Entry
from shared.promises import Due
from shared.reaction import reaction
from tests.conftest import NOON, trusting
from tests.kernel.test_delivery import (
    ThingGrown,
    bus,
    entries,
    grow,
    ports,
    reacting_to,
    wait_until,
)

__all__ = ["bus", "ports"]

LATER = NOON + timedelta(minutes=5)
EARLY = "2020-01-01T00:00:00.000Z"
OUT = {"published_at": None, "attempts": 0}

MALFORMED: dict[str, list[dict[str, Any]]] = {
    "deliveries": [
        {"first_at": ""},
        {"consumer": "a", "first_at": "", "next_at": "soon"},
        {"id": "another", "first_at": ""},
    ],
    "dues": [
        {"at": EARLY},
        {"at": ""},
        {"at": EARLY, "tenant": "acme", "action": "thing.grown", "data": {}},
    ],
    "events": [
        {"ts": EARLY, "delivery": OUT},
        {"ts": "", "delivery": {"published_at": None}},
        {"ts": EARLY, "eseq": "x", "entity": "things/x", "delivery": OUT},
        {"ts": EARLY, "eseq": 1, "entity": ["things"], "delivery": OUT},
    ],
}


@pytest.fixture(autouse=True)
def untold(monkeypatch):
    monkeypatch.setattr(walking, "_told", set())


def broken(documents, collection, row, times=1):
    """Lay malformed rows before everything else, under ids and in tenants of all kinds."""
    for n in range(times):
        id = f"!{n:03d}"
        documents.commit([Write(Key("acme", collection, id), {"id": id, **row})])


def sweep(documents, bus, call_as):
    grow(call_as(Role.ADMIN))
    Relay(documents, bus, trusting(call_as.signer), lambda: NOON, "local").sweep()
    return len(bus.messages) == 2


def publish(documents, bus, call_as):
    thing = grow(call_as(Role.ADMIN))
    (entry,) = [e for e in entries_of(documents) if e["entity"] == f"things/{thing.id}"]
    Relay(documents, bus, trusting(call_as.signer), lambda: NOON, "local").publish(
        entry["tenant"], entry["id"]
    )
    return len(bus.messages) == 2


def backlog(documents, bus, call_as):
    grow(call_as(Role.ADMIN))
    return (
        Relay(documents, bus, trusting(call_as.signer), lambda: NOON, "local").backlog().oldest_at
        == NOON
    )


def release(documents, bus, call_as):
    grow(call_as(Role.ADMIN), at=LATER)
    return (
        Relay(documents, bus, trusting(call_as.signer), lambda: LATER, "local").release_dues() == 1
    )


def entries_of(documents):
    return [s.data for s in documents.find(PLATFORM, Query(Entry.collection))]


WALKS = [(sweep, "events"), (publish, "events"), (backlog, "events"), (release, "dues")]
CASES = [(walk, name, row) for walk, name in WALKS for row in MALFORMED[name]]


@pytest.mark.parametrize("times", [1, 101])
@pytest.mark.parametrize(("walk", "collection", "row"), CASES)
def test_whoever_walks_the_outbox_goes_on_past_malformed_rows(
    documents, bus, call_as, walk, collection, row, times
):
    broken(documents, collection, row, times)
    assert walk(documents, bus, call_as)


@pytest.mark.parametrize("times", [1, 101])
@pytest.mark.parametrize("row", MALFORMED["dues"])
def test_the_next_promise_is_found_behind_malformed_ones(documents, ports, call_as, row, times):
    ahead = {**row, "at": "2026-01-01T12:00:00.001Z"}
    broken(documents, "dues", ahead, times)
    grow(call_as(Role.ADMIN), at=LATER)
    assert DueLoop(ports, Clock()).next_after(NOON) == LATER


@pytest.mark.parametrize("times", [1, 101])
@pytest.mark.parametrize("row", MALFORMED["deliveries"])
def test_what_an_earlier_process_left_is_delivered_past_malformed_rows(
    documents, ports, call_as, monkeypatch, row, times
):
    declared, done = reacting_to(on=ThingGrown)
    monkeypatch.setattr("local.dispatcher.reactions", lambda: [declared])
    grow(call_as(Role.ADMIN))
    for n in range(times):
        id = f"!{n:03d}"
        documents.commit([Write(delivery_key(id), {"id": id, **row})])
    message = envelope(entries(documents)[0], environment="local")
    good = Delivery(
        id="tests.grow_thing:1",
        consumer="tests.grow_thing",
        topic=message.topic,
        subject=message.subject,
        attributes=message.attributes,
        data=message.data.decode(),
    )
    documents.commit([Write(delivery_key(good.id), good.to_stored())])
    dispatcher = Dispatcher(ports, Clock(), workers=1)
    dispatcher.take([Write(delivery_key("!"), {"id": "!", **row})])
    dispatcher.start()
    wait_until(lambda: done)
    wait_until(dispatcher.idle)
    dispatcher.stop()
    assert len(documents.find(PLATFORM, Query(Delivery.collection))) == min(times, 100)


def test_what_is_passed_over_is_named_once_and_without_its_values(documents, bus, call_as, caplog):
    broken(documents, "dues", {"at": EARLY, "data": {"said": "a secret"}})
    relay = Relay(documents, bus, trusting(call_as.signer), lambda: LATER, "local")
    with caplog.at_level(logging.ERROR):
        assert [relay.release_dues(), relay.release_dues()] == [0, 0]
    (line,) = caplog.records
    assert line.levelname == "ERROR"
    assert "dues '!000'" in line.getMessage()
    assert "secret" not in caplog.text
    assert "acme" not in caplog.text


def test_places_that_nobody_can_ask_for_stop_no_walk(documents):
    """Rows under names that no cursor can hold, as only somebody beside the platform writes them."""
    connection = documents._connect()
    row = "insert into documents values ('!', 'dues', ?, 1, '{\"at\":\"2020\"}')"
    with connection:
        connection.executemany(row, [(f"a/{n}",) for n in range(120)])
    connection.close()
    documents.commit([Write(Key("acme", "dues", "last"), {"at": EARLY})])
    query = Query(Due.collection, order=(("at", "asc"),), limit=50)
    found = [one.key.id for page in walking.pages(documents, None, query) for one in page]
    assert found[-1] == "last"
    assert len(set(found)) == 121


def test_a_schedule_that_fails_holds_up_no_other_and_is_not_run_hot(ports, monkeypatch):
    runs = []

    def failing(call):
        runs.append("failing")
        raise KeyError("entity")

    def working(call):
        runs.append("working")

    for function in (failing, working):
        function.__module__ = f"functions.tests.{function.__name__}"
    declared = [reaction(every=timedelta(minutes=1))(f).declared for f in (failing, working)]
    monkeypatch.setattr("local.timers.reactions", lambda: declared)
    clock = Clock()
    loop = ScheduleLoop(ports, clock)
    again = loop.work()
    assert runs == ["failing", "working"]
    assert timedelta(seconds=1) < again - clock.now() < timedelta(minutes=1)
