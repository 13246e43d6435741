"""Whatever is stored says how long it is kept, who is given it, what an erasure leaves, and what of it is about people."""

import json
import re
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, ClassVar, get_args, get_type_hints

import pytest

from local import handling
from shared import entity
from shared.entity import ActorId, Code, Entity, Id, Name, Record, Shown, Text, Timestamp, Value
from shared.handling import (
    BLANKED,
    EVIDENCE_DAYS,
    After,
    AtExpiry,
    Blanked,
    ForEver,
    Handling,
    Nobody,
    PersonalData,
    Stays,
    UntilDone,
    WithAccount,
    personal,
)
from shared.identity.models import UserId
from shared.judged import Masked, Pattern
from tests import golden
from tests.contracts.members import BOUNDED, leaves, models

KINDS = golden.records()
CODE = re.compile(next(one.pattern for one in get_args(Code) if isinstance(one, Pattern)))
IDS_OF_PEOPLE = {
    one for kind in (ActorId, UserId) for one in get_args(kind) if isinstance(one, Pattern)
}


def undeclared(kinds):
    """Return the kinds that do not say what becomes of their documents."""
    return [kind for kind in kinds if not isinstance(getattr(kind, "handling", None), Handling)]


DECLARED = {name: kind for name, kind in KINDS.items() if not undeclared([kind])}
"""One that declares nothing is told of once."""


def unnamed(kind, at=""):
    """Yield each member that may hold words or a person's id and is said neither to be about people nor not to be."""
    said, hints = personal(kind), get_type_hints(kind, include_extras=True)
    for name, field in kind.model_fields.items():
        if name in said:
            continue
        for leaf in leaves(hints[name], tuple(field.metadata)):
            free = any(isinstance(one, Masked) for one in leaf.said)
            person = any(one in leaf.said for one in IDS_OF_PEOPLE)
            if free or person or leaf.kind is Any or leaf.kind is BOUNDED:
                yield f"{at}{name}"
        for part in handling.parts(hints[name]):
            yield from unnamed(part, f"{at}{name}.")


def misnamed(kind):
    """Yield what a class says of a member that it does not have, or of a part that speaks for itself."""
    own = vars(kind).get("personal", PersonalData()).kinds
    hints = get_type_hints(kind)
    for name, held in own.items():
        if name not in kind.model_fields:
            yield f"{kind.__name__} has no {name}"
        elif held != "nobody" and list(handling.parts(hints[name])):
            yield f"{kind.__name__}.{name} is a part: what is about people in it, it says itself"


def contradicted(kind):
    """Yield where what becomes of a kind's documents does not go with the members that they have."""
    of = kind.handling
    if ("kept_until" in kind.model_fields) != isinstance(of.kept, AtExpiry):
        yield "a document has a kept_until where the store deletes it then, and nowhere else"
    if isinstance(of.kept, After) and not _instant(kind, of.kept.since):
        yield f"no instant to count {of.kept.days} days from: {of.kept.since}"
    if of.person is not None and personal(kind).get(of.person) != "ids":
        yield f"{of.person} names the person, and is said to be no id"
    for name in of.withheld:
        if name not in kind.model_fields:
            yield f"{name} is held back, and not there"
    if of.erasure == "deleted" or isinstance(of.erasure, Blanked):
        return
    left = [path for path, held in handling.held(kind) if held in {"names", "contacts", "places"}]
    if left:
        yield f"an erasure leaves {', '.join(left)}"


def _instant(kind, name):
    hint = get_type_hints(kind).get(name)
    return hint is datetime


def test_every_kind_says_what_becomes_of_its_documents():
    assert set(handling.stored()) == set(KINDS.values())
    assert len(KINDS) > 60
    silent = [f"{kind.__module__}.{kind.__name__}" for kind in undeclared(KINDS.values())]
    assert not silent, (
        "declare its handling, and what of it is personal, as the kinds in its neighbourhood do"
        f" (shared/handling.py says what there is): {silent}"
    )


def test_every_member_that_may_be_about_people_is_named():
    found = {kind.__name__: sorted(set(unnamed(kind))) for kind in KINDS.values()}
    found = {name: members for name, members in found.items() if members}
    assert not found, f"name it in `personal`: by what it holds, or as about nobody: {found}"


def test_what_is_named_is_there():
    found = [one for kind in models() if issubclass(kind, Value) for one in misnamed(kind)]
    assert not found, (
        "`personal` names members of its own class, and what parts hold is said by them"
    )


def test_what_becomes_of_a_document_goes_with_what_it_has():
    found = {kind.__name__: list(contradicted(kind)) for kind in DECLARED.values()}
    assert not {name: wrong for name, wrong in found.items() if wrong}


def test_evidence_is_kept_by_the_classes_that_there_are():
    assert list(EVIDENCE_DAYS) == list(get_args(entity.Retention))


# --- what golden documents hold ------------------------------------------------------------------


def shown(kind):
    """Return what this release keeps to show a kind, or an event."""
    file = golden.file_of(golden.PRESENT, kind)
    assert file.exists(), f"there is no golden document of {kind.__name__}; run: make golden"
    return golden.read(file)


def stored(kind):
    """Return the golden document of a kind, as this release reads it."""
    return kind.from_stored(shown(kind).document)


def texts(value, held="", at=""):
    """Yield each text of a document with the name of its place and what is said to be there."""
    match value:
        case Value():
            said = personal(type(value))
            for name in type(value).model_fields:
                inside = held or said.get(name, "")
                yield from texts(getattr(value, name), inside, f"{at}.{name}".lstrip("."))
        case Mapping():
            for name, one in value.items():
                if not CODE.fullmatch(name):
                    yield from texts(name, held, at)
                yield from texts(one, held, at)
        case list() | tuple():
            for one in value:
                yield from texts(one, held, at)
        case str():
            yield at, held, value


def test_every_entity_answers_to_somebody_and_whatever_else_it_judges_comes_to_that():
    entities = [kind for kind in DECLARED.values() if issubclass(kind, Entity)]
    assert len(entities) > 10
    silent = {
        kind.__name__
        for kind in entities
        if "L0-01" not in {one.rule for one in unanswered(kind).broken}
    }
    assert not silent, f"their `violations()` begin with `*super().violations()`: {silent}"


def unanswered(kind):
    """Return the golden document of a kind, which answers to nobody any more."""
    return stored(kind).model_copy(update={"governance_agent_id": ""})


def people():
    """Return the ids of the people who acted in the rehearsal that the documents are from."""
    acted = [entry["actor"] for kind in golden.kinds_stored() for entry in shown(kind).entries]
    return {one["id"] for one in acted if one["type"] != "service" and "." in one["id"]}


def test_what_documents_hold_of_people_is_named():
    ids, found = people(), set()
    assert len(ids) > 5
    for kind in DECLARED.values():
        for at, held, text in texts(stored(kind)):
            if any(id in text for id in ids) and held in {"", "nobody"}:
                found.add(f"{kind.__name__}.{at} holds an id of a person")
            elif " " in text and not held:
                found.add(f"{kind.__name__}.{at} holds words")
    assert not found, "name it in the `personal` of the class that has it: by what it holds"


# --- an export, an erasure and a purge need nothing else -----------------------------------------


def exported(document, *, to=None):
    """Return what an export for a person, or for their tenant, has of a document; None where nothing."""
    of = type(document).handling
    if isinstance(of.export, Nobody) or (to is not None and not is_of(document, to)):
        return None
    return document.to_stored(exclude=of.withheld)


def is_of(document, person):
    """Say whether a document is about a person."""
    member = type(document).handling.person
    return member is not None and getattr(document, member).partition(":")[0] == person


def erased(document):
    """Return what an erasure leaves of a document; None where nothing."""
    match type(document).handling.erasure:
        case "deleted":
            return None
        case Stays():
            return document
    return blanked(document)


def blanked(value, held=""):
    match value:
        case Value():
            said = personal(type(value))
            names = type(value).model_fields
            changes = {
                one: blanked(getattr(value, one), held or said.get(one, "")) for one in names
            }
            return value.model_copy(update=changes)
        case Mapping():
            return {blank(name, held): blanked(one, held) for name, one in value.items()}
        case list() | tuple():
            return tuple(blanked(one, held) for one in value)
        case str() if held in BLANKED:
            return "-" * len(value)
    return value


def blank(name, held):
    """Return the name of something in an object: one that programs gave stays, as its pattern asks for it."""
    return blanked(name, "" if CODE.fullmatch(name) else held)


def ends(document):
    """Return when a purge or the store deletes a document; None where the calendar does not."""
    match type(document).handling.kept:
        case After(days, since):
            return getattr(document, since).timestamp() + days * 86_400
        case AtExpiry():
            return document.kept_until.timestamp()
    return None


@pytest.mark.parametrize("kind", DECLARED.values(), ids=DECLARED)
def test_what_is_declared_is_enough_to_export_erase_and_purge(kind):
    document = stored(kind)
    given = exported(document)
    assert given is None or not kind.handling.withheld & given.keys()
    assert (ends(document) is not None) == isinstance(kind.handling.kept, After | AtExpiry)
    left = erased(document)
    if left is None or left is document:
        return
    again = kind.from_stored(json.loads(json.dumps(left.to_stored())))
    assert {text.strip("-") for _, held, text in texts(again) if held in BLANKED} <= {""}
    keeps = [one for one in texts(document) if one[1] not in BLANKED]
    assert [one for one in texts(again) if one[1] not in BLANKED] == keeps


def test_a_person_is_given_what_is_theirs_and_no_more():
    device = stored(KINDS["devices"])
    assert "fcm_token" not in exported(device, to=device.user_id)
    assert exported(device, to="somebody.else") is None
    day = stored(KINDS["push_days"])
    assert exported(day, to=day.id.partition(":")[0])


def test_the_copy_in_the_repository_is_current():
    assert Path("docs/data.md").read_text() == handling.written(), "run: make docs"


# --- and each of these would be found ------------------------------------------------------------


class Said(Value):
    """A part that says nothing of itself."""

    by: ActorId
    words: Text


class Silent(Record):
    """A kind that says nothing."""

    collection: ClassVar[str] = "silent"

    owner: ActorId
    title: Name | None = None
    lines: tuple[Shown, ...] = ()
    anything: dict[str, Any] = {}
    bound: Annotated[str, Pattern("^a$")]
    other: Id
    said: tuple[Said, ...] = ()


class Spoken(Silent):
    """A kind that says all there is to say."""

    handling: ClassVar = Handling(
        kept=WithAccount(), export="person", erasure="deleted", person="owner"
    )
    personal: ClassVar = PersonalData(ids="owner", texts="title lines anything", nobody="said")


def test_a_kind_that_says_nothing_is_found():
    assert undeclared([Silent, Spoken]) == [Silent]


def test_a_member_that_nobody_names_is_found():
    assert sorted(unnamed(Silent)) == [
        "anything",
        "lines",
        "owner",
        "said.by",
        "said.words",
        "title",
    ]
    assert list(unnamed(Spoken)) == []


def test_a_member_that_is_not_there_is_found():
    class Mistyped(Spoken):
        personal: ClassVar = PersonalData(texts="titel said")

    first, second = misnamed(Mistyped)
    assert "has no titel" in first
    assert "said is a part" in second


@pytest.mark.parametrize(
    ("kept", "more", "wrong"),
    [
        (AtExpiry(), {}, "kept_until"),
        (After(90, since="seen_at"), {}, "seen_at"),
        (After(90, since="other"), {}, "other"),
        (WithAccount(), {"withheld": "token"}, "token"),
        (WithAccount(), {"export": "person", "person": "title"}, "title"),
    ],
)
def test_what_contradicts_a_member_is_found(kept, more, wrong):
    class Bent(Spoken):
        handling: ClassVar = Handling(
            **{"kept": kept, "export": "tenant", "erasure": "deleted", **more}
        )

    (found,) = contradicted(Bent)
    assert wrong in found


def test_what_expires_and_says_another_end_is_found():
    class Expiring(Spoken):
        kept_until: Timestamp

    (found,) = contradicted(Expiring)
    assert "kept_until" in found


def test_what_would_stay_of_a_person_is_found():
    class Kept(Spoken):
        handling: ClassVar = Handling(kept=WithAccount(), export="tenant", erasure=Stays("so"))
        personal: ClassVar = PersonalData(contacts="other")

    (found,) = contradicted(Kept)
    assert "other" in found


@pytest.mark.parametrize("said", [{"export": "person"}, {"kept": ForEver("it is law")}])
def test_what_contradicts_itself_cannot_be_declared(said):
    with pytest.raises(ValueError, match=r"person|ever"):
        Handling(**{"kept": WithAccount(), "export": "tenant", "erasure": "deleted", **said})


@pytest.mark.parametrize("said", [UntilDone, ForEver, Nobody, Blanked, Stays])
def test_a_reason_is_given(said):
    with pytest.raises(ValueError, match="why"):
        said("")


def test_a_kind_may_take_over_what_another_says():
    class Other(Spoken):
        collection: ClassVar[str] = "others"
        personal: ClassVar = PersonalData(nobody="bound title")

    assert undeclared([Other]) == []
    assert personal(Other) == personal(Spoken) | {"bound": "nobody", "title": "nobody"}
    assert issubclass(Entity, Record)
