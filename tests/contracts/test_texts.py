"""Texts in requests: each is of a declared kind, and none brings what people do not see."""

import json
import re
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from shared.edge.catalog import operations
from shared.judged import Masked
from tests.contracts.members import Leaf, each_once, leaves, members, places, taken
from tests.contracts.test_operations import path_of
from tests.contracts.test_times import holder

TEXTS = [p for p in each_once() if p.op.mutates and p.schema["type"] == "string"]
HIDDEN = (
    "\u200b",
    "\u00ad",
    "\ufeff",
    "\u2060",
    "\u200f",
    "\u202e",
    "\u2066",
    "\U000e0041",
    "\x00",
)
PROSE = ("a b", "see: a", "a\u200bb", "a\u202eb", "a\nb", "\u0430")


def loose(leaf: Leaf) -> bool:
    """Say whether a place for texts declares neither that people wrote it nor what a code looks like."""
    if any(isinstance(one, Masked) for one in leaf.said):
        return False
    return leaf.kind is Any or any(all(re.search(p, one) for p in patterns(leaf)) for one in PROSE)


def patterns(leaf):
    for said in leaf.said:
        for one in getattr(said, "metadata", [said]):
            if getattr(one, "pattern", None):
                yield one.pattern


def test_every_text_that_comes_in_declares_its_kind():
    inputs = [(name, leaf) for model in taken() for name, leaf in members(model)]
    for op in operations():
        inputs += [
            (f"{op.id}:{n}", leaf) for n, kind in op.in_path.items() for leaf in leaves(kind)
        ]
    found = sorted({name for name, leaf in inputs if leaf.kind in {str, Any} and loose(leaf)})
    assert not found, (
        "declare shown text (shared.entity.Name, Text, ShownLine, Shown, Printed), a code with a pattern"
        f" (Code, Id, Opaque …) or bounded JSON (shared.constitution.Json16): {found}"
    )


def around(place, hidden):
    """Return a text of the length that a place takes, with something in its middle."""
    size = place.schema.get("minLength", 0)
    return "a" * max(1, size // 2) + hidden + "b" * max(1, size - size // 2)


def test_no_body_brings_what_nobody_sees():
    brought = []
    for place in TEXTS:
        for hidden in HIDDEN:
            given = place.request(around(place, hidden))
            try:
                taken = place.adapter.validate_json(json.dumps(given), strict=True)
            except ValidationError:
                continue
            found = place.found(place.adapter.dump_python(taken, mode="json", by_alias=True))
            if hidden in found:
                brought.append(f"{place.op.id} {place.field} takes U+{ord(hidden):04X}")
    assert not brought, (
        "use shared.entity.Name, Text, ShownLine or Shown, or give a code its pattern"
    )


def test_a_line_of_windows_is_a_line_and_an_invisible_text_is_empty():
    odd = []
    for place in TEXTS:
        for sent in (around(place, "\r\n"), " \u2800" * max(20, place.schema.get("minLength", 0))):
            try:
                taken = place.adapter.validate_json(json.dumps(place.request(sent)), strict=True)
            except ValidationError:
                continue
            found = place.found(place.adapter.dump_python(taken, mode="json", by_alias=True))
            empty = place.schema.get("minLength", 0) > 0 and not found.strip(" \u2800")
            if "\r" in found or empty:
                odd.append(f"{place.op.id} {place.field}: {found!r}")
    assert not odd, "use shared.entity.Name, Text, ShownLine or Shown"


@pytest.mark.parametrize("hidden", HIDDEN)
def test_the_same_is_true_inside_of_data(hidden):
    from shared.constitution import Json16

    judge = TypeAdapter(Json16)
    for data in ({f"a{hidden}b": 1}, {"a": [{"b": f"a{hidden}b"}]}):
        with pytest.raises(ValidationError, match="leave out character 2"):
            judge.validate_json(json.dumps(data))


@pytest.mark.parametrize(("text", "rule"), [("a\u00adb", None), ("a\u200db", "unseen")])
def test_what_no_pattern_can_say_is_refused_by_a_rule_of_its_own(text, rule):
    from shared.constitution import Json16
    from shared.entity import Name

    for kind, sent in ((Json16, {"a": text}), (Name, text)):
        with pytest.raises(ValidationError) as refused:
            TypeAdapter(kind).validate_json(json.dumps(sent))
        (found,) = refused.value.errors()
        assert getattr(found["ctx"]["error"], "rule", None) == rule


def test_the_length_of_a_text_is_counted_in_characters(world):
    (op,) = [op for op in operations() if op.id == "platform.create_incident"]
    (place,) = [place for place in places(op) if place.field == "title"]
    answer = world.call(op.function, path_of(op), place.request("a" * 201), as_=holder(op))
    assert answer.status_code == 422
    assert answer.json["detail"] == "title: it may have 200 characters at most"


def test_over_http_it_is_a_422_that_names_the_field_and_the_character(world):
    (op,) = [op for op in operations() if op.id == "platform.create_incident"]
    (place,) = [place for place in places(op) if place.field == "title"]
    answer = world.call(op.function, path_of(op), place.request("Zeta\u200bCare"), as_=holder(op))
    assert answer.status_code == 422
    (violation,) = answer.json["violations"]
    assert violation["field"] == "title"
    assert violation["message"].startswith(
        "leave out character 5, which is U+200B (ZERO WIDTH SPACE)"
    )
