"""Canonical bytes: RFC 8785, whichever way they are written."""

import hashlib

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from shared.canonical import canonical, digest, digests
from shared.errors import Invalid

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"]))
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner) | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner)
    ),
    max_leaves=20,
)


@given(VALUES)
def test_it_is_what_the_standards_own_package_writes(value):
    assert canonical(value) == rfc8785.dumps(value)


def test_the_vector_of_the_specification():
    value = {"b": [1, 2.5, 1e21, 0.000001, 1e-7], "a": "é\n", "ä": None, "A": True}
    assert canonical(value).decode() == (
        '{"A":true,"a":"é\\n","b":[1,2.5,1e+21,0.000001,1e-7],"ä":null}'
    )
    assert digest(value) == "c834cbe88507c4c1033c2ff4362023153c05c7b767184c3287b48ae8257f7318"
    assert digest(value) == hashlib.sha256(canonical(value)).hexdigest()


NAMES = st.text(st.characters(exclude_categories=["Cs"]))


@given(st.dictionaries(NAMES, VALUES, max_size=6), st.sets(NAMES, max_size=2), NAMES)
def test_two_digests_of_a_document_are_those_of_its_two_forms(document, more, name):
    apart = more | {name for n, name in enumerate(document) if n % 3 == 2}
    first, both = digests(document, apart=apart, name=name)
    assert first == digest({n: v for n, v in document.items() if n not in {*apart, name}})
    assert both == digest(document | {name: first})


def test_keys_are_sorted_by_utf_16_code_units():
    assert canonical({"\ufb33": 1, "\U0001f600": 2}).decode() == '{"\U0001f600":2,"\ufb33":1}'


@pytest.mark.parametrize(
    "value",
    [2**53, -(2**53), float("nan"), float("inf"), "\ud800", {"\udfff": 1}, {1: 2}, [object()]],
)
def test_what_has_no_canonical_form_is_refused(value):
    with pytest.raises(Invalid) as refused:
        canonical(value)
    assert refused.value.violations[0].rule == "canonicalization"


def test_what_holds_itself_has_no_canonical_form():
    held = {"inside": []}
    held["inside"].append(held)
    with pytest.raises(Invalid):
        canonical(held)
