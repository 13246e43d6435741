"""What anybody may rely on, whichever store is underneath."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from random import Random

import pytest

from shared.documents import ABSENT, Contended, Key, Write
from shared.errors import Invalid
from tests.store.conftest import key, put, query

TEXTS = ["", "plain", "ümläut", "日本語", "😀 astral 🏴\U000e0067", "a\nb\tc", "'\"\\;--", "\uffff"]


def test_what_was_written_is_read_back(documents):
    thing = {
        "text": "a",
        "number": 2**53,
        "least": -(2**63),
        "flag": True,
        "nothing": None,
        "half": 0.5,
        "list": [1, "a", None, {"b": False}, []],
        "map": {"a.b": 1, "ö x": {"deep": []}},
        "empty": {},
    }

    documents.commit([Write(key("a"), thing, ABSENT)])

    found = documents.get(key("a"))
    assert found.data == thing
    assert found.key == key("a")
    assert type(found.data["flag"]) is bool
    assert type(found.data["number"]) is int
    assert type(found.data["half"]) is float


@pytest.mark.parametrize(
    "nested",
    [[[1], [[2]], []], [{"[]": 1}], [{"[]": [1]}, [{"[]": []}]], [{"[]": 1, "b": 2}], {"[]": [[]]}],
)
def test_lists_may_hold_lists(documents, nested):
    put(documents, {"a": {"levels": nested}})

    assert documents.get(key("a")).data == {"levels": nested}


def test_a_tuple_comes_back_as_a_list(documents):
    put(documents, {"a": {"pair": (1, (2,))}})

    assert documents.get(key("a")).data == {"pair": [1, [2]]}


@pytest.mark.parametrize("text", TEXTS)
def test_text_survives_and_is_found(documents, ids, text):
    put(documents, {"a": {"t": text}, "b": {"t": "other"}})

    assert documents.get(key("a")).data == {"t": text}
    assert ids(("t", "==", text)) == ["a"]


@pytest.mark.parametrize(
    "id", ["a:b", "a.b", "acme.0b-1", "inbox:é:😀", "a b", "%2F", "-", "_", "..."]
)
def test_an_id_may_be_almost_anything(documents, ids, id):
    put(documents, {id: {"n": 1}})

    assert documents.get(key(id)).key.id == id
    assert ids() == [id]


@pytest.mark.parametrize(
    "id",
    [
        "",
        ".",
        "..",
        "a/b",
        "/",
        "__a__",
        "____",
        "x" * 1501,
        "é" * 751,
        "日" * 501,
        "a\0b",
        "\udfff",
    ],
)
def test_an_id_is_never_a_path(documents, id):
    with pytest.raises(Invalid, match="can be no id"):
        documents.get(key(id))
    with pytest.raises(Invalid, match="can be no id"):
        documents.commit([Write(key(id), {})])


@pytest.mark.parametrize("id", ["x" * 1500, "é" * 750, "日" * 500, "😀" * 375])
def test_an_id_has_at_most_1500_bytes(documents, ids, id):
    put(documents, {id: {"n": 1}})

    assert documents.get(key(id)).data == {"n": 1}
    assert ids(("n", "==", 1), order="n") == [id]


@pytest.mark.parametrize("name", ["", "a/b", "a-b", "1a", "a'b", "a.b", "__a__"])
def test_a_collection_has_a_plain_name(documents, name):
    with pytest.raises(ValueError, match="is no name of a collection"):
        documents.get(Key("acme", name, "a"))


def test_what_is_not_there_is_none(documents):
    assert documents.get(key("a")) is None


def test_some_are_read_at_once_in_the_order_in_which_they_are_named(documents):
    put(documents, {"a": {"n": 1}, "b": {"n": 2}, "%2F": {"n": 3}, "é 😀": {"n": 4}})
    put(documents, {"a": {"n": 5}}, tenant="globex")
    elsewhere = [Key("acme", "others", "a"), key("a", "globex")]
    asked = [key("b"), key("none"), *elsewhere, key("é 😀"), key("b"), key("%2F"), key("a")]

    found = documents.get_all(asked)

    assert found == [documents.get(one) for one in asked]
    assert [one and one.data["n"] for one in found] == [2, None, None, 5, 4, 2, 3, 1]
    assert documents.get_all([]) == []


def test_so_many_are_read_at_once_as_a_list_holds(documents):
    many = [f"{n:04d}" for n in range(400)]
    put(documents, {id: {"n": int(id)} for id in many})

    found = documents.get_all([key(id) for id in reversed(many)])

    assert [one.data["n"] for one in found] == [*range(399, -1, -1)]


def test_no_one_of_several_may_be_a_path(documents):
    with pytest.raises(Invalid, match="can be no id"):
        documents.get_all([key("a"), key("a/b")])


def test_a_document_is_created_once(documents):
    documents.commit([Write(key("a"), {"n": 1}, ABSENT)])

    with pytest.raises(Contended):
        documents.commit([Write(key("a"), {"n": 2}, ABSENT)])
    assert documents.get(key("a")).data == {"n": 1}


def test_a_stale_revision_is_refused(documents):
    put(documents, {"a": {"n": 1}})
    seen = documents.get(key("a")).revision
    documents.commit([Write(key("a"), {"n": 2}, seen)])

    with pytest.raises(Contended):
        documents.commit([Write(key("a"), {"n": 3}, seen)])
    assert documents.get(key("a")).data == {"n": 2}


def test_going_back_to_an_old_content_is_not_going_back_to_an_old_revision(documents):
    put(documents, {"a": {"n": 1}})
    seen = documents.get(key("a")).revision
    put(documents, {"a": {"n": 2}})
    put(documents, {"a": {"n": 1}})

    with pytest.raises(Contended):
        documents.commit([Write(key("a"), {"n": 3}, seen)])


def test_a_document_made_again_has_another_revision(documents):
    put(documents, {"a": {"n": 1}})
    seen = documents.get(key("a")).revision
    documents.commit([Write(key("a"), None)])
    put(documents, {"a": {"n": 1}})

    with pytest.raises(Contended):
        documents.commit([Write(key("a"), {"n": 3}, seen)])


def test_a_revision_of_what_is_gone_is_stale(documents):
    put(documents, {"a": {"n": 1}})
    seen = documents.get(key("a")).revision
    documents.commit([Write(key("a"), None, seen)])

    for data in ({"n": 2}, None):
        with pytest.raises(Contended):
            documents.commit([Write(key("a"), data, seen)])
    assert documents.get(key("a")) is None


def test_a_write_replaces_the_whole_document(documents):
    put(documents, {"a": {"n": 1, "old": True, "in": {"x": 1}}})
    documents.commit([Write(key("a"), {"n": 2, "in": {"y": 1}}, documents.get(key("a")).revision)])

    assert documents.get(key("a")).data == {"n": 2, "in": {"y": 1}}


def test_a_blind_write_needs_nothing_to_be_so(documents):
    put(documents, {"a": {"n": 1}})
    put(documents, {"a": {"n": 2}})

    assert documents.get(key("a")).data == {"n": 2}


def test_deleting_what_is_not_there_is_no_error(documents):
    documents.commit([Write(key("a"), None)])

    assert documents.get(key("a")) is None


def test_a_deleted_name_is_free_again(documents):
    put(documents, {"a": {"n": 1}})
    documents.commit([Write(key("a"), None)])
    documents.commit([Write(key("a"), {"n": 2}, ABSENT)])

    assert documents.get(key("a")).data == {"n": 2}


def test_several_writes_are_all_or_nothing(documents):
    put(documents, {"a": {"n": 1}, "b": {"n": 1}})
    of_another = documents.get(key("a")).revision

    with pytest.raises(Contended):
        documents.commit(
            [
                Write(key("new"), {"n": 2}, ABSENT),
                Write(key("a"), {"n": 2}),
                Write(Key("globex", "others", "c"), {"n": 2}),
                Write(key("b"), None),
                Write(key("a:2"), {"n": 2}, of_another),
            ]
        )

    assert documents.get(key("a")).data == documents.get(key("b")).data == {"n": 1}
    assert documents.get(key("new")) is None
    assert documents.get(Key("globex", "others", "c")) is None


def test_one_commit_reaches_several_collections_and_tenants(documents):
    places = [key("a"), Key("acme", "others", "a"), key("a", "globex")]
    documents.commit([Write(place, {"at": str(place)}) for place in places])

    assert [documents.get(place).data["at"] for place in places] == [str(p) for p in places]


def test_committing_nothing_is_no_error(documents):
    documents.commit([])


def test_five_hundred_writes_fit_into_one_commit(documents):
    put(documents, {f"a{n}": {"n": n} for n in range(500)})

    assert documents.count("acme", query()) == 500
    with pytest.raises(ValueError, match="at most 500 writes"):
        put(documents, {f"b{n}": {"n": n} for n in range(501)})


def test_one_commit_writes_a_document_once(documents):
    with pytest.raises(ValueError, match="writes a document once"):
        documents.commit([Write(key("a"), {"n": 1}), Write(key("a"), {"n": 2})])


def test_what_is_no_json_is_an_error(documents):
    with pytest.raises(TypeError, match="holds no set"):
        put(documents, {"a": {"s": {1, 2}}})
    put(documents, {"a": {"n": 1}})
    assert documents.get(key("a")).data == {"n": 1}


def test_tenants_do_not_see_each_other(documents, ids):
    put(documents, {"a": {"n": 1}}, "acme")
    put(documents, {"b": {"n": 1}}, "globex")

    assert documents.get(key("b", "acme")) is None
    assert ids(("n", "==", 1), tenant="acme") == ["a"]
    assert documents.count("globex", query()) == 1
    assert ids(tenant="initech") == []


def test_collections_do_not_mix(documents, ids):
    put(documents, {"a": {"n": 1}})
    documents.commit([Write(Key("acme", "things_too", "b"), {"n": 1})])

    assert ids() == ["a"]
    assert ids(tenant=None) == ["a"]


def test_fifty_writers_of_one_counter_lose_nothing(documents):
    put(documents, {"a": {"n": 0}})
    start = threading.Barrier(50)

    def increment(writer):
        pause = Random(writer)
        start.wait()
        for attempt in range(1000):
            seen = documents.get(key("a"))
            try:
                documents.commit([Write(key("a"), {"n": seen.data["n"] + 1}, seen.revision)])
            except Contended:
                time.sleep(pause.uniform(0, 0.005 * min(attempt, 20)))
            else:
                return True
        return False

    with ThreadPoolExecutor(50) as pool:
        assert all(pool.map(increment, range(50)))
    assert documents.get(key("a")).data == {"n": 50}


def test_of_many_who_create_one_document_one_does(documents):
    start = threading.Barrier(8)

    def create(n):
        start.wait()
        try:
            documents.commit([Write(key("a"), {"by": n}, ABSENT), Write(key(f"b{n}"), {})])
        except Contended:
            return None
        return n

    with ThreadPoolExecutor(8) as pool:
        winners = [n for n in pool.map(create, range(8)) if n is not None]
    assert [documents.get(key("a")).data["by"]] == winners
    assert documents.count("acme", query()) == 2


def test_a_store_is_used_from_many_threads(documents):
    def write(n):
        put(documents, {f"{n}": {"n": n}})
        return documents.get(key(f"{n}")).data["n"]

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(write, range(100))) == list(range(100))
    assert documents.count("acme", query()) == 100


def test_a_closed_store_opens_again(documents):
    put(documents, {"a": {"n": 1}})
    documents.close()
    put(documents, {"b": {"n": 2}})

    assert documents.get(key("a")).data == {"n": 1}
    documents.close()
    documents.close()
