"""What a query found, or did not find, is still so when what was written on it commits; on both stores."""

from typing import ClassVar

import pytest

from shared.actors import Role
from shared.documents import Contended
from shared.entity import Entity, Event, Record
from shared.queries import OneOf
from tests.conftest import NOON


class Slip(Record):
    """Asked for by who has it, and by where it is."""

    collection: ClassVar[str] = "slips"
    guarded_by: ClassVar = ("owner", "place")

    owner: str
    place: str = ""
    length: int = 0


class Bell(Record):
    """There is one, however it is asked for."""

    collection: ClassVar[str] = "bells"
    guarded_by: ClassVar = ()

    tone: str


class Rope(Record):
    """Nothing may be written on a query of these."""

    collection: ClassVar[str] = "ropes"


@pytest.fixture
def attempt(documents, call_as):
    """Run something in a transaction, and stop before the commit."""

    def run(work, tenant="acme"):
        call = call_as(Role.CUSTOMER_ADMIN, tenant=tenant, commits=False)
        with call.transaction() as txn:
            work(txn)
        return call.writes

    return run


@pytest.fixture
def both(documents, attempt):
    """Let two read first and commit afterwards; the second must hear that it was slower, or not."""

    def run(first, second, tenant="acme"):
        early, late = attempt(first), attempt(second, tenant)
        documents.commit(early)
        try:
            documents.commit(late)
        except Contended:
            return "runs again"
        return "commits"

    return run


def takes(owner, id, place=""):
    def work(txn):
        if txn.first(Slip, owner=owner) is None:
            txn.create(Slip(id=id, owner=owner, place=place))

    return work


def test_of_two_who_both_find_nothing_one_runs_again(both):
    assert both(takes("ann", "s1"), takes("ann", "s2")) == "runs again"


def test_those_who_ask_for_others_do_not_meet(both):
    assert both(takes("ann", "s1"), takes("bob", "s2")) == "commits"
    assert both(takes("cid", "s3"), takes("cid", "s4"), "globex") == "commits"


def test_whoever_changes_what_was_asked_for_is_noticed(both, documents, attempt):
    documents.commit(attempt(takes("ann", "s1", "north")))

    def moves(txn):
        txn.save(txn.get(Slip, "s1").model_copy(update={"owner": "bob"}))

    def leaves(txn):
        txn.delete(txn.get(Slip, "s1"))

    def rings(owner):
        def work(txn):
            txn.count(Slip, owner=owner)
            txn.save(Bell(id="b1", tone=owner))

        return work

    assert both(moves, rings("bob")) == "runs again", "it came to what was asked for"
    assert both(leaves, rings("bob")) == "runs again", "it went from it"


def test_any_member_that_it_is_asked_for_by_will_do(both):
    def docks(id):
        def work(txn):
            assert not txn.all(Slip, place="north", length=3)
            txn.create(Slip(id=id, owner=id, place="north", length=3))

        return work

    assert both(docks("s1"), docks("s2")) == "runs again"


def test_one_of_several_values_is_guarded_by_each(both):
    def first_of_all(txn):
        assert txn.first(Slip, owner=OneOf(("ann", "bob"))) is None
        txn.create(Slip(id="s2", owner="cid"))

    assert both(takes("bob", "s1"), first_of_all) == "runs again"


def test_a_kind_as_a_whole_may_be_guarded(both):
    def hangs(id):
        def work(txn):
            assert txn.count(Bell, tone="a") == 0
            txn.create(Bell(id=id, tone=id))

        return work

    assert both(hangs("b1"), hangs("b2")) == "runs again"


def test_those_who_only_look_do_not_meet_each_other(both, documents, attempt):
    documents.commit(attempt(takes("ann", "s1")))

    def rings(id):
        def work(txn):
            assert txn.count(Slip, owner="ann") == 1
            txn.create(Slip(id=id, owner=id))

        return work

    assert both(rings("x"), rings("y")) == "commits"


def test_those_who_ask_nothing_do_not_meet(both):
    def adds(id):
        return lambda txn: txn.create(Slip(id=id, owner="ann"))

    assert both(adds("s1"), adds("s2")) == "commits"


@pytest.mark.parametrize(
    "query",
    [
        lambda txn: txn.all(Rope),
        lambda txn: txn.first(Slip, length=3),
        lambda txn: txn.count(Rope, id="x"),
        lambda txn: txn.find(Slip, order="length"),
    ],
)
def test_nothing_is_written_on_a_query_without_a_guard(attempt, query):
    def work(txn):
        query(txn)
        txn.create(Bell(id="b1", tone="a"))

    with pytest.raises(RuntimeError, match="has no guard"):
        attempt(work)


def test_whoever_asks_loosely_says_why(both, attempt):
    def loosely(why):
        def work(txn):
            txn.loosely(why).all(Rope)
            txn.save(Bell(id="b1", tone="a"))

        return work

    assert both(takes("ann", "s1"), loosely("no harm is done")) == "commits"
    with pytest.raises(ValueError, match="says why"):
        attempt(loosely(" "))


def test_a_read_takes_no_guard(documents, call_as):
    reads, get = [], documents.get
    documents.get = lambda key: reads.append(key) or get(key)
    with call_as(Role.VIEWER, writable=frozenset()).transaction() as txn:
        txn.all(Slip, owner="ann")
    assert reads == []


class Buoy(Entity):
    """Counted often."""

    collection: ClassVar[str] = "buoys"
    guarded_by: ClassVar = ("colour",)
    unversioned: ClassVar = Entity.unversioned | {"seen"}

    colour: str
    seen: int = 0


class BuoySeen(Event, action="buoy.seen", category="configuration_change"):
    pass


def test_what_is_no_content_meets_nobody_and_cannot_be_asked_for(both, documents, attempt):
    buoy = Buoy(
        id="b1",
        tenant_id="acme",
        governance_agent_id="governor",
        colour="red",
        created_at=NOON,
        updated_at=NOON,
    )
    documents.commit(attempt(lambda txn: txn.create(buoy, BuoySeen())))

    def counts(txn):
        before = txn.get(Buoy, "b1")
        txn.save(before.model_copy(update={"seen": before.seen + 1}), BuoySeen())

    def rings(**tests):
        def work(txn):
            txn.count(Buoy, **tests)
            txn.create(Bell(id="b1", tone="a"))

        return work

    assert both(counts, rings(colour="red")) == "commits"
    with pytest.raises(RuntimeError, match="has no guard"):
        attempt(rings(colour="red", seen=1))
