"""Masking: no free text reaches evidence as it was written, whatever way it took."""

from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum
from typing import Annotated, Any, ClassVar, Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ConfigDict, Field

from shared.actors import PLATFORM, Role
from shared.detectors import findings, masked
from shared.documents import Query
from shared.edge.keys import verify_ed25519
from shared.entity import (
    ActorId,
    Because,
    Code,
    Entity,
    Event,
    Hex64,
    Id,
    Opaque,
    Said,
    Text,
    Timestamp,
    Value,
)
from shared.errors import Invalid
from shared.evidence import Entry, signed_bytes
from shared.judged import Masked
from shared.masking import for_evidence
from shared.promises import Due
from shared.texts import inside
from tests.conftest import NOON

SECRETS = ("kim@example.com", "hunter2secret", "4111 1111 1111 1111")
PROSE = "Call kim@example.com, password: hunter2secret, card 4111 1111 1111 1111"
HIDDEN = "Call k***@example.com, [REDACTED:credential], card ****1111"
ID = "5f0c9a52-8a5e-4a0e-9d5b-0b6f5a3c1d2e"


class Colour(StrEnum):
    RED = "red"


class Part(Value):
    note: Said
    place: Code


class Told(Event, action="test.told", category="configuration_change"):
    model_config = ConfigDict(serialize_by_alias=True, validate_by_name=True)

    words: Said = ""
    text: Text | None = None
    plain: str = ""
    address: Opaque = ""
    whole: Annotated[str, Masked(kept=4000)] = ""
    lines: tuple[Said, ...] = ()
    part: Part | None = None
    parts: tuple[Part, ...] = ()
    named: Mapping[Code, Said] = {}
    anything: Mapping[str, Any] = {}
    from_id: ActorId | None = Field(None, alias="from")
    id: Id | None = None
    hash: Hex64 | None = None
    code: Code | None = None
    at: Timestamp | None = None
    colour: Colour | None = None
    verb: Literal["approve", "reject"] | None = None
    number: int | None = None


class Thing(Entity):
    collection: ClassVar[str] = "things"

    note: Text = "a note"


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ({"words": PROSE}, {"words": HIDDEN}),
        ({"text": PROSE}, {"text": HIDDEN}),
        ({"plain": PROSE}, {"plain": HIDDEN}),
        ({"address": "kim@example.com"}, {"address": "k***@example.com"}),
        ({"lines": (PROSE, "b")}, {"lines": [HIDDEN, "b"]}),
        ({"part": Part(note=PROSE, place="a/b")}, {"part": {"note": HIDDEN, "place": "a/b"}}),
        ({"parts": (Part(note=PROSE, place="a"),)}, {"parts": [{"note": HIDDEN, "place": "a"}]}),
        ({"named": {"a": PROSE}}, {"named": {"a": HIDDEN}}),
        ({"anything": {"a": [{"b": PROSE}]}}, {"anything": {"a": [{"b": HIDDEN}]}}),
        (
            {"anything": {"password": "hunter2secret", "a": {"token": ["hunter2secret"]}}},
            {
                "anything": {
                    "password": "[REDACTED:credential]",
                    "a": {"token": ["[REDACTED:credential]"]},
                }
            },
        ),
        ({"anything": {"kim@example.com": 1}}, {"anything": {"k***@example.com": 1}}),
    ],
)
def test_free_text_is_masked_wherever_it_stands(said, told):
    evidence = for_evidence(Told(**said))
    assert {name: evidence[name] for name in told} == told
    assert not hits(evidence)


def test_what_a_code_says_is_not_touched():
    said = {
        "from": "kim@example.com",
        "id": "4111111111111111"[:8] + ID[8:],
        "hash": "4111111111111111" * 4,
        "code": "4111111111111111",
        "at": "2026-01-01T12:00:00.000Z",
        "colour": "red",
        "verb": "approve",
        "number": 4111111111111111,
    }
    assert for_evidence(Told.model_validate(said)) == said


@pytest.mark.parametrize(
    "name", ["id", "hash", "code", "from_id", "verb", "colour", "part", "parts"]
)
@pytest.mark.filterwarnings("ignore:Pydantic serializer warnings")
def test_what_is_no_code_is_masked_in_the_place_of_one(name):
    for told in (Told().model_copy(update={name: PROSE}), Told.model_construct(**{name: PROSE})):
        assert not hits(for_evidence(told))


def test_a_member_of_another_release_is_masked():
    assert for_evidence(Told.model_validate({"later": [PROSE]}))["later"] == [HIDDEN]


def test_two_names_that_masking_makes_one_are_refused_and_not_lost():
    with pytest.raises(Invalid):
        for_evidence(Told(anything={"kim@example.com": 1, "kay@example.com": 2}))


def test_what_is_kept_is_as_long_as_it_is_declared_to_be():
    long = "word " * 2000
    told = for_evidence(Told(words=long, whole=long, part=Part(note=long, place="a")))
    assert (len(told["words"]), len(told["whole"]), len(told["part"]["note"])) == (500, 4000, 500)


def test_nothing_is_left_at_the_end_where_a_text_was_cut():
    for begin in range(470, 500):
        told = for_evidence(Told(words="x" * begin + " " + PROSE))
        assert not findings(told["words"]), told["words"]


@pytest.fixture
def kept(call_as, documents):
    """Keep a thing with an event, a reason and a promise, and return all that became of them."""
    call = call_as(Role.SERVICE)
    thing = Thing(
        id=ID,
        tenant_id=PLATFORM,
        created_at=NOON,
        updated_at=NOON,
        governance_agent_id="governor",
        note=PROSE,
    )
    because = Because(rationale=PROSE, authority="governor by deputy", seed_ids=("GEN-001",))
    with call.transaction() as txn:
        made = txn.create(thing, Told(words=PROSE), because=because)
        txn.schedule(Told(words=PROSE), at=NOON + timedelta(hours=1), about=made)
    return lambda kind: [
        kind.from_stored(row.data) for row in documents.find(PLATFORM, Query(kind.collection))
    ]


def test_entries_and_promises_hold_nothing_that_an_entity_may(kept):
    (entry,), (due,), (thing,) = kept(Entry), kept(Due), kept(Thing)
    assert entry.data["words"] == due.data["words"] == HIDDEN
    assert entry.decision_context.rationale == HIDDEN
    assert entry.decision_context.authority == "governor by deputy"
    assert entry.decision_context.seed_ids == ("GEN-001",)
    assert thing.note == PROSE


def test_what_is_signed_is_what_is_kept(kept, signer):
    (entry,) = kept(Entry)
    assert not hits(entry.to_stored())
    assert verify_ed25519(signer.jwk["x"], signed_bytes(entry.to_stored()), entry.sig)


PIECES = ("kim@example.com", "4111 1111 1111 1111", "password: hunter2secret", "+4917012345678")
WRITTEN = st.lists(
    st.one_of(
        st.sampled_from((*PIECES, " ", ", ", "-", ":", "token: ", "7", "0491")), st.text(max_size=5)
    )
).map("".join)


@settings(deadline=None)
@given(WRITTEN)
def test_masking_twice_masks_nothing_more(text):
    once = masked(text)
    assert masked(once) == once
    told = for_evidence(Told(words=text))["words"]
    assert for_evidence(Told(words=told))["words"] == told
    assert len(told) <= Masked.kept


def hits(data):
    return [text for text in inside(data) if any(secret in text for secret in SECRETS)]
