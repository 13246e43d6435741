"""A condition is true, false or unknown; only what is known, and written as it must be, is compared."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.precedents.models.conditions import OPERATORS, Condition, compared, unmeasurable
from shared.precedents.models.facts import FACTS, read, unspoken

OF_KIND = {
    "truth": ("contains_personal_data", True, [False]),
    "number": ("records", 3, [2, 4]),
    "code": ("country", "DE", ["FR"]),
    "names": ("data_classes", "public", ["internal", "public,internal"]),
}


def condition(operator, value, fact):
    return Condition(id="c", fact=fact, operator=operator, value=value)


def truth(operator, value, fact, said):
    found = compared(condition(operator, value, fact), {} if said is None else {fact: said})
    assert not (found.passed and not found.known)
    return found.passed if found.known else None


@pytest.mark.parametrize(
    ("operator", "value", "fact", "said", "holds"),
    [
        ("eq", "passed", "fact_check", "passed", True),
        ("eq", "passed", "fact_check", "failed", False),
        ("ne", "DE", "country", "FR", True),
        ("ne", "DE", "country", "DE", False),
        ("lte", 3, "records", 3, True),
        ("lte", 3, "records", 4, False),
        ("gte", 3, "records", 3, True),
        ("gte", 3, "records", 2, False),
        ("in", ("DE", "FR"), "country", "FR", True),
        ("in", ("DE", "FR"), "country", "IT", False),
        ("subset", ("a", "b"), "data_classes", "a,b", True),
        ("subset", ("a", "b"), "data_classes", "", True),
        ("subset", ("a",), "data_classes", "a,b", False),
        ("exists", True, "country", "DE", True),
        *(("ne", True, "contains_personal_data", said, None) for said in (1, 0, "true", "no", "")),
        ("ne", True, "contains_personal_data", False, True),
        *(
            ("ne", "DE", "country", said, None)
            for said in ("de", "DE ", "\uff24\uff25", 0, "", "D.E.")
        ),
        *(("lte", 3, "records", said, None) for said in (-1, True, "2", "few", None)),
        ("subset", ("a", "b"), "data_classes", "a, b", None),
        ("subset", ("a",), "data_classes", 1, None),
        ("exists", False, "country", None, None),
        ("exists", False, "country", "DE", None),
        ("exists", True, "country", "de", None),
        ("eq", "x", "whatever", "x", None),
        ("ne", "x", "whatever", "y", None),
        ("lte", "3", "records", 3, None),
        ("ne", ("DE",), "country", "FR", None),
        ("in", "DE", "country", "DE", None),
        ("ne", "de", "country", "FR", None),
    ],
)
def test_a_condition_is_true_false_or_unknown(operator, value, fact, said, holds):
    assert truth(operator, value, fact, said) is holds


ANYTHING = st.one_of(st.booleans(), st.integers(-5, 5), st.sampled_from(["", "DE", "de", "public"]))
ANYTHING |= st.text(max_size=8)


@given(st.sampled_from(sorted(OF_KIND)), ANYTHING)
def test_what_is_not_what_its_declaration_says_never_holds(kind, said):
    fact, _, _ = OF_KIND[kind]
    value, _ = read({fact: said}, fact)
    for operator in OPERATORS[kind]:
        for expected in (said, (said,), OF_KIND[kind][1], True, 3):
            if value is None:
                assert truth(operator, expected, fact, said) is None


@given(st.sampled_from(sorted(OF_KIND)), st.data())
def test_equal_and_unequal_are_opposites_only_of_what_is_known(kind, data):
    fact, one, others = OF_KIND[kind]
    said = data.draw(st.sampled_from([one, *others, None, "x y", -1]))
    if kind == "names":
        return
    equal, unequal = truth("eq", one, fact, said), truth("ne", one, fact, said)
    assert (equal is None) == (unequal is None)
    if equal is not None:
        assert unequal is not equal


@given(st.text(max_size=20), ANYTHING)
def test_a_fact_that_nobody_declared_is_unknown(name, said):
    if name not in FACTS:
        assert read({name: said}, name)[0] is None
        assert unspoken({name: said}, frozenset()) == (name,)


def test_every_fact_says_where_it_comes_from():
    assert all(one.source and one.described for one in FACTS.values())
    assert {one.kind for one in FACTS.values()} == set(OPERATORS) == set(OF_KIND)


def test_a_condition_that_can_never_be_known_says_why():
    assert unmeasurable(condition("eq", 1, "x")) == "x is no fact that anybody verifies"
    assert "says nothing about" in unmeasurable(condition("lte", 1, "country"))
    assert unmeasurable(condition("exists", False, "country")).startswith("what is not stated")
    assert "one value" in unmeasurable(condition("eq", ("DE",), "country"))
    assert "a list" in unmeasurable(condition("in", "DE", "country"))
    assert "is compared with “de”" in unmeasurable(condition("eq", "de", "country"))
    assert unmeasurable(condition("subset", ("public",), "data_classes")) == ""


def test_what_is_unknown_is_said_in_words():
    found = compared(condition("eq", True, "hipaa_compliant"), {"hipaa_compliant": "true"})
    assert found.detail == (
        "hipaa_compliant is “true”, where true or false is asked for; it must be true"
    )
    assert compared(condition("gte", 80, "alignment_score"), {}).detail == (
        "alignment_score is not stated; 80 at least"
    )
