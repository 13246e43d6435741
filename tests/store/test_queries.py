"""What may be asked of a store, and that both give the same answer as plain Python does."""

import operator
from enum import StrEnum
from functools import cmp_to_key

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.documents import Condition, Key, Query, Write
from shared.edge.sqlite import SqliteDocuments
from shared.errors import BadRequest, Invalid
from tests.store.conftest import key, put, query

THINGS = {
    "a": {"n": 1, "t": "apple", "b": True, "in": {"x": {"y": 1}}},
    "b": {"n": 2, "t": "apricot", "b": False, "in": {"x": {"y": 2}}},
    "c": {"n": 2, "t": "banana", "b": True, "in": {"x": None}},
    "d": {"n": None, "t": None, "b": None, "in": {}},
    "e": {"n": 10, "t": "Äpfel", "b": True, "in": {"x": {"y": 1}}},
}


@pytest.fixture
def things(documents):
    put(documents, THINGS)
    put(documents, {"z": {"n": 1, "t": "apple", "b": True}}, "globex")
    return documents


@pytest.mark.usefixtures("things")
@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ([("n", "==", 2)], "bc"),
        ([("n", "==", "2")], ""),
        ([("n", "==", True)], ""),
        ([("b", "==", True)], "ace"),
        ([("b", "==", False)], "b"),
        ([("b", "==", 1)], ""),
        ([("b", "==", 0)], ""),
        ([("n", "==", None)], "d"),
        ([("nowhere", "==", None)], ""),
        ([("in.x", "==", None)], "c"),
        ([("in.x.y", "==", 1)], "ae"),
        ([("in.x.y", "==", None)], ""),
        ([("n", "==", 2), ("b", "==", True)], "c"),
        ([("n", "==", 2), ("n", "==", 1)], ""),
        ([("t", "==", "Äpfel")], "e"),
        ([("t", "==", "APPLE")], ""),
        ([("t", "==", "' or 1=1 --")], ""),
        ([("n", "in", (1, 10, 11))], "ae"),
        ([("n", "in", ("1", True))], ""),
        ([("n", "in", (None,))], "d"),
        ([("n", "in", (None, 1))], "ad"),
        ([("n", "in", ())], ""),
        ([("t", "in", ("apple", "banana")), ("b", "==", True)], "ac"),
        ([("b", "in", (False, None))], "bd"),
        ([("in.x.y", "in", (1, 2))], "abe"),
    ],
)
def test_documents_are_found_by_what_they_hold(ids, documents, where, expected):
    assert ids(*where) == list(expected)
    assert documents.count("acme", query(*where)) == len(expected)


LISTS = {
    "a": {"n": 1, "l": ["x", "y", 1, True]},
    "b": {"n": 2, "l": ["X", "1", 1.0, None]},
    "c": {"n": 3, "l": [["x"], {"x": 1}, 2]},
    "d": {"n": 4, "l": "x", "in": {"l": ["x"]}},
    "e": {"n": None, "l": [], "in": {"l": {"0": "x"}}},
    "f": {"n": 5},
}


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ([("l", "contains", "x")], "a"),
        ([("l", "contains", 1)], "ab"),
        ([("l", "contains", True)], "a"),
        ([("l", "contains", False)], ""),
        ([("l", "contains", "1")], "b"),
        ([("l", "contains", "' or 1=1 --")], ""),
        ([("in.l", "contains", "x")], "d"),
        ([("l", "contains_any", ("x", 2, "X"))], "abc"),
        ([("l", "contains_any", (2, True))], "ac"),
        ([("l", "contains_any", ())], ""),
        ([("l", "contains", 1), ("n", "==", 2)], "b"),
        ([("l", "contains", 1), ("n", "in", (1, 3, None))], "a"),
        ([("l", "contains_any", (1, 2)), ("n", "in", (1, 3, None))], "ac"),
        ([("l", "contains_any", (1, 2)), ("n", ">=", 2)], "bc"),
    ],
)
def test_documents_are_found_by_what_is_in_a_list(ids, documents, where, expected):
    put(documents, LISTS)
    order = "n" if any(op == ">=" for _, op, _ in where) else ""
    assert ids(*where, order=order) == list(expected)
    assert documents.count("acme", query(*where)) == len(expected)


def test_a_list_that_is_looked_into_may_have_any_order_and_pages(documents):
    put(documents, {f"{n:02}": {"n": n % 3, "l": [n, "x" if n % 2 else "y"]} for n in range(12)})
    asked = query(("l", "contains", "x"), order="-n", limit=2)
    found = [id for _, id in paged(documents, "acme", asked)]
    assert found == ["11", "05", "07", "01", "09", "03"]


@pytest.mark.parametrize(
    ("where", "why"),
    [
        ([("l", "contains", None)], "null"),
        ([("l", "contains_any", (1, None))], "null"),
        ([("l", "contains", ("x",))], "one value"),
        ([("l", "contains_any", "x")], "a tuple"),
        ([("l", "contains", 1), ("l", "contains", 2)], "one list"),
        ([("l", "contains", 1), ("m", "contains_any", (2,))], "one list"),
        ([(f"m{n}", ">", 1) for n in range(11)], "at most 10"),
    ],
)
def test_what_no_store_can_look_for_is_a_defect(documents, where, why):
    order = " ".join(name for name, op, _ in where if op == ">")
    with pytest.raises(ValueError, match=why):
        documents.find("acme", query(*where, order=order))
    with pytest.raises(ValueError, match=why):
        documents.count("acme", query(*where))


def test_no_more_than_thirty_alternatives_are_looked_for(documents):
    some = ("l", "contains_any", tuple(range(10)))
    documents.find("acme", query(some, ("n", "in", (1, 2, 3))))
    with pytest.raises(Invalid, match="30 alternatives"):
        documents.find("acme", query(some, ("n", "in", (1, 2, 3, 4))))


@pytest.mark.usefixtures("things")
@pytest.mark.parametrize(
    ("where", "order", "expected"),
    [
        ([("n", ">=", 1), ("t", "<", "b")], "n t", "ab"),
        ([("n", ">=", 1), ("t", "<", "b")], "-t -n", "ba"),
        ([("n", ">=", 1), ("t", ">", "apple"), ("b", ">=", True)], "b t n", "ce"),
        ([("n", ">", 1)], "t n", "bce"),
        ([("n", ">", 1), ("b", "==", True)], "-t n", "ec"),
        ([("n", ">", 1), ("n", "<", 10), ("in.x.y", ">", 1)], "n in.x.y", "b"),
    ],
)
def test_several_members_may_have_a_range(ids, documents, where, order, expected):
    assert ids(*where, order=order) == list(expected)
    assert documents.count("acme", query(*where)) == len(expected)


@pytest.mark.usefixtures("things")
@pytest.mark.parametrize(
    ("where", "order", "expected"),
    [
        ([("n", ">", 1)], "n", "bce"),
        ([("n", ">=", 2)], "-n", "ecb"),
        ([("n", "<", 10)], "n", "abc"),
        ([("n", "<=", 2), ("n", ">", 1)], "n", "bc"),
        ([("n", ">=", 2), ("b", "==", True)], "n", "ce"),
        ([("t", ">=", "ap"), ("t", "<", "ap\U0010ffff")], "t", "ab"),
        ([("t", ">", "apple")], "t", "bce"),
        ([("b", ">", False)], "b", "ace"),
        ([("n", ">", "")], "n", ""),
        ([("t", ">", 0)], "t", ""),
        ([("t", "<", "b"), ("n", "in", (1, 2))], "t", "ab"),
        ([("in.x.y", ">=", 1)], "-in.x.y", "bea"),
    ],
)
def test_a_range_is_within_one_type(ids, documents, where, order, expected):
    assert ids(*where, order=order) == list(expected)
    assert documents.count("acme", query(*where)) == len(expected)


@pytest.mark.usefixtures("things")
@pytest.mark.parametrize(
    ("order", "expected"),
    [
        ("", "abcde"),
        ("n", "dabce"),
        ("-n", "ecbad"),
        ("t", "dabce"),
        ("b -n", "dbeca"),
        ("-b n", "acebd"),
        ("-b -n", "ecabd"),
        ("n -t", "dacbe"),
        ("in.x.y", "aeb"),
        ("-in.x.y", "bea"),
        ("nowhere", ""),
    ],
)
def test_null_is_first_what_is_absent_is_nowhere_and_ties_are_broken_by_id(ids, order, expected):
    assert ids(order=order, limit=10) == list(expected)


def test_one_order_may_follow_another_condition(things, ids):
    assert ids(("b", "==", True), order="-t") == ["e", "c", "a"]
    assert things.count("acme", query(("b", "==", True), order="-t", limit=1)) == 3
    assert things.count("acme", query(("b", "==", True), order="no-name' ")) == 3


@pytest.mark.usefixtures("things")
def test_a_query_returns_no_more_than_it_may(ids):
    assert ids(order="n", limit=2) == ["d", "a"]


def test_a_member_of_an_enumeration_is_its_value(documents, ids):
    class Taste(StrEnum):
        SWEET = "sweet"

    put(documents, {"a": {"t": "sweet"}, "b": {"t": "sour"}})

    assert ids(("t", "==", Taste.SWEET)) == ["a"]
    assert ids(("t", "in", (Taste.SWEET,))) == ["a"]
    assert ids(("t", ">", Taste.SWEET), order="t") == []
    assert ids(order="t", after=(Taste.SWEET, "0")) == ["a"]


def test_a_text_that_looks_like_a_list_is_no_list(documents, ids):
    put(documents, {"list": {"x": [1]}, "map": {"x": {"a": 1}}, "t1": {"x": "[1]"}})
    put(documents, {"t2": {"x": '{"a":1}'}})

    assert ids(("x", "==", "[1]")) == ["t1"]
    assert ids(("x", "in", ('{"a":1}',))) == ["t2"]
    assert ids(("x", ">", "A"), order="x") == ["t1", "t2"]


def test_what_changed_is_found_as_it_is_now(documents, ids):
    put(documents, THINGS)
    assert ids(("n", "==", 2)) == ["b", "c"]
    documents.commit([Write(key("b"), {"n": 3}), Write(key("c"), None), Write(key("f"), {"n": 2})])

    assert ids(("n", "==", 2)) == ["f"]


def test_pages_go_on_while_others_write(documents):
    put(documents, {f"m{n}": {"n": n // 3} for n in range(10, 20)})
    seen, after = [], ()
    while found := documents.find("acme", query(order="-n", limit=3, after=after)):
        seen += [f.key.id for f in found]
        after = (found[-1].data["n"], found[-1].key.id)
        put(documents, {f"a{len(seen)}": {"n": 99}, "z": {"n": 0}})
        documents.commit([Write(found[-1].key, None)])

    assert [name for name in seen if name[0] == "m"] == [f"m{n}" for n in range(19, 9, -1)]
    assert [name for name in seen if name[0] != "m"] == ["z"]


def test_all_tenants_can_be_asked_at_once(documents):
    for tenant in ("bb", "aa", "aa-b"):
        put(documents, {"2": {"n": 1}, "1": {"n": 1}, "3": {"n": 0}}, tenant)

    def places(found):
        return " ".join(f"{f.key.tenant}/{f.key.id}" for f in found)

    whole = documents.find(None, query(("n", "==", 1), order="n"))
    assert places(whole) == "aa/1 aa/2 aa-b/1 aa-b/2 bb/1 bb/2"
    backward = documents.find(None, query(("n", "==", 1), order="-n"))
    assert backward == whole[::-1]
    after = query(("n", "==", 1), order="n", after=(1, "aa", "2"), limit=2)
    assert documents.find(None, after) == whole[2:4]
    assert documents.find(None, query(after=("aa-b", "3"))) == documents.find("bb", query())
    assert documents.count(None, query(("n", "==", 1))) == 6


@pytest.mark.parametrize(
    ("tenant", "after"),
    [
        ("acme", ("a",)),
        ("acme", (1, 2, "a")),
        ("acme", (1, 2)),
        ("acme", (["x"], "a")),
        ("acme", (2**64, "a")),
        ("acme", (0.5, "a")),
        ("acme", ("\ud800", "a")),
        ("acme", (1, "\ud800")),
        ("acme", (1, "a/b")),
        ("acme", (1, "..")),
        ("acme", (1, "é" * 751)),
        ("acme", ("x" * 1500, "a")),
        ("acme", ("a\0b", "a")),
        (None, (1, "Acme", "a")),
        (None, (1, None, "a")),
        (None, (1, "a")),
        (None, (1, "acme", "")),
        (None, ("a",)),
    ],
)
def test_the_cursor_of_another_list_is_refused(documents, tenant, after):
    with pytest.raises(BadRequest, match="of another list"):
        documents.find(tenant, query(order="n", after=after))


# --- against plain Python ------------------------------------------------------------------------

ALPHABET = "ab[{é\uffff😀"
LETTERS = st.text(ALPHABET, max_size=2)
NUMBERS = st.integers(-2, 2) | st.sampled_from([-(2**63), 2**53 + 1, 2**63 - 1])
FIELDS = {
    "n": st.none() | NUMBERS,
    "t": st.none() | LETTERS,
    "b": st.none() | st.booleans(),
    "x": st.none() | NUMBERS | LETTERS | st.booleans() | st.just([1]) | st.just({"a": 1}),
    "l": st.none() | st.lists(st.none() | NUMBERS | LETTERS | st.booleans(), max_size=3),
    "in": st.none() | st.fixed_dictionaries({}, optional={"k": st.none() | NUMBERS}),
}
PATHS = {"n": NUMBERS, "t": LETTERS, "b": st.booleans(), "in.k": NUMBERS}
DOCUMENTS = st.dictionaries(
    st.tuples(st.sampled_from(["aa", "aa-b", "bb"]), st.text("ab.:Z9é😀", min_size=1, max_size=3)),
    st.fixed_dictionaries({}, optional=FIELDS),
    max_size=12,
).filter(lambda found: not any(name in {".", ".."} for _, name in found))
ANY = st.none() | NUMBERS | LETTERS | st.booleans()
RANGES = {"<": operator.lt, "<=": operator.le, ">=": operator.ge, ">": operator.gt}
ABSENT = object()


@st.composite
def queries(draw):
    fields = st.sampled_from(["n", "t", "b", "x", "in.k"])
    where = draw(st.lists(st.builds(Condition, fields, st.just("=="), ANY), max_size=2))
    among = st.builds(Condition, fields, st.just("in"), st.lists(ANY, max_size=3).map(tuple))
    where += draw(st.lists(among, max_size=1))
    ways = st.sampled_from(["asc", "desc"])
    order = draw(
        st.lists(
            st.tuples(st.sampled_from(list(PATHS)), ways), max_size=2, unique_by=lambda o: o[0]
        )
    )
    lists = st.sampled_from(["l", "l", "x"])
    items = NUMBERS | LETTERS | st.booleans()
    single = st.builds(Condition, lists, st.just("contains"), items)
    any_of = st.lists(items, max_size=3).map(tuple)
    several = st.builds(Condition, lists, st.just("contains_any"), any_of)
    where += draw(st.lists(single | several, max_size=1))
    for ranged in draw(st.lists(st.sampled_from([*PATHS, "x"]), max_size=2, unique=True)):
        values = PATHS.get(ranged, NUMBERS | LETTERS | st.booleans())
        ranges = st.builds(Condition, st.just(ranged), st.sampled_from(list(RANGES)), values)
        where += draw(st.lists(ranges, min_size=1, max_size=2))
        at = draw(st.integers(0, len(order)))
        if ranged not in dict(order):
            order.insert(at, (ranged, draw(ways)))
    return Query("things", tuple(where), tuple(order), draw(st.integers(1, 4)))


def at(data, path):
    for part in path.split("."):
        if not isinstance(data, dict) or part not in data:
            return ABSENT
        data = data[part]
    return data


def meets(data, condition):
    value = at(data, condition.field)
    if condition.op == "in":
        return any(meets(data, Condition(condition.field, "==", v)) for v in condition.value)
    if condition.op in {"contains", "contains_any"}:
        some = condition.value if condition.op == "contains_any" else (condition.value,)
        return isinstance(value, list) and any(
            type(item) is type(one) and item == one for item in value for one in some
        )
    if type(value) is not type(condition.value):
        return False
    return RANGES.get(condition.op, operator.eq)(value, condition.value)


def reference(things, asked):
    """Return the places of the documents that a query finds, whatever its limit."""
    names = [name for name, _ in asked.order]
    found = [
        place
        for place, data in things.items()
        if all(meets(data, c) for c in asked.where)
        and all(at(data, name) is not ABSENT for name in names)
    ]
    ways = [way for _, way in asked.order]
    signs = [-1 if way == "desc" else 1 for way in (*ways, ways[-1] if ways else "asc")]

    def compare(one, other):
        for name, sign in zip(names, signs, strict=False):
            left, right = at(things[one], name), at(things[other], name)
            if left != right:
                before = left is None or (right is not None and left < right)
                return -sign if before else sign
        return signs[-1] * ((one > other) - (one < other))

    return sorted(found, key=cmp_to_key(compare))


def paged(documents, tenant, asked):
    """Find page after page, going on where the last one ended."""
    found, after = [], ()
    while True:
        more = Query(asked.collection, asked.where, asked.order, asked.limit, after)
        page = documents.find(tenant, more)
        found += [(f.key.tenant, f.key.id) for f in page]
        if len(page) < asked.limit:
            return found
        last = page[-1]
        place = (last.key.id,) if tenant else (last.key.tenant, last.key.id)
        after = (*(at(last.data, name) for name, _ in asked.order), *place)


def test_random_queries_find_what_plain_python_finds(documents):
    find_what_plain_python_finds(documents)


def test_random_queries_that_nobody_declared_do_too(tmp_path):
    documents = SqliteDocuments(tmp_path / "store.db")
    find_what_plain_python_finds(documents)
    documents.close()


def find_what_plain_python_finds(documents):
    examples = 150 if isinstance(documents, SqliteDocuments) else 40

    @settings(max_examples=examples, deadline=None, database=None)
    @given(things=DOCUMENTS, asked=st.lists(queries(), min_size=1, max_size=4))
    def holds(things, asked):
        keys = {place: Key(place[0], "things", place[1]) for place in things}
        documents.commit([Write(keys[place], data) for place, data in things.items()])
        try:
            for one in asked:
                for tenant in ("aa", None):
                    own = {p: data for p, data in things.items() if tenant in {None, p[0]}}
                    assert paged(documents, tenant, one) == reference(own, one)
                    bare = Query(one.collection, one.where)
                    assert documents.count(tenant, one) == len(reference(own, bare))
        finally:
            documents.commit([Write(place, None) for place in keys.values()])

    holds()
