"""What no store can be asked: a query of the wrong shape is a defect, a value that nobody can ask for is invalid."""

import pytest

from shared.documents import Query, Write
from shared.errors import Invalid
from tests.store.conftest import key, put, query


@pytest.mark.parametrize(
    ("asked", "reason"),
    [
        (query(("n", ">", 1)), "order by n too"),
        (query(("n", ">", 1), ("t", ">", "a"), order="t"), "order by n too"),
        (query(("n", ">", None), order="n"), "nothing is before or after null"),
        (query(("n", "==", 0.5)), "cannot be compared"),
        (query(("n", "in", 1)), "takes a tuple"),
        (query(("n", "==", (1, 2))), "compares with one value"),
        (query(("n", "==", [1])), "cannot be compared"),
        (query(("n", "in", ([1],))), "cannot be compared"),
        (query(("n') or ('1'='1", "==", 1)), "is no name"),
        (query(("n.", "==", 1)), "is no name"),
        (query(order="n.1x"), "is no name"),
        (query(order="__name__"), "is no name"),
        (query((f"{'a' * 750}.{'b' * 750}", "==", 1)), "too long"),
        (query(order=".".join("a" * 21)), "too long"),
        (query(("kept_until", "==", "2026-01-01T00:00:00.000Z")), "nobody asks for kept_until"),
        (query(order="kept_until"), "nobody asks for kept_until"),
        (query(limit=0), "one document at least"),
        (query(limit=-1), "one document at least"),
        (query(*[(f"f{n}", "==", 1) for n in range(98)], order="z"), "at most 99 conditions"),
        (query(*[(f"f{n}", "in", (n, None)) for n in range(50)]), "at most 99 conditions"),
        (Query("no such/thing"), "is no name"),
    ],
)
def test_what_a_store_cannot_be_asked_is_an_error(documents, asked, reason):
    with pytest.raises(ValueError, match=reason):
        documents.find("acme", asked)


@pytest.mark.parametrize(
    ("where", "reason"),
    [
        ([("n", "==", 2**63)], "an integer 64 bits"),
        ([("n", ">", -(2**63) - 1)], "an integer 64 bits"),
        ([("n", "==", "\ud800")], "cannot be compared"),
        ([("n", "==", "a\0b")], "cannot be compared"),
        # The emulator takes 1,499 bytes and no more, Firestore 1,500.
        ([("n", "==", "x" * 1500)], "at most 1,499 bytes"),
        ([("n", "==", "é" * 750)], "at most 1,499 bytes"),
        ([("n", ">=", "😀" * 375)], "at most 1,499 bytes"),
        ([("n", "in", ("a", "x" * 1500))], "at most 1,499 bytes"),
        ([("n", "in", tuple(range(31)))], "30 alternatives, not 31"),
        ([("n", "in", tuple(range(6))), ("t", "in", tuple(range(6)))], "30 alternatives, not 36"),
        ([(n, "in", (0, 1)) for n in "abcde"], "30 alternatives, not 32"),
    ],
)
def test_a_value_that_cannot_be_asked_for_is_invalid(documents, where, reason):
    for asked in (query(*where), query(*where, order="n")):
        with pytest.raises(Invalid, match=reason):
            documents.find("acme", asked)
        with pytest.raises(Invalid, match=reason):
            documents.count("acme", asked)


def test_the_most_that_may_be_asked_is_answered(documents, ids):
    put(documents, {"a": {"t": "x" * 1499}, "b": {"t": "é" * 749 + "x"}, "c": {"t": "😀" * 374}})

    assert ids(("t", "==", "x" * 1499)) == ["a"]
    assert ids(("t", ">=", "é" * 749 + "x"), order="t") == ["b", "c"]
    assert ids(("t", "in", ("😀" * 374, *map(str, range(29))))) == ["c"]
    assert ids(*[(n, "in", tuple(range(size))) for n, size in (("a", 2), ("b", 3), ("c", 5))]) == []
    assert ids(*[(f"f{n}", "==", 1) for n in range(97)], order="z") == []
    deep = ".".join("a" * 20)
    assert ids((deep, "==", 1)) == []


@pytest.mark.parametrize(
    "tenant", ["acme/things/a", "..", "", "a", "Acme", "a b", "a?b", "a#", "é", "a" * 32]
)
def test_a_tenant_has_the_name_of_one(documents, tenant):
    for ask in (
        lambda: documents.find(tenant, query()),
        lambda: documents.count(tenant, query()),
        lambda: documents.get(key("a", tenant)),
        lambda: documents.commit([Write(key("a", tenant), {})]),
    ):
        with pytest.raises(Invalid, match="can be no tenant"):
            ask()
