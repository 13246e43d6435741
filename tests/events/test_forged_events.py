"""Nobody commands a reaction: what is not stored, or not stored so, is not done."""

from dataclasses import replace
from datetime import timedelta

import pytest

from local.clock import Clock
from local.dispatcher import Dispatcher
from shared.actors import Role
from shared.bus import due_message, envelope
from shared.documents import Key, Query, Write
from shared.edge import walking
from shared.edge.delivery import deliver
from shared.edge.keys import FileSigner
from shared.edge.proof import announced
from shared.edge.queue import Delivery, delivery_key
from shared.entity import Event
from shared.errors import Invalid
from shared.events.models import HOT
from shared.evidence import Entry, Unproven, signed_bytes
from shared.promises import Due
from tests.conftest import NOON
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

UNKNOWN = "00000000-0000-4000-8000-0000000000ff"
LATER = NOON + timedelta(minutes=5)


@pytest.fixture(autouse=True)
def untold(monkeypatch):
    monkeypatch.setattr(walking, "_told", set())


class ThingShrunk(
    Event, action="thing.shrunk", category="configuration_change", topic="agent-events"
):
    by: int


CLAIMS = {
    "id": UNKNOWN,
    "type": "com.waooaw.thing.shrunk.v1",
    "subject": f"things/{UNKNOWN}",
    "tenantid": "acme",
    "time": "2026-01-01T12:00:00.001Z",
    "sequence": "000000000002",
    "correlationid": "another-story",
    "causationid": "req:another",
    "actor": "governor:somebody",
    "entryhash": "0" * 64,
    "dataschema": "urn:waooaw:event:thing.grown:2",
}
"""Every attribute that says something about the event, and what a forger would rather have it say."""

FORM = {"specversion", "source", "datacontenttype"}
"""What says how to read it, and is not given to a reaction."""

DATA = [b'{"by":2}', b'{"by": 1}', b'{"by":1,"to":"x"}', b'{"by":1.0}', b"{}", b'{"by":1,"by":1}']


@pytest.fixture
def told(call_as, documents):
    """The message of one true event, and what a reaction to it did."""
    grow(call_as(Role.ADMIN, causation_id="req:r-1"))
    (entry,) = entries(documents)
    return envelope(entry, environment="local")


@pytest.fixture
def refused(documents, ports):
    """Deliver a message that must not count, and see that nothing came of it."""
    declared, done = reacting_to(on=(ThingGrown, ThingShrunk))

    def deliver_it(message, error=Unproven):
        before = len(entries(documents))
        with pytest.raises(error) as found:
            deliver(declared, message, ports)
        assert done == []
        assert len(entries(documents)) == before
        assert documents.find(None, Query("inbox")) == []
        return str(found.value)

    return deliver_it


def forged(message, **attributes):
    subject = attributes.get("subject", message.subject)
    if "type" in attributes:
        attributes["dataschema"] = "urn:waooaw:event:thing.shrunk:1"
    return replace(message, subject=subject, attributes=message.attributes | attributes)


def test_every_attribute_is_a_claim_or_form(told):
    assert set(told.attributes) == CLAIMS.keys() | FORM


@pytest.mark.parametrize("name", CLAIMS)
def test_a_message_that_says_something_else_than_its_entry_is_refused(told, refused, name):
    why = refused(forged(told, **{name: CLAIMS[name]}))
    assert told.attributes["id"] in why or UNKNOWN in why


@pytest.mark.parametrize("name", [name for name in CLAIMS if name != "dataschema"])
def test_a_message_that_leaves_something_out_is_refused(told, refused, name):
    attributes = {key: value for key, value in told.attributes.items() if key != name}
    refused(replace(told, attributes=attributes), (Unproven, Invalid))


@pytest.mark.parametrize("data", DATA)
def test_other_data_is_refused_to_the_letter(told, refused, data):
    assert "data" in refused(replace(told, data=data))


def test_an_entry_of_another_event_proves_nothing(told, refused, call_as, documents, signer):
    grow(call_as(Role.ADMIN))
    other = next(one for one in entries(documents) if one.id != told.attributes["id"])
    refused(forged(told, id=other.id))
    refused(forged(told, id=other.id, entryhash=other.hash, subject=other.entity, sequence="2"))


def test_what_says_how_to_read_it_is_given_to_nobody(told, ports):
    declared, done = reacting_to(on=ThingGrown)
    changed = dict.fromkeys(FORM - {"specversion"}, "anything") | {"replayid": "9"}
    assert deliver(declared, forged(told, **changed), ports) is True
    assert done == [1]


def moved(documents, entry, key=None, **changes):
    """Store an entry as a holder of the database might: elsewhere, or changed."""
    key = key or Key(entry.tenant, Entry.collection, entry.id)
    documents.commit([Write(key, entry.to_stored() | changes)])


@pytest.mark.parametrize(
    "change",
    [
        {"data": {"by": 100}},
        {"data": {}},
        {"action": "thing.shrunk"},
        {"entity": f"things/{UNKNOWN}"},
        {"actor": {"type": "governor", "id": "somebody", "key": None}},
        {"operation": "tests.other"},
        {"sig": "A" * 86},
        {"topic": None},
        {"tenant": "acme"},
        {"id": UNKNOWN},
        {"eseq": "1"},
    ],
    ids=lambda change: next(iter(change)),
)
def test_an_entry_that_was_changed_since_proves_nothing(told, refused, documents, change):
    moved(documents, *entries(documents), **change)
    refused(told)


def signed_as(entry, signer, **changes):
    """Make an entry over as *signer* would have written it."""
    made = entry.to_stored() | changes
    kid, sig = signer.sign(signed_bytes(made))
    return Entry.from_stored(made | {"kid": kid, "sig": sig})


@pytest.fixture
def stranger(tmp_path):
    return FileSigner(tmp_path / "stranger.pem")


FORGERIES = {
    "signed by nobody": lambda entry, _: entry.model_copy(update={"kid": "attacker", "sig": "A"}),
    "with no signature": lambda entry, _: entry.model_copy(update={"sig": ""}),
    "with what is no signature": lambda entry, _: entry.model_copy(update={"sig": "é" * 86}),
    "with another's signature": lambda entry, _: entry.model_copy(update={"data": {"by": 100}}),
    "signed by its own key": signed_as,
    "signed by its own key in our name": lambda entry, other: signed_as(entry, other).model_copy(
        update={"kid": entry.kid}
    ),
}


@pytest.mark.parametrize("how", FORGERIES)
def test_a_whole_entry_that_no_trusted_key_signed_is_neither_believed_nor_published(
    documents, ports, refused, told, bus, caplog, stranger, how
):
    (entry,) = entries(documents)
    forgery = FORGERIES[how](entry, stranger)
    moved(documents, forgery)
    assert "trusted" in refused(envelope(forgery, environment="local"))
    with pytest.raises(Unproven, match="trusted"):
        ports.letter_relay.resend(
            "agent-events", entry.tenant, entry.id, consumer="tests.grow_thing", replay=1
        )
    ports.entry_relay.publish(entry.tenant, entry.id)
    assert ports.entry_relay.sweep() == 0
    assert bus.messages == []
    assert f"events '{entry.id}'" in caplog.text


def test_an_entry_that_a_trusted_key_signed_is_believed_however_it_came(
    documents, ports, told, signer
):
    """So that the forgeries above fail for their signatures and for nothing else."""
    (entry,) = entries(documents)
    again = signed_as(entry, signer, data={"by": 100})
    moved(documents, again)
    message = envelope(again, environment="local")
    assert announced(message, documents, ports.trusted, now=NOON).data == {"by": 100}
    assert ports.entry_relay.sweep() == 1


def test_a_forgery_does_not_hold_up_what_is_behind_it(documents, ports, told, bus, call_as):
    (entry,) = entries(documents)
    for n in range(101):
        id = f"00000000-0000-4000-8000-{n:012d}"
        moved(documents, entry.model_copy(update={"id": id, "ts": "2020-01-01T00:00:00.000Z"}))
    assert ports.entry_relay.sweep() == 1
    assert len(bus.messages) == 2


def test_an_entry_that_is_gone_proves_nothing(told, refused, documents):
    (entry,) = entries(documents)
    documents.commit([Write(Key(entry.tenant, Entry.collection, entry.id), None)])
    refused(told)


def test_an_entry_copied_to_another_place_proves_nothing_there(told, refused, documents):
    (entry,) = entries(documents)
    moved(documents, entry, Key("acme", Entry.collection, entry.id))
    assert "belongs somewhere else" in refused(forged(told, tenantid="acme"))
    moved(documents, entry, Key(entry.tenant, Entry.collection, UNKNOWN))
    assert "belongs somewhere else" in refused(forged(told, id=UNKNOWN))


def test_an_entry_about_another_tenants_entity_proves_nothing(told, refused, documents):
    (entry,) = entries(documents)
    strange = entry.model_copy(update={"entity": f"things/acme.{UNKNOWN}"})
    moved(documents, strange)
    refused(envelope(strange, environment="local"), Invalid)


def test_what_is_older_than_it_is_remembered_is_refused(told, ports, refused):
    ports.clock = lambda: NOON + HOT + timedelta(milliseconds=1)
    assert "90 days" in refused(told)


def test_it_is_remembered_who_has_done_it_for_as_long_as_it_could_be_done(told, documents, ports):
    declared, _ = reacting_to(on=ThingGrown)
    ports.clock = lambda: NOON + HOT
    assert deliver(declared, told, ports) is True
    (note,) = documents.find(None, Query("inbox"))
    assert note.data["kept_until"] == "2026-04-02T12:00:00.000Z"


# --- promises --------------------------------------------------------------------------------------


@pytest.fixture
def due(call_as, documents):
    call = call_as(Role.ADMIN)
    grow(call, at=LATER)
    (found,) = documents.find(None, Query(Due.collection))
    return due_message(Due.model_validate(found.data))


@pytest.fixture
def keeping(documents, ports):
    """Deliver a promise; return whether it was kept, and see that nothing was done where it was not."""
    ports.clock = lambda: LATER
    declared, done = reacting_to(due=ThingGrown)

    def deliver_it(message):
        before = documents.find(None, Query(Due.collection))
        try:
            return deliver(declared, message, ports)
        finally:
            assert done in ([], [7])
            if not done:
                assert documents.find(None, Query(Due.collection)) == before

    return deliver_it


@pytest.mark.parametrize("name", ["subject", "time", "sequence", "correlationid", "causationid"])
def test_a_promise_is_kept_as_it_was_made(due, keeping, name):
    with pytest.raises(Unproven, match="differs"):
        keeping(forged(due, **{name: CLAIMS[name]}))
    assert keeping(due) is True


@pytest.mark.parametrize("data", [b'{"by":8}', b'{"by": 7}', b"{}"])
def test_a_promise_is_kept_to_the_letter(due, keeping, data):
    with pytest.raises(Unproven, match="data"):
        keeping(replace(due, data=data))


@pytest.mark.parametrize("name", ["actor", "entryhash"])
def test_a_promise_has_nobody_and_no_hash(due, keeping, name):
    with pytest.raises(Unproven, match="differs"):
        keeping(forged(due, **{name: CLAIMS[name]}))


@pytest.mark.parametrize("name", ["id", "tenantid"])
def test_what_was_never_promised_is_not_kept(due, keeping, name):
    assert keeping(forged(due, **{name: CLAIMS[name]})) is False


def test_a_promise_is_not_kept_before_its_time(due, keeping, ports):
    ports.clock = lambda: LATER - timedelta(milliseconds=1)
    with pytest.raises(Unproven, match="comes again then"):
        keeping(due)


def test_a_promise_is_kept_once(due, keeping):
    assert [keeping(due), keeping(due)] == [True, False]


def test_a_promise_that_lies_elsewhere_is_nobodys(due, keeping, documents):
    (found,) = documents.find(None, Query(Due.collection))
    documents.commit([Write(Key("acme", Due.collection, found.key.id), found.data)])
    with pytest.raises(Unproven, match="belongs somewhere else"):
        keeping(forged(due, tenantid="acme"))


# --- on the queue ----------------------------------------------------------------------------------


def test_a_forged_delivery_is_a_dead_letter_at_once(told, documents, ports, monkeypatch):
    declared, done = reacting_to(on=ThingGrown)
    monkeypatch.setattr("local.dispatcher.reactions", lambda: [declared])
    data = '{"by":100}'
    delivery = Delivery(
        id=f"tests.grow_thing:{told.attributes['id']}",
        consumer="tests.grow_thing",
        topic=told.topic,
        subject=told.subject,
        attributes=told.attributes,
        data=data,
    )
    documents.commit([Write(delivery_key(delivery.id), delivery.model_dump(mode="json"))])
    dispatcher = Dispatcher(ports, Clock(), workers=1)
    dispatcher.start()
    wait_until(lambda: documents.find(None, Query("dead_letters")))
    dispatcher.stop()
    (letter,) = documents.find(None, Query("dead_letters"))
    assert (letter.data["error_code"], letter.data["attempts"]) == ("unproven", 1)
    assert letter.data["data"] == data
    assert done == []
