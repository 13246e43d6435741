import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.canonical import canonical
from shared.genesis.models import schemas as schemas_module
from shared.genesis.models.schemas import mismatches, problems
from tests.conftest import examples

names = st.sampled_from(["a", "b", "c"])
values = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from(["", "a", "abc"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3),
    max_leaves=6,
)
types = st.sampled_from(["object", "array", "string", "integer", "number", "boolean", "null"])
small = st.integers(0, 3)


def schemas_of(inner):
    return st.fixed_dictionaries(
        {},
        optional={
            "type": types | st.lists(types, min_size=1, max_size=3),
            "enum": st.lists(values, min_size=1, max_size=3),
            "const": values,
            "properties": st.dictionaries(names, inner, max_size=2),
            "required": st.lists(names, max_size=2, unique=True),
            "additionalProperties": st.booleans() | inner,
            "items": inner,
            "uniqueItems": st.booleans(),
            "minLength": small,
            "maxLength": small,
            "minItems": small,
            "maxItems": small,
            "minProperties": small,
            "maxProperties": small,
            "minimum": st.integers(-3, 3),
            "maximum": st.integers(-3, 3),
            "exclusiveMinimum": st.integers(-3, 3),
            "exclusiveMaximum": st.integers(-3, 3),
        },
    )


schemas = st.recursive(schemas_of(st.just({})), schemas_of, max_leaves=4)


@settings(max_examples=examples(300), deadline=None)
@given(schemas, values)
def test_it_agrees_with_the_standard(schema, value):
    assert problems(schema) == ()
    assert (mismatches(schema, value) == ()) is jsonschema.Draft202012Validator(schema).is_valid(
        value
    )


@pytest.mark.parametrize(
    "schema",
    [
        [],
        {"$ref": "#"},
        {"pattern": "(a+)+"},
        {"type": "integre"},
        {"type": []},
        {"type": 3},
        {"type": [3]},
        {"properties": []},
        {"properties": {"a": 1}},
        {"required": "a"},
        {"required": [1]},
        {"additionalProperties": "no"},
        {"items": {"type": "x"}},
        {"minLength": -1},
        {"maxItems": "3"},
        {"minimum": True},
        {"enum": []},
        {"uniqueItems": "yes"},
    ],
    ids=str,
)
def test_what_is_not_supported_or_wrong_is_said(schema):
    assert problems(schema)


def test_a_mismatch_says_where():
    schema = {"properties": {"a": {"items": {"type": "string"}}}, "additionalProperties": False}
    assert mismatches(schema, {"a": ["x", 1]}) == ("$.a[1] is not of type string",)
    assert mismatches(schema, {"b": 1}) == ("$.b is not declared",)


@pytest.mark.parametrize(
    "schema",
    [{"uniqueItems": True}, {"items": {"enum": list(range(2600))}}],
    ids=["unique items", "a list of values"],
)
def test_many_values_are_each_brought_into_their_form_once(schema, monkeypatch):
    seen = []
    monkeypatch.setattr(schemas_module, "canonical", lambda v: seen.append(v) or canonical(v))
    assert mismatches(schema, list(range(2600))) == ()
    assert len(seen) <= 2 * 2600


def test_no_more_mismatches_are_found_than_anybody_reads():
    schema = {"items": {"required": [f"n{number}" for number in range(2000)]}}
    assert len(mismatches(schema, [{}] * 2000)) == schemas_module.MOST_MISMATCHES
