"""
Every query that the code asks has its index, and every index a query: INDEXES=write declares them anew.

The queries are those of the whole platform while every function is called, of every list with each of its filters, and of
what happens rarely.
"""

import json
import os
from collections import defaultdict

import pytest

from benchmarks.spawn import free_port
from infra.indexes import FILE, Index, Shape, declared, expiring, served
from local.platform import Platform
from shared.documents import EXPIRY, Condition, Query
from tests.conftest import NOON, ports_of
from tests.e2e.everything import call_everything
from tests.infra import queries

UP, DOWN = "ASCENDING", "DESCENDING"


@pytest.fixture(scope="module")
def everyday(tmp_path_factory):
    """What the whole platform asks while every function is called."""
    with queries.taken_down() as asked:
        platform = Platform(tmp_path_factory.mktemp("everyday"), port=free_port(), movable=True)
        platform.start()
        call_everything(platform)
        platform.stop()
    return asked


@pytest.fixture(scope="module")
def rarely(tmp_path_factory):
    """What tests of rarer moments ask."""
    return queries.asked_by_suites(tmp_path_factory.mktemp("rarely"))


@pytest.fixture
def asked(everyday, rarely, call_as, documents, signer):
    with queries.taken_down() as lists:
        queries.ask_every_list(call_as, ports_of(documents, signer, lambda: NOON))
    together = defaultdict(set)
    for source in (everyday, rarely, lists):
        for shape, places in source.items():
            together[shape] |= places
    return together


@pytest.mark.slow
def test_every_query_has_its_index_and_every_index_its_query(asked):
    wanted = declared(asked, expiring())
    if os.environ.get("INDEXES") == "write":
        FILE.write_text(json.dumps(wanted, indent=2) + "\n")
    lacking = [
        f"{' and '.join(f'{file}:{line}' for file, line in sorted(places))} asks for {index}"
        for shape, places in asked.items()
        for index in shape.indexes - served()
        if not index.automatic
    ]
    assert not lacking, "a query has no index; run: make indexes\n" + "\n".join(lacking)
    needed = {index for shape in asked for index in shape.indexes}
    idle = [index for index in served() - needed if not index.automatic]
    assert not idle, f"no query needs these indexes; run: make indexes\n{idle}"
    assert json.loads(FILE.read_text()) == wanted, "run: make indexes"


@pytest.mark.slow
def test_every_place_that_asks_a_query_was_reached(asked):
    reached = set().union(*asked.values())
    found, unknown = queries.places()
    missed = [
        f"{file}:{first}"
        for file, first, last in found
        if not any((file, line) in reached for line in range(first, last + 1))
    ]
    assert not missed, f"no test asks these queries, so nobody knows their indexes: {missed}"
    assert not unknown, f"say in tests/infra/queries.py whether these are queries: {unknown}"


def test_the_program_deploys_what_the_file_declares(dev):
    composite = {
        Index(
            one.inputs["collection"],
            one.inputs["queryScope"],
            tuple((field["fieldPath"], field["order"]) for field in one.inputs["fields"]),
        )
        for one in dev
        if one.type == "firestore.Index"
    }
    fields = [one.inputs for one in dev if one.type == "firestore.Field"]
    single = {
        Index(one["collection"], by["queryScope"], ((one["field"], by["order"]),))
        for one in fields
        for by in one["indexConfig"]["indexes"]
    }
    assert composite | single == served()
    forgotten = {one["collection"] for one in fields if "ttlConfig" in one}
    assert forgotten == {kind.collection for kind in expiring()}
    assert all(one["field"] == EXPIRY for one in fields if "ttlConfig" in one)


def shape(tenant, *conditions, order=()):
    where = tuple(Condition(*condition) for condition in conditions)
    return Shape.of(tenant, Query("skills", where, order))


def row(*fields, scope="COLLECTION"):
    return Index("skills", scope, fields)


@pytest.mark.parametrize(
    ("asked", "needed"),
    [
        (shape("acme"), set()),
        (shape("acme", ("a", "==", 1)), {row(("a", UP))}),
        (shape("acme", order=(("t", "desc"),)), {row(("t", DOWN))}),
        (shape("acme", ("a", "==", 1), ("b", "in", (1, 2))), {row(("a", UP)), row(("b", UP))}),
        (shape("acme", ("a", "==", 1), order=(("t", "desc"),)), {row(("a", UP), ("t", DOWN))}),
        (
            shape("acme", ("a", "==", 1), ("b", "==", None), order=(("t", "asc"),)),
            {row(("a", UP), ("t", UP)), row(("b", UP), ("t", UP))},
        ),
        (shape("acme", ("a", "==", 1), ("t", ">=", 1)), {row(("a", UP), ("t", UP))}),
        (shape("acme", ("a", "==", 1), order=(("a", "asc"),)), {row(("a", UP))}),
        (
            shape("acme", order=(("s", "asc"), ("t", "desc"))),
            {row(("s", UP), ("t", DOWN))},
        ),
        (shape(None, ("a", "==", 1)), {row(("a", UP), scope="COLLECTION_GROUP")}),
        (
            shape(None, ("a", "==", 1), order=(("t", "asc"),)),
            {row(("a", UP), ("t", UP), scope="COLLECTION_GROUP")},
        ),
    ],
)
def test_what_an_index_is_needed_for(asked, needed):
    assert asked.indexes == needed


def test_a_field_of_one_collection_is_indexed_by_itself_and_of_all_tenants_is_not():
    assert all(index.automatic for index in shape("acme", ("a", "==", 1)).indexes)
    assert not any(index.automatic for index in shape(None, ("a", "==", 1)).indexes)
    (override,) = declared([shape(None, ("a", "==", 1))], [])["fieldOverrides"]
    kept = {(by["order"], by["queryScope"]) for by in override["indexes"]}
    assert kept == {(UP, "COLLECTION"), (DOWN, "COLLECTION"), (UP, "COLLECTION_GROUP")}
