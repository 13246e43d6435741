"""Values: what is signed, compared or matched is what was sent; nothing becomes something else."""

import json
import re
from copy import deepcopy
from itertools import product

import pytest
from pydantic import Field, TypeAdapter, ValidationError

from shared.edge.arguments import from_body, from_path, from_query
from shared.edge.catalog import operations
from shared.inputs import Parameters
from tests.contracts.members import choices, each_once, models, places
from tests.contracts.test_operations import path_of
from tests.contracts.test_times import holder
from tests.rehearsals.scene import example_of

SCALARS = ("boolean", "integer", "number", "string")
BODIES = [
    place
    for place in each_once()
    if place.op.mutates
    and place.schema["type"] in SCALARS
    # What a secret is nobody sees, and neither do these claims.
    and place.schema.get("format") != "password"
]
QUERIES = [place for op in operations() if not op.mutates for place in places(op)]
LOOKS = {"format", "enum", "const"}
"""What says more of a text than how long it is."""

SENT = (True, 0, 1, 1.0, 24.0, "1", "5.0", "true", None)


def same(one, other):
    """Say whether two values are one and the same in JSON, without taking 1.0 or true for 1."""
    return json.dumps(one) == json.dumps(other)


def test_what_a_body_says_is_taken_as_it_is_or_refused():
    changed = []
    for place, sent in product(BODIES, SENT):
        try:
            taken = place.adapter.validate_json(json.dumps(place.request(sent)), strict=True)
        except ValidationError:
            continue
        found = place.found(place.adapter.dump_python(taken, mode="json", by_alias=True))
        if not same(found, sent):
            changed.append(f"{place.op.id} {place.field}: {sent!r} became {found!r}")
    assert not changed, "declare Exact, or another strict type, for these"


def test_a_text_is_taken_at_the_length_that_is_described_and_no_further():
    wrong = [
        f"{place.op.id} {place.field}: {length} characters, {word} {place.schema[word]}"
        for place in BODIES
        if place.schema["type"] == "string" and not place.schema.keys() & LOOKS
        if "pattern" not in place.schema or re.fullmatch(place.schema["pattern"], "a" * 300)
        for word, step in (("minLength", -1), ("maxLength", 1))
        if word in place.schema
        for length, fits in ((place.schema[word], True), (place.schema[word] + step, False))
        if length >= 0 and fits == bool(_of_the_length(place, "a" * length, anything=not fits))
    ]
    assert not wrong, "two bounds lie upon each other: bound the type that has none"


def _of_the_length(place, text, *, anything):
    """Return what is found wrong with the length of a text in a place, or with anything there."""
    try:
        place.adapter.validate_json(json.dumps(place.request(text)), strict=True)
    except ValidationError as error:
        return [
            one["msg"]
            for one in error.errors()
            if anything or ("_long" in one["type"] or "_short" in one["type"])
            if anything or one["loc"][-1] == place.path[-1]
        ]
    return []


def test_what_no_schema_can_say_has_a_rule_of_its_own_and_makes_no_list_too_short(world):
    (op,) = [op for op in operations() if op.id == "learning.create_seed_draft"]
    body = deepcopy(example_of(op.path))
    (act,) = body["rule"]["coverage"]["acts"]
    act["arguments"] = [act["arguments"][0]] * 2
    answer = world.call(op.function, path_of(op), body, as_=holder(op))
    place = {"field": "rule.coverage.acts.0", "message": "name every argument once"}
    assert answer.json["violations"] == [{"rule": "named_twice", **place}]


UNSURE = (
    "5.0",
    "1_0",
    " 5",
    "5 ",
    "+5",
    "05",
    "1e1",
    "\u0665",
    "0x5",
    "True",
    "TRUE",
    "yes",
    "on",
    "t",
)


def test_a_query_is_read_as_json_writes_numbers_and_truth():
    for place, text in product(QUERIES, (*UNSURE, "5", "true", "false", "1")):
        (kind,) = place.op.in_query.values()
        try:
            query = from_query(kind, {place.field: [text]})
        except ValidationError:
            continue
        members = {field.alias or name: name for name, field in kind.model_fields.items()}
        found = getattr(query, members[place.field])
        read = text not in UNSURE and same(found, json.loads(text))
        assert found == text or read, f"{place.op.id} reads {place.field}={text} as {found!r}"


class Named(Parameters):
    """A number that has another name in the address than in the code."""

    at: int = Field(alias="from")


def test_a_number_is_one_under_the_name_that_it_has_in_the_address():
    assert from_query(Named, {"from": ["5"]}) == Named.model_validate({"from": 5})


@pytest.mark.parametrize("text", ["5.0", "1_0", "+5", "05", "true"])
def test_over_http_such_a_query_is_a_422_that_names_the_parameter(world, text):
    (op,) = [op for op in operations() if op.id == "agents.list_agents"]
    answer = world.call(op.function, path_of(op), query={"limit": text}, as_=holder(op))
    assert answer.status_code == 422
    assert answer.json["violations"][0]["field"] == "limit"


@pytest.mark.parametrize("text", ["3.0", "03", "+3", " 3", "\u0663", "true"])
def test_a_path_is_read_so_too(text):
    (op,) = [op for op in operations() if op.id == "agents.settle_stage"]
    assert from_path(op.in_path["stage"], "3") == 3
    with pytest.raises(ValidationError):
        from_path(op.in_path["stage"], text)


def test_no_choice_of_a_model_changes_what_it_takes():
    """A union or a Literal takes nothing for something of another type, wherever a value comes from."""
    lax = [
        f"{name} takes {value!r} for {taken!r}"
        for model in models()
        for name, kind in choices(model)
        for value in (True, False, 0, 1, 0.0, 1.0, 24.0, 7.0, 900.0, 2.0, "1", "true", "24")
        for taken in accepted(kind, value)
        if type(taken) is not type(value)
    ]
    assert not lax, (
        "make each part strict (StrictInt, StrictStr …), or declare Exact beside a Literal"
    )


def accepted(kind, value):
    for judge in (TypeAdapter(kind).validate_python, as_json(kind)):
        try:
            yield judge(value)
        except ValidationError:
            continue


def as_json(kind):
    return lambda value: TypeAdapter(kind).validate_json(json.dumps(value))


def test_every_body_and_query_is_read_strictly():
    """What the contracts here hold of models holds of requests: the edge reads them the same way."""
    (op,) = [op for op in operations() if op.id == "precedents.replay_precedent_seed"]
    (kind,) = op.in_body.values()
    assert from_body(kind, b'{"limit": 5}').limit == 5
    for lax in (b'{"limit": 5.0}', b'{"limit": "5"}', b'{"limit": true}'):
        with pytest.raises(ValidationError):
            from_body(kind, lax)
