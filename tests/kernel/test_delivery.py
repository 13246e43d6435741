"""Events: what is committed gets out, and what arrives is done once."""

from datetime import timedelta
from typing import ClassVar
from uuid import UUID

import pytest

from shared.actors import Role
from shared.bus import due_message, envelope
from shared.documents import Condition, Contended, Query
from shared.edge.delivery import deliver, run
from shared.edge.queue import Delivery
from shared.edge.relay import Relay
from shared.entity import Entity, Event
from shared.errors import Conflict, EnforcementUnavailable, Invalid, ProviderDown
from shared.evidence import Circumstances, Entry, Unproven
from shared.outside import Push, Workflows
from shared.promises import Due
from shared.reaction import Reaction, reaction
from shared.store import Transaction
from tests.conftest import NOON, ports_of, trusting


class Thing(Entity):
    collection: ClassVar[str] = "things"
    size: int = 0


class ThingGrown(
    Event, action="thing.grown", category="configuration_change", topic="agent-events"
):
    by: int


class Bus:
    """A broker in memory, which can be down."""

    def __init__(self):
        self.messages, self.down = [], False

    def publish(self, messages):
        if self.down:
            raise ProviderDown("down")
        self.messages += messages


@pytest.fixture
def bus():
    return Bus()


@pytest.fixture
def ports(documents, signer, bus, workflows, probe):
    relay = Relay(documents, bus, trusting(signer), lambda: NOON, "local")
    return ports_of(
        documents, signer, lambda: NOON, bus=bus, workflows=workflows, probe=probe, relay=relay
    )


def grow(call, id=None, by=1, at=None):
    with call.transaction() as txn:
        thing = txn.get_or_none(Thing, id) if id else None
        if thing is None:
            thing = Thing(
                id=id or call.new_id(),
                tenant_id=call.tenant,
                created_at=call.now,
                updated_at=call.now,
                governance_agent_id="genesis",
                size=by,
            )
            thing = txn.create(thing, ThingGrown(by=by))
        else:
            thing = txn.save(thing.model_copy(update={"size": thing.size + by}), ThingGrown(by=by))
        if at:
            txn.schedule(ThingGrown(by=7), at=at, about=thing)
    return thing


def reacting_to(on=(), due=None):
    """A reaction that grows the thing the event is about."""

    def grow_thing(call, event):
        done.append(event.by)
        grow(call, call.subject_id, 100)

    done = []
    grow_thing.__module__ = "functions.tests.grow_thing"
    return reaction(on=on, due=due)(grow_thing).declared, done


def entries(documents, **where):
    conditions = tuple(Condition(k.replace("__", "."), "==", v) for k, v in where.items())
    query = Query(Entry.collection, conditions, (("eseq", "asc"),))
    return [Entry.model_validate(one.data) for one in documents.find(None, query)]


def test_what_is_committed_is_published_in_the_order_of_its_entity(call_as, documents, bus, ports):
    thing = grow(call_as(Role.ADMIN))
    for by in (2, 3):
        grow(call_as(Role.ADMIN), thing.id, by)
    assert ports.entry_relay.sweep() == 3
    told = [m for m in bus.messages if m.topic == "agent-events"]
    assert [m.attributes["sequence"][-1] for m in told] == ["1", "2", "3"]
    assert len([m for m in bus.messages if m.topic == "tap"]) == 3
    assert ports.entry_relay.sweep() == 0
    assert all(e.delivery.published_at for e in entries(documents))


def test_publishing_one_entry_publishes_what_waits_before_it(call_as, documents, bus, ports):
    thing = grow(call_as(Role.ADMIN))
    grow(call_as(Role.ADMIN), thing.id)
    last = entries(documents)[-1]
    ports.entry_relay.publish("platform", last.id)
    assert [m.attributes["sequence"][-1] for m in bus.messages if m.topic != "tap"] == ["1", "2"]


def test_what_the_broker_did_not_take_is_published_later(call_as, bus, ports):
    grow(call_as(Role.ADMIN))
    bus.down = True
    with pytest.raises(ProviderDown):
        ports.entry_relay.sweep()
    bus.down = False
    assert ports.entry_relay.sweep() == 1


def test_marking_an_entry_as_published_leaves_its_hash_alone(call_as, ports, breaks):
    grow(call_as(Role.ADMIN))
    assert ports.entry_relay.sweep() == 1
    assert breaks() == []


def test_an_event_that_comes_twice_is_done_once(call_as, documents, ports):
    declared, done = reacting_to(on=ThingGrown)
    thing = grow(call_as(Role.ADMIN))
    (entry,) = entries(documents)
    message = envelope(entry, environment="local")
    assert deliver(declared, message, ports) is True
    assert deliver(declared, message, ports) is False
    assert done == [1]
    assert [e.eseq for e in entries(documents, entity=f"things/{thing.id}")] == [1, 2]


def test_a_reaction_continues_the_story(call_as, documents, ports):
    declared, _ = reacting_to(on=ThingGrown)
    grow(call_as(Role.ADMIN))
    (entry,) = entries(documents)
    deliver(declared, envelope(entry, environment="local"), ports)
    after = entries(documents)[-1]
    assert after.correlation_id == entry.correlation_id
    assert after.causation_id == entry.id
    assert after.operation == "tests.grow_thing"
    assert after.actor.type == "service"


def test_a_reaction_that_fails_leaves_nothing_and_is_done_when_it_comes_again(
    call_as, documents, ports
):
    failing = [True]

    def stumble(call, event):
        grow(call, call.subject_id, 100)
        if failing:
            raise ProviderDown("not now")

    stumble.__module__ = "functions.tests.stumble"
    declared = reaction(on=ThingGrown)(stumble).declared
    grow(call_as(Role.ADMIN))
    (entry,) = entries(documents)
    message = envelope(entry, environment="local")
    with pytest.raises(ProviderDown):
        deliver(declared, message, ports)
    assert len(entries(documents)) == 1
    failing.clear()
    assert deliver(declared, message, ports) is True
    assert len(entries(documents)) == 2


def test_a_contended_reaction_runs_again(call_as, documents, ports):
    declared, done = reacting_to(on=ThingGrown)
    thing = grow(call_as(Role.ADMIN))
    (entry,) = entries(documents)
    commit, raced = documents.commit, []

    def contended(writes):
        if not raced:
            raced.append(1)
            raise Contended
        commit(writes)

    documents.commit = contended
    deliver(declared, envelope(entry, environment="local"), ports)
    assert done == [1, 1]
    assert len(entries(documents, entity=f"things/{thing.id}")) == 2


def listening(see, **how):
    """A reaction that does what *see* does, and the message of a thing that grew."""
    see.__module__ = "functions.tests.see"
    return reaction(on=ThingGrown, **how)(see).declared


def told(call_as, documents):
    grow(call_as(Role.ADMIN))
    return envelope(entries(documents)[-1], environment="local")


def test_what_found_nothing_to_do_is_not_done_later(call_as, documents, ports):
    big = []

    def see(call, event):
        with call.transaction() as txn:
            if big:
                thing = txn.get(Thing, call.subject_id)
                txn.save(thing.model_copy(update={"size": 0}), ThingGrown(by=-thing.size))

    declared, message = listening(see), told(call_as, documents)
    assert deliver(declared, message, ports) is True
    big.append(True)
    assert deliver(declared, message, ports) is False
    assert len(entries(documents)) == 1


def test_what_looked_at_nothing_but_the_event_is_not_noted(call_as, documents, ports):
    seen = []

    def see(call, event):
        seen.append(event.by)

    declared, message = listening(see), told(call_as, documents)
    assert [deliver(declared, message, ports) for _ in range(2)] == [True, True]
    assert documents.find(None, Query("inbox")) == []


def test_what_reached_outside_is_not_done_again(call_as, documents, ports):
    def see(call, event, workflows: Workflows):
        workflows.start("w", {})

    declared, message = listening(see), told(call_as, documents)
    assert [deliver(declared, message, ports) for _ in range(2)] == [True, False]
    assert ports.workflows.started == [("w", {})]


@pytest.mark.parametrize("state", [{"level": "off", "says": "no rules"}, {"frozen": True}])
def test_what_acts_in_the_world_waits_until_it_is_governed(call_as, documents, ports, state):
    """Workflows are not started and nobody is called, while people still get their notices."""
    message, effective = told(call_as, documents), ports.enforcement.now
    workflows, push = ports.workflows, ports.push

    def starts(call, event, workflows: Workflows):
        workflows.start("a", {})

    def pushes(call, event, push: Push):
        push.send({"token": "t"})

    start, send = listening(starts), listening(pushes)
    pushes.__module__ = "functions.tests.push"
    ports.enforcement.now = effective.model_copy(update=state)
    with pytest.raises(EnforcementUnavailable):
        deliver(start, message, ports)
    assert deliver(send, message, ports)
    assert (workflows.started, len(push.messages)) == ([], 1)
    ports.enforcement.now = effective
    assert deliver(start, message, ports)
    assert len(workflows.started) == 1


def test_what_may_be_repeated_is_not_noted(call_as, documents, ports):
    def see(call, event):
        with call.transaction() as txn:
            txn.get(Thing, call.subject_id)

    declared, message = listening(see, repeatable=True), told(call_as, documents)
    assert [deliver(declared, message, ports) for _ in range(2)] == [True, True]
    assert documents.find(None, Query("inbox")) == []


def test_a_promise_is_kept_once_and_not_before_its_time(call_as, documents, bus, ports):
    declared, done = reacting_to(due=ThingGrown)
    grow(call_as(Role.ADMIN), at=NOON + timedelta(minutes=5))
    assert ports.due_relay.release_dues() == 0
    (found,) = documents.find(None, Query(Due.collection))
    message = due_message(Due.model_validate(found.data))
    ports.due_relay = Relay(
        documents, bus, ports.trusted, lambda: NOON + timedelta(minutes=5), "local"
    )
    assert ports.due_relay.release_dues() == 1
    assert bus.messages == [message]
    with pytest.raises(Unproven, match="comes again then"):
        deliver(declared, message, ports)
    ports.clock = lambda: NOON + timedelta(minutes=5)
    assert deliver(declared, message, ports) is True
    assert deliver(declared, message, ports) is False
    assert done == [7]
    assert documents.find(None, Query(Due.collection)) == []


def test_a_malformed_message_is_refused(call_as, documents, ports):
    declared, done = reacting_to(on=ThingGrown)
    grow(call_as(Role.ADMIN))
    (entry,) = entries(documents)
    good = envelope(entry, environment="local")
    for change in ({"type": "x"}, {"id": ""}, {"tenantid": ""}):
        bad = type(good)(good.topic, good.subject, good.attributes | change, good.data)
        with pytest.raises(Invalid):
            deliver(declared, bad, ports)
    assert done == []


def test_a_reaction_to_a_stored_document_gets_its_id_in_its_tenant(ports):
    seen = []

    def look(call, id):
        seen.append((call.tenant, id))

    look.__module__ = "functions.tests.look"
    declared = reaction(stored=Entry)(look).declared
    run(declared, ports, "an-id", tenant="acme")
    assert seen == [("acme", "an-id")]


def test_what_the_clock_began_runs_again_where_somebody_was_faster(documents, ports, monkeypatch):
    commit, tried = documents.commit, []

    def contended_once(writes):
        tried.append(writes)
        if len(tried) == 1:
            raise Contended("somebody was faster")
        commit(writes)

    def grows(call):
        grow(call)

    monkeypatch.setattr(documents, "commit", contended_once)
    grows.__module__ = "functions.tests.grows"
    run(reaction(every=timedelta(minutes=1))(grows).declared, ports)
    assert len(tried) == 2
    assert len(entries(documents)) == 1


def test_what_no_event_began_begins_a_story_which_all_that_follows_goes_on_with(documents, ports):
    def start(call, id):
        grow(call, at=NOON + timedelta(minutes=5))

    start.__module__ = "functions.tests.start"
    run(reaction(stored=Entry)(start).declared, ports, "an-id", tenant="acme")
    (entry,) = entries(documents)
    assert UUID(entry.correlation_id)
    [due] = [Due.from_stored(one.data) for one in documents.find(None, Query(Due.collection))]
    assert due.correlation_id == entry.correlation_id


def test_no_event_is_without_a_story(call_as, documents, signer):
    by = call_as(Role.ADMIN).actor
    nowhere = Circumstances(actor=by, at=NOON, operation="tests.call", correlation_id="")
    txn = Transaction(documents, signer, tenant="platform", circumstances=nowhere)
    thing = Thing(
        id="1",
        tenant_id="platform",
        created_at=NOON,
        updated_at=NOON,
        governance_agent_id="genesis",
    )
    with pytest.raises(RuntimeError, match="to which story"):
        txn.create(thing, ThingGrown(by=1))


def test_the_real_relay_functions_use_the_relay(reacting, call_as, documents, bus, ports):
    from functions.events.publish_entry import publish_entry
    from functions.events.release_dues import release_dues
    from functions.events.sweep_entries import sweep_entries

    grow(call_as(Role.ADMIN), at=NOON)
    (entry,) = entries(documents)
    call = reacting()
    publish_entry(call, entry.id, ports.entry_relay)
    assert len(bus.messages) == 2
    sweep_entries(call, ports.entry_relay)
    assert len(bus.messages) == 2
    release_dues(call, ports.due_relay)
    assert bus.messages[-1].topic == "dues"


# --- on one machine --------------------------------------------------------------------------------


def test_the_queue_keeps_a_message_for_each_consumer_once(tmp_path, documents, call_as):
    from shared.edge.queue import QueueBus, consumers

    (topic, name), ids = next(iter(consumers().items()))
    bus = QueueBus(documents, tmp_path / "tap.jsonl")
    grow(call_as(Role.ADMIN))
    (entry,) = entries(documents)
    told = envelope(entry, environment="local")
    message = type(told)(topic, told.subject, told.attributes | {"type": name}, told.data)
    bus.publish([message])
    bus.publish([message])
    found = documents.find("platform", Query(Delivery.collection))
    assert sorted(one.data["consumer"] for one in found) == sorted(ids)
    assert Delivery.model_validate(found[0].data).message == message


@pytest.fixture
def stumbling(documents, call_as, ports, monkeypatch):
    """A dispatcher with one message, whose consumer says something as often as it is tried."""
    from local.clock import Clock
    from local.dispatcher import Dispatcher

    clock, tried = Clock(), []

    def stumble(call, event):
        tried.append(1)
        raise says[0]

    says = [ProviderDown("not now")]
    stumble.__module__ = "functions.tests.stumble"
    declared: Reaction = reaction(on=ThingGrown)(stumble).declared
    monkeypatch.setattr("local.dispatcher.reactions", lambda: [declared])
    ports.clock = clock.now
    grow(call_as(Role.ADMIN, at=(clock.now() - NOON).total_seconds() / 60))
    (entry,) = entries(documents)
    told = envelope(entry, environment="local")
    delivery = Delivery(
        id=f"tests.stumble:{entry.id}",
        consumer="tests.stumble",
        topic=told.topic,
        subject=told.subject,
        attributes=told.attributes,
        data=told.data.decode(),
    )
    from shared.documents import Write
    from shared.edge.queue import delivery_key

    write = Write(delivery_key(delivery.id), delivery.model_dump(mode="json"))
    documents.commit([write])
    dispatcher = Dispatcher(ports, clock, workers=2)
    dispatcher.start()

    def paused(times):
        pauses = []
        for _ in range(times):
            wait_until(dispatcher.idle)
            then = dispatcher.next_at()
            if then is None:
                break
            pauses.append(round((then - clock.now()).total_seconds()))
            clock.jump(then)
        wait_until(dispatcher.idle)
        return pauses

    yield says, tried, paused
    dispatcher.stop()


def test_the_dispatcher_retries_and_then_keeps_a_dead_letter(stumbling, documents):
    _, tried, paused = stumbling
    assert paused(8) == [10, 20, 40, 80, 160, 320, 600]
    assert len(tried) == 8
    (letter,) = documents.find("platform", Query("dead_letters"))
    assert letter.data["error_code"] == "provider_down"
    assert letter.data["attempts"] == 8
    assert documents.find("platform", Query(Delivery.collection)) == []


def test_what_may_not_be_done_now_waits_for_as_long_as_that_takes(stumbling, documents):
    says, tried, paused = stumbling
    wait_until(lambda: tried)
    says[0] = EnforcementUnavailable("everything is frozen", rule="frozen")
    assert paused(20) == [10] + [600] * 19
    assert documents.find("platform", Query("dead_letters")) == []
    (waits,) = documents.find("platform", Query(Delivery.collection))
    assert waits.data["attempts"] == 1


def test_a_refused_message_is_a_dead_letter_at_once():
    from shared.events.rules import again_in_s, hopeless

    assert hopeless(Conflict("no"))
    assert not hopeless(ProviderDown("later"))
    assert not hopeless(ValueError())
    assert [again_in_s(n) for n in (1, 2, 7, 8)] == [10, 20, 600, None]


def wait_until(true, timeout_s=5.0):
    import time

    end = time.monotonic() + timeout_s
    while not true():
        assert time.monotonic() < end, "it took too long"
        time.sleep(0.002)
