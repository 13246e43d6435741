"""
No query reads what it does not return, wherever its page begins.

SQLite tells how many steps it takes, which no busy machine changes. A store of a few thousand documents is asked
every query that is declared, and a walk through it takes far more steps than a page may.
"""

from itertools import groupby

import pytest

from shared.documents import EXPIRY, Condition, Key, Query, Write
from shared.edge.layout import declared
from shared.edge.sql import Index
from shared.edge.sqlite import SqliteDocuments

DOCUMENTS, PAGE, TIES = 2000, 20, 5
A_DOCUMENT, A_PART = 30, 60
"""How many steps a document that is returned may take, and the way to each part of an index that is read."""

TENANTS = ("acme", "globex")
ASKED = [one for one in declared() if one.order[0] != f"$.{EXPIRY}"]
COLLECTIONS = {name: [*some] for name, some in groupby(ASKED, lambda one: one.collection)}


class Counted(SqliteDocuments):
    """Counts the steps of SQLite."""

    steps = 0

    def _connect(self):
        connection = super()._connect()
        connection.set_progress_handler(self._step, 1)
        return connection

    def _step(self):
        self.steps += 1


def members(indexes):
    """Return the members that some indexes are of: those that are compared, and those that give an order."""
    equal = {name for one in indexes for name in one.equal}
    ordered = {name.removesuffix(" desc") for one in indexes for name in one.order}
    return [
        sorted(name.removeprefix("$.") for name in some if name.startswith("$."))
        for some in (equal - ordered, ordered)
    ]


def document(n, compared, ordered):
    """Return a document; some have not all members, and some hold null."""
    data = {}
    for position, name in enumerate(compared):
        put(data, name, (None, "a", "b", True)[(n // (position + 1)) % 4])
    for name in ordered:
        if n % 7:
            put(data, name, None if n % 11 == 0 else f"{n // TIES:06d}")
    return data


def put(data, path, value):
    *within, last = path.split(".")
    for name in within:
        data = data.setdefault(name, {})
    data[last] = value


def at(data, path):
    for name in path.split("."):
        data = data[name]
    return data


@pytest.fixture
def store(tmp_path):
    stores = []

    def opened(indexes):
        stores.append(Counted(tmp_path / f"{len(stores)}.db", indexes))
        return stores[-1]

    yield opened
    for one in stores:
        one.close()


def filled(store, collection, indexes):
    """Fill a store with documents of a collection, and of another beside it."""
    of = members(indexes)
    documents = {
        Key(TENANTS[n % 2], collection, f"{n:05d}"): document(n, *of) for n in range(DOCUMENTS)
    }
    writes = [Write(key, data) for key, data in documents.items()]
    for start in range(0, DOCUMENTS, 500):
        store.commit(writes[start : start + 500])
    return documents


def queries(index, documents):
    """Yield queries that an index is for: in both directions, from the begin and from places within."""
    of_all = "tenant" not in index.equal
    tenant = None if of_all else TENANTS[0]
    equal = [name.removeprefix("$.") for name in sorted(index.equal) if name != "tenant"]
    named = [name for name in index.order if name.startswith("$.")]
    places = [key for n, key in enumerate(documents) if n % (DOCUMENTS // 4) in {9, 10}]
    for turned in (False, True):
        order = tuple(
            (name.removeprefix("$.").removesuffix(" desc"), way)
            for name in named
            for way in ["asc" if name.endswith(" desc") == turned else "desc"]
        )
        for among in [False, True] if equal else [False]:
            for key in [None, *places]:
                if key and tenant not in {None, key.tenant}:
                    continue
                data = documents[key or places[0]]
                values = [at(data, name) for name in equal]
                where = [Condition(n, "==", v) for n, v in zip(equal, values, strict=True)]
                if among:
                    where[0] = Condition(equal[0], "in", tuple({values[0], "a", "b"}))
                after = ()
                if key:
                    place = (key.tenant, key.id) if of_all else (key.id,)
                    after = (*(at(data, name) for name, _ in order), *place)
                yield tenant, Query(index.collection, tuple(where), order, PAGE, after)


def taken(store, tenant, asked):
    """Return how many steps a query takes, and how many it may."""
    store.find(tenant, asked)
    store.steps = 0
    found = store.find(tenant, asked)
    several = max([len(c.value) for c in asked.where if c.op == "in"], default=1)
    parts = several * (len(asked.after) or 1)
    return store.steps, A_DOCUMENT * len(found) + A_PART * parts


@pytest.mark.parametrize("collection", COLLECTIONS)
def test_no_declared_query_walks_past_what_it_does_not_return(store, collection):
    indexes = COLLECTIONS[collection]
    opened = store(indexes)
    documents = filled(opened, collection, indexes)
    for index in indexes:
        for tenant, asked in queries(index, documents):
            steps, most = taken(opened, tenant, asked)
            assert steps <= most, f"{steps} steps, and not {most}: {tenant} {asked}"


def test_a_walk_would_be_found(store):
    """Without its index, and with one that is only a part of it."""
    index = Index.of("acme", Query("agents", (Condition("status", "==", "a"),), (("at", "desc"),)))
    part = Index.of("acme", Query("agents", order=(("at", "desc"),)))
    for indexes in ([], [part]):
        opened = store(indexes)
        documents = filled(opened, "agents", [index])
        walks = [taken(opened, *asked) for asked in queries(index, documents)]
        assert any(steps > 2 * most for steps, most in walks)


def test_some_that_are_named_are_found_without_a_walk(store):
    opened = store([])
    some = [*filled(opened, "agents", [])][::50]
    opened.get_all(some)
    opened.steps = 0
    assert None not in opened.get_all(some)
    assert opened.steps <= A_PART * len(some)


def test_what_is_still_kept_is_not_looked_at(store):
    indexes = [one for one in declared() if one not in ASKED]
    opened = store(indexes)
    for index in indexes:
        kept = {EXPIRY: "2030-01-01T12:00:00.000Z"}
        opened.commit([Write(Key("acme", index.collection, f"{n}"), kept) for n in range(500)])
    opened.forget("2026-01-01T12:00:00.000Z")
    opened.steps = 0
    assert opened.forget("2026-01-01T12:00:00.000Z") == 0
    assert opened.steps <= A_PART * len(indexes)
