"""What a message says of an entry, and which messages a consumer believes."""

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from cloudevents.conversion import from_json, to_json
from cloudevents.http import CloudEvent
from hypothesis import given
from hypothesis import strategies as st

from shared.bus import Message, due_message, envelope, opened, tap, type_of
from shared.canonical import canonical
from shared.errors import Invalid
from shared.evidence import ActorRef
from tests.bus.conftest import KITE, a_due, an_entry
from tests.conftest import NOON


def test_the_envelope_is_read_off_the_entry(entry):
    message = envelope(entry, environment="prod")

    assert message.topic == "kite-events"
    assert message.subject == f"kites/{KITE}"
    assert message.data == '{"height_mm":5,"note":"😀"}'.encode()
    assert message.attributes == {
        "specversion": "1.0",
        "id": entry.id,
        "type": "com.waooaw.kite.string.let_out.v1",
        "source": "/waooaw/prod/kites",
        "subject": f"kites/{KITE}",
        "time": "2026-01-01T12:00:00.000Z",
        "datacontenttype": "application/json",
        "dataschema": "urn:waooaw:event:kite.string.let_out:1",
        "tenantid": "acme",
        "correlationid": "c-1",
        "causationid": "req:r-1",
        "sequence": "000000000001",
        "actor": "user:u-1",
        "entryhash": entry.hash,
    }


def test_the_first_event_of_a_story_has_no_cause(entry):
    first = entry.model_copy(update={"causation_id": None})

    message = envelope(first, environment="prod")
    assert "causationid" not in message.attributes
    assert opened(message).causation_id is None


def test_what_is_for_the_audit_log_alone_is_not_announced(entry):
    with pytest.raises(ValueError, match="has no topic"):
        envelope(entry.model_copy(update={"topic": None}), environment="prod")


@pytest.mark.parametrize(
    "message", [envelope(an_entry(), environment="dev"), due_message(a_due())], ids=["entry", "due"]
)
def test_a_message_is_a_cloud_event(message):
    data = json.loads(message.data)
    event = CloudEvent(message.attributes, data)

    again = from_json(CloudEvent, to_json(event))
    assert {name: again[name] for name in message.attributes} == message.attributes
    assert again.data == data
    assert all(name.isalnum() and name.islower() and len(name) <= 20 for name in message.attributes)


def test_the_tap_keeps_the_id_and_the_hash_and_nothing_else(entry):
    message = tap(entry)

    assert (message.topic, message.subject, message.attributes) == ("tap", entry.entity, {})
    assert message.data == canonical({"id": entry.id, "entry_hash": entry.hash})


def test_a_consumer_reads_what_was_announced(entry):
    received = opened(envelope(entry, environment="prod"))

    assert received.id == entry.id
    assert type_of(received.action) == "com.waooaw.kite.string.let_out.v1"
    assert received.action == entry.action
    assert received.subject == entry.entity
    assert received.tenant == "acme"
    assert received.at == NOON
    assert (received.correlation_id, received.causation_id) == ("c-1", "req:r-1")
    assert received.sequence == 1
    assert received.actor == "user:u-1"
    assert received.entry_hash == entry.hash
    assert received.consumer is None
    assert received.data == entry.data


def test_a_promise_that_came_due_bears_its_own_id():
    due = a_due()

    message = due_message(due)
    received = opened(message)
    assert (message.topic, message.subject) == ("dues", due.entity)
    assert message.attributes["type"] == "com.waooaw.kite.string.let_out.v1"
    assert (received.id, received.action, received.tenant) == (due.id, due.action, "acme")
    assert received.at == datetime(2026, 1, 8, 12, tzinfo=UTC)
    assert received.causation_id == due.causation_id
    assert (received.sequence, received.entry_hash, received.actor) == (0, "", "")
    assert received.data == {"height_mm": 5, "note": "later"}


def test_a_promise_without_a_cause_names_none():
    assert opened(due_message(a_due(causation_id=None))).causation_id is None


def test_what_is_sent_again_is_for_one_consumer(entry):
    message = envelope(entry, environment="prod")
    again = replace(message, attributes=message.attributes | {"consumer": "kites.haul_in"})

    assert opened(again) == replace(opened(message), consumer="kites.haul_in")


def test_the_ordering_key_may_be_lost_on_the_way(entry):
    message = envelope(entry, environment="prod")

    assert opened(replace(message, subject="")) == opened(message)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"specversion": None}, "CloudEvents 1.0"),
        ({"specversion": "0.3"}, "CloudEvents 1.0"),
        ({"id": None}, "attribute id"),
        ({"id": ""}, "attribute id"),
        ({"id": "a/b"}, "letters, digits"),
        ({"id": "kim@example.com"}, "letters, digits"),
        ({"id": "1" * 129}, "at most 128"),
        ({"correlationid": "a story"}, "letters, digits"),
        ({"causationid": "req:\n"}, "letters, digits"),
        ({"type": None}, "attribute type"),
        ({"type": "com.waooaw.kite.flown.v2"}, "no type of ours"),
        ({"type": "org.example.kite.flown.v1"}, "no type of ours"),
        ({"type": "com.waooaw..v1"}, "no type of ours"),
        ({"type": "com.waooaw.kite.flown.v1\n"}, "no type of ours"),
        ({"subject": None}, "attribute subject"),
        ({"subject": "kites"}, "one entity"),
        ({"subject": "kites/a/b"}, "one entity"),
        ({"subject": "kites/another"}, "its ordering key"),
        ({"tenantid": None}, "attribute tenantid"),
        ({"tenantid": "globex"}, "does not belong to the tenant globex"),
        ({"time": None}, "attribute time"),
        ({"time": "noon"}, "RFC 3339"),
        ({"time": "2026-01-01T12:00:00"}, "must have a zone"),
        ({"sequence": "one"}, "at most 12 digits"),
        ({"sequence": "-1"}, "at most 12 digits"),
        ({"sequence": "٣"}, "at most 12 digits"),
        ({"sequence": "1" * 13}, "at most 12 digits"),
    ],
)
def test_a_malformed_envelope_is_refused(entry, changes, reason):
    message = envelope(entry, environment="prod")
    attributes = {k: v for k, v in (message.attributes | changes).items() if v is not None}

    with pytest.raises(Invalid, match=reason):
        opened(replace(message, attributes=attributes))


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "JSON object"),
        (b"[]", "JSON object"),
        (b'"text"', "JSON object"),
        (b"{", "JSON object"),
        (b"\xff{}", "JSON object"),
        (b"[" * 30_000, "JSON object"),
        (b'{"n":NaN}', "must be finite"),
        (b'{"n":-Infinity}', "must be finite"),
        (b'{"t":"' + b"x" * 32_768 + b'"}', "at most 32 KiB"),
    ],
)
def test_a_malformed_body_is_refused(entry, body, reason):
    with pytest.raises(Invalid, match=reason):
        opened(replace(envelope(entry, environment="prod"), data=body))


def test_the_mismatch_of_a_tenant_has_a_name_of_its_own(entry):
    message = envelope(entry.model_copy(update={"tenant": "globex"}), environment="prod")

    with pytest.raises(Invalid) as refused:
        opened(message)
    assert refused.value.violations[0].rule == "tenant_mismatch"


@pytest.mark.parametrize("id", ["freeze", "00000000-0000-4000-8000-00000000000a", "a" * 64])
def test_a_subject_without_a_tenant_in_its_name_is_of_the_tenant_it_says(entry, id):
    message = envelope(entry.model_copy(update={"entity": f"kites/{id}"}), environment="prod")

    assert opened(message).tenant == "acme"


NAMES = st.from_regex(r"[a-z0-9_]{1,8}(\.[a-z0-9_]{1,8}){0,3}", fullmatch=True)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)


@given(
    action=NAMES,
    eseq=st.integers(1, 10**12 - 1),
    actor=TEXTS,
    data=st.dictionaries(TEXTS, VALUES, max_size=4),
)
def test_every_entry_is_read_as_it_was_announced(action, eseq, actor, data):
    who = ActorRef(type="service", id=actor)
    entry = an_entry(action=action, eseq=eseq, actor=who, data=data, id=f"e-{eseq}")

    received = opened(envelope(entry, environment="prod"))
    assert (received.id, received.action, received.sequence) == (f"e-{eseq}", action, eseq)
    assert (received.actor, received.entry_hash) == (f"service:{actor}", entry.hash)
    assert received.data == data


@given(
    attributes=st.dictionaries(
        st.sampled_from(["specversion", "id", "type", "subject", "tenantid", "time"]), TEXTS
    ),
    data=st.binary(max_size=50),
)
def test_whatever_arrives_is_an_event_or_invalid(attributes, data):
    with pytest.raises(Invalid):
        opened(Message("kite-events", "", attributes, data))
