"""
Every query that the code asks has its index, and every index a query: INDEXES=write declares them anew.

The queries are those of the rehearsal, in which every function is called, of every list with each of its filters, and of
what happens rarely.
"""

import json
import os
from collections import defaultdict
from typing import Annotated, ClassVar, Literal

import pytest
from pydantic import Field

from infra.indexes import (
    FILE,
    Index,
    Shape,
    declared,
    embedded,
    expiring,
    on_both_sides,
    served,
)
from shared.devices.models import Device
from shared.documents import EXPIRY, Condition, Query
from shared.edge import layout
from shared.edge.weights import MAX_NAME_BYTES
from shared.entity import Asked, Record, Timestamp, Value
from shared.projections import placed
from tests import golden
from tests.conftest import NOON, ports_of
from tests.infra import askable, queries

UP, DOWN = "ASCENDING", "DESCENDING"
MAX_ENTRY_BYTES = 7680
"""Of one entry of one index (7.5 KiB)."""


@pytest.fixture(scope="module")
def rarely(tmp_path_factory):
    """What tests of rarer moments ask."""
    return queries.asked_by_suites(tmp_path_factory.mktemp("rarely"))


@pytest.fixture
def asked(rehearsed, rarely, call_as, documents, signer):
    with queries.taken_down() as lists:
        queries.ask_every_list(call_as, ports_of(documents, signer, lambda: NOON))
    together = defaultdict(set)
    for source in (rehearsed.seen.asked, rarely, lists):
        for shape, places in source.items():
            together[shape] |= places
    return together


@pytest.mark.slow
def test_every_query_has_its_index_and_every_index_its_query(asked):
    both = on_both_sides(asked)
    wanted, here = declared(both, expiring()), embedded(both, expiring())
    if os.environ.get("INDEXES") == "write":
        FILE.write_text(json.dumps(wanted, indent=2) + "\n")
        layout.DECLARED.write_text(json.dumps(here, indent=2) + "\n")
    lacking = [
        f"{' and '.join(f'{file}:{line}' for file, line in sorted(places))} asks for {index}"
        for shape, places in asked.items()
        for index in shape.indexes - served()
        if not index.automatic
    ]
    assert not lacking, "a query has no index; run: make indexes\n" + "\n".join(lacking)
    needed = {index for shape in both for index in shape.indexes}
    idle = [index for index in served() - needed if not index.automatic]
    assert not idle, f"no query needs these indexes; run: make indexes\n{idle}"
    assert json.loads(FILE.read_text()) == wanted, "run: make indexes"
    assert json.loads(layout.DECLARED.read_text()) == here, "run: make indexes"


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


@pytest.mark.slow
def test_whatever_is_asked_for_is_whole_in_an_index_and_of_one_kind(asked):
    fields = {(s.collection, name) for s in asked for name in {*s.equal, *(n for n, _ in s.order)}}
    known = askable.kinds()
    found = [
        f"{known[collection].__name__}.{path}: {why}"
        for collection, path in sorted(fields)
        if (why := askable.trouble(known[collection], path))
    ]
    assert not found, (
        "these members are asked for; bound their type (Asked), or keep a digest beside them and ask for that:\n"
        + "\n".join(found)
    )


FILLED_IN: frozenset[tuple[str, str]] = frozenset(
    {("approvals", name) for name in ("act_family", "act_place", "act_tool", "refused")}
)
"""
By collection, the members that were written into the documents of earlier releases before they were asked for, or
beside which those are asked for by another: a no of an earlier release is found by its class to the letter.
"""


@pytest.mark.slow
def test_whatever_is_asked_for_is_in_the_documents_of_every_release(asked):
    fields = {(s.collection, name) for s in asked for name in {*s.equal, *(n for n, _ in s.order)}}
    lacking = [
        f"{collection}.{path} in {folder.name}"
        for folder in golden.releases()
        for collection, path in sorted(fields - FILLED_IN)
        if not in_golden(folder / f"{collection}.json", path)
    ]
    assert not lacking, (
        "no list by these members shows the documents that a release left without them; fill them in before they are"
        " asked for, and say so in FILLED_IN:\n" + "\n".join(lacking)
    )


def in_golden(file, path):
    """Say whether a release's document has a member, as far as it has the part that it would be in."""
    part = golden.read(file).data if file.exists() else None
    for name in path.split("."):
        if part is None:
            return True
        if name not in part:
            return False
        part = part[name]
    return True


def test_no_entry_of_an_index_is_larger_than_firestore_takes():
    """An entry holds the names of the document and of its tenant, and the beginning of each value."""
    names = 2 * (len("tenants") + 31 + 100 + MAX_NAME_BYTES + 16)
    known = askable.kinds()
    for index in served():
        if index.automatic:
            continue
        kind = known[index.collection.removesuffix(placed("", 1))]
        values = [askable.indexed_bytes(kind, field) for field, _ in index.fields]
        assert names + sum(values) + 32 <= MAX_ENTRY_BYTES, (
            f"{index} may have entries of more than {MAX_ENTRY_BYTES:,} bytes: bound its members' types"
        )


class Part(Value):
    code: Annotated[str, Field(pattern=r"^[a-z]{4}$")]
    note: str


class Kind(Record):
    collection: ClassVar[str] = "kinds_of_a_test"
    short: Annotated[str, Field(max_length=374)]
    long: Annotated[str, Field(max_length=375)]
    open_pattern: Annotated[str, Field(pattern=r"^[a-z]+$")]
    no_end: Annotated[str, Field(pattern=r"^[a-z]{4}")]
    state: Literal["on", "off"] | None
    at: Timestamp | None
    mixed: int | str
    part: Part | None
    parts: tuple[Part, ...]
    names: tuple[Asked, ...]


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("id", "more than 1,499 bytes"),
        ("short", None),
        ("long", "more than 1,499 bytes"),
        ("open_pattern", "more than 1,499 bytes"),
        ("no_end", "more than 1,499 bytes"),
        ("state", None),
        ("at", None),
        ("mixed", "any of ['int', 'str']"),
        ("part", "any of ['Part']"),
        ("part.code", None),
        ("part.note", "more than 1,499 bytes"),
        ("parts", "any of ['tuple']"),
        ("names", "any of ['tuple']"),
        ("parts.code", "not declared"),
        ("nothing", "not declared"),
    ],
)
def test_what_may_be_asked_for(path, why):
    said = askable.trouble(Kind, path)
    assert said is None if why is None else why in said


def test_a_push_token_is_asked_for_by_its_digest():
    assert askable.trouble(Device, "fcm_token")
    assert not askable.trouble(Device, "fcm_token_hash")


def test_the_program_deploys_what_the_file_declares(dev):
    composite = {
        Index(
            one.inputs["collection"],
            one.inputs["queryScope"],
            tuple(
                (field["fieldPath"], field.get("order") or field["arrayConfig"])
                for field in one.inputs["fields"]
            ),
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
