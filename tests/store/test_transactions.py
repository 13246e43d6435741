"""What an operation may rely on, whichever store is underneath its transaction."""

import threading
from base64 import b64encode
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import ClassVar

import pytest

from shared.actors import Role
from shared.documents import Contended, Key
from shared.entity import Entity, Event, Record
from shared.errors import BadRequest, ConstitutionalAlignment, NotFound, VersionConflict, Violation
from shared.evidence import Entry
from shared.promises import Due
from shared.queries import AtLeast, AtMost, OneOf, Prefix
from tests.conftest import NOON


class Boat(Entity):
    collection: ClassVar[str] = "boats"

    name: str
    length_mm: int = 0
    crew: tuple[str, ...] = ()

    def violations(self):
        if self.length_mm < 0:
            message = "a boat has a length"
            return (Violation(rule="length", message=message, field="length_mm"),)
        return ()


class BoatChanged(
    Event, action="boat.changed", category="configuration_change", topic="boat-events"
):
    name: str


class Berth(Record):
    collection: ClassVar[str] = "berths"

    boat: str
    depth_mm: int = 0


def boat(id="b1", **more):
    given = {"name": "Æolus", "tenant_id": "acme", "governance_agent_id": "governor"}
    return Boat(id=id, created_at=NOON, updated_at=NOON, **given | more)


@pytest.fixture
def acting(call_as):
    """Open a transaction of its own in the tenant acme, at a minute after noon."""

    def open_one(at=0, **more):
        return call_as(Role.CUSTOMER_ADMIN, tenant="acme", at=at, **more).transaction()

    return open_one


def entries(acting):
    with acting() as txn:
        return list(txn.find(Entry, order="eseq").items)


def test_an_entity_and_its_event_are_one_commit(acting, breaks):
    with acting() as txn:
        made = txn.create(boat(), BoatChanged(name="Æolus"))

    with acting() as txn:
        assert txn.get(Boat, "b1") == made
    (entry,) = entries(acting)
    assert (entry.entity, entry.eseq, entry.data) == ("boats/b1", 1, {"name": "Æolus"})
    assert made.audit.head == entry.hash
    assert breaks() == []


@pytest.mark.parametrize("brought", [{"action": "boat.sunk"}, {"topic": "boat-events"}])
def test_no_event_brings_another_name_but_a_report(acting, brought):
    """A class has one name, and whoever filters by it finds all of it; what is reported goes to no topic."""

    class BoatSeen(BoatChanged, action="boat.seen"):
        def as_told(self):
            return replace(self.traits, **{"action": "reported.boat.seen"} | brought)

    with pytest.raises(TypeError, match="reports alone bring a name"), acting() as txn:
        txn.create(boat(), BoatSeen(name="Æolus"))


def test_what_is_made_may_change_in_the_same_commit_as_its_last_copy_says(acting):
    with acting() as txn:
        made = txn.create(boat(), BoatChanged(name="Æolus"))
        after = txn.save(made.model_copy(update={"name": "Boreas"}), BoatChanged(name="Boreas"))
        with pytest.raises(RuntimeError, match="as the last save or read returned it"):
            txn.save(made.model_copy(update={"name": "Notus"}), BoatChanged(name="Notus"))
    with acting() as txn:
        assert txn.get(Boat, "b1") == after
    assert (after.name, after.audit.n) == ("Boreas", 2)


def test_the_chain_grows_with_every_change(acting):
    with acting() as txn:
        txn.create(boat(), BoatChanged(name="Æolus"))
    for minute in (1, 2):
        with acting(minute) as txn:
            found = txn.get(Boat, "b1")
            txn.save(found.model_copy(update={"length_mm": minute}), BoatChanged(name="Æolus"))

    chain = entries(acting)
    assert [entry.eseq for entry in chain] == [1, 2, 3]
    assert [entry.eprev for entry in chain[1:]] == [entry.hash for entry in chain[:-1]]


def test_a_record_that_is_saved_as_it_was_read_is_noticed_by_others_who_read_it(acting, documents):
    """Two who must not miss each other write what both read; a store passes over a write that changes nothing."""
    with acting() as txn:
        txn.create(Berth(id="1", boat="b1"))

    def late():
        with acting() as slow:
            found = slow.get(Berth, "1")
            with acting() as fast:
                fast.save(fast.get(Berth, "1"))
            slow.save(found.model_copy(update={"depth_mm": 1}))

    for _ in range(3):
        with pytest.raises(Contended):
            late()
    assert documents.get(Key("acme", "berths", "1")).data["saved_again"] == 3
    with acting() as txn:
        same = txn.save(txn.get(Berth, "1"))
    with acting() as txn:
        assert txn.get(Berth, "1") == same
    with acting() as txn:
        changed = txn.save(txn.get(Berth, "1").model_copy(update={"depth_mm": 1}))
    with acting() as txn:
        assert txn.get(Berth, "1") == changed


def test_what_was_changed_meanwhile_is_not_written_over(acting):
    with acting() as txn:
        txn.create(boat(), BoatChanged(name="Æolus"))

    def late():
        with acting(2) as slow:
            found = slow.get(Boat, "b1")
            with acting(1) as fast:
                between = fast.get(Boat, "b1")
                fast.save(between.model_copy(update={"length_mm": 1}), BoatChanged(name="fast"))
            slow.save(found.model_copy(update={"length_mm": 2}), BoatChanged(name="slow"))

    with pytest.raises(Contended):
        late()
    with acting() as txn:
        assert txn.get(Boat, "b1").length_mm == 1
    assert [entry.data["name"] for entry in entries(acting)] == ["Æolus", "fast"]


def test_only_one_of_two_decisions_wins(acting):
    with acting() as txn:
        txn.create(boat(), BoatChanged(name="Æolus"))
    start = threading.Barrier(4)

    def decide(decision):
        try:
            with acting() as txn:
                found = txn.get(Boat, "b1")
                start.wait()
                after = found.model_copy(update={"name": decision})
                txn.save(after, BoatChanged(name=decision))
        except Contended:
            return None
        return decision

    with ThreadPoolExecutor(4) as pool:
        (winner,) = filter(None, pool.map(decide, ["a", "b", "c", "d"]))
    with acting() as txn:
        assert txn.get(Boat, "b1").name == winner
    assert [entry.data["name"] for entry in entries(acting)] == ["Æolus", winner]


def test_nothing_is_read_after_the_first_write(acting):
    with acting() as txn:
        txn.create(Berth(id="1", boat="b1"))
        for read in (
            lambda: txn.get(Berth, "1"),
            lambda: txn.get_or_none(Berth, "1"),
            lambda: txn.find(Berth),
            lambda: txn.count(Berth),
        ):
            with pytest.raises(RuntimeError, match="reads first"):
                read()


def test_a_transaction_that_fails_leaves_nothing(acting):
    def fail():
        with acting() as txn:
            txn.create(boat(), BoatChanged(name="Æolus"))
            txn.create(Berth(id="1", boat="b1"))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    with acting() as txn:
        assert (txn.count(Boat), txn.count(Entry), txn.count(Berth)) == (0, 0, 0)


def test_a_boat_that_breaks_the_rules_is_never_stored(acting):
    with acting() as txn, pytest.raises(ConstitutionalAlignment, match="has a length"):
        txn.create(boat(length_mm=-1), BoatChanged(name="Æolus"))
    with acting() as txn:
        assert txn.get_or_none(Boat, "b1") is None


def test_a_name_is_taken_once_and_free_again_when_it_is_deleted(acting):
    def take(of):
        with acting() as txn:
            if txn.get_or_none(Berth, "1"):
                return False
            txn.create(Berth(id="1", boat=of))
            return True

    assert take("b1")
    assert not take("b2")
    with acting() as txn:
        txn.delete(txn.get(Berth, "1"))
    assert take("b2")


def test_creating_what_exists_fails_with_the_commit(acting):
    with acting() as txn:
        txn.create(Berth(id="1", boat="b1"))

    def again():
        with acting() as txn:
            txn.create(Berth(id="1", boat="b2"))

    with pytest.raises(Contended):
        again()


def test_what_was_not_there_is_not_written_over_when_it_has_come(acting):
    """Two who find no berth and save the first one are not both right: a counter would lose one."""

    def late():
        with acting() as slow:
            assert slow.get_or_none(Berth, "1") is None
            with acting() as fast:
                assert fast.get_or_none(Berth, "1") is None
                fast.save(Berth(id="1", boat="b1"))
            slow.save(Berth(id="1", boat="b2"))

    with pytest.raises(Contended):
        late()


def test_what_was_never_looked_at_is_simply_written(acting):
    for name in ("b1", "b2"):
        with acting() as txn:
            txn.save(Berth(id="1", boat=name))
    with acting() as txn:
        assert txn.get(Berth, "1").boat == "b2"


def test_deleting_what_was_changed_meanwhile_fails(acting):
    with acting() as txn:
        txn.create(Berth(id="1", boat="b1"))

    def late():
        with acting() as slow:
            found = slow.get(Berth, "1")
            with acting() as fast:
                fast.save(Berth(id="1", boat="b2"))
            slow.delete(found)

    with pytest.raises(Contended):
        late()
    with acting() as txn:
        assert txn.get(Berth, "1").boat == "b2"


def test_a_version_that_is_no_longer_the_current_one_is_refused(acting, call_as):
    with acting() as txn:
        made = txn.create(boat(), BoatChanged(name="Æolus"))

    def change(seen):
        said = {"if_match": frozenset({seen}), "addressed": frozenset({"b1"})}
        call = call_as(Role.CUSTOMER_ADMIN, tenant="acme", **said)
        with call.transaction() as txn:
            found = txn.get(Boat, "b1")
            return txn.save(found.model_copy(update={"name": "Boreas"}), BoatChanged(name="B"))

    changed = change(made.version_hash)
    assert changed.version_hash != made.version_hash
    with pytest.raises(VersionConflict):
        change(made.version_hash)


def test_another_tenants_things_do_not_exist(acting, call_as):
    with acting() as txn:
        txn.create(boat(), BoatChanged(name="Æolus"))

    with call_as(Role.CUSTOMER_ADMIN, tenant="globex").transaction() as txn:
        with pytest.raises(NotFound, match="there is no boat b1 here"):
            txn.get(Boat, "b1")
        assert txn.find(Boat).items == ()
        assert txn.count(Boat) == 0


@pytest.fixture
def harbour(acting):
    with acting() as txn:
        for n in range(7):
            txn.create(Berth(id=f"{n}", boat=f"{'ab'[n % 2]}{n}", depth_mm=n // 2))


@pytest.mark.usefixtures("harbour")
@pytest.mark.parametrize(
    ("order", "tests", "expected"),
    [
        ("", {}, "0123456"),
        ("-depth_mm", {}, "6543210"),
        ("depth_mm", {"depth_mm": AtLeast(2)}, "456"),
        ("-depth_mm", {"depth_mm": AtMost(0)}, "10"),
        ("boat", {"boat": Prefix("b")}, "135"),
        ("", {"boat": OneOf(("a0", "b1", "c"))}, "01"),
        ("", {"boat": "a4", "depth_mm": 2}, "4"),
    ],
)
def test_all_pages_together_are_what_was_asked_for(acting, order, tests, expected):
    seen, cursor = "", None
    while True:
        with acting() as txn:
            page = txn.find(Berth, order=order, limit=2, cursor=cursor, **tests)
            assert txn.count(Berth, **tests) == len(expected)
        seen += "".join(berth.id for berth in page.items)
        cursor = page.next_cursor
        if cursor is None:
            break
    assert seen == expected


@pytest.mark.usefixtures("harbour")
@pytest.mark.parametrize(
    "cursor",
    ["nonsense", "WzFd", "bnVsbA==", "W3t9XQ==", "WyIuLiJd", "é", b64encode(b"[" * 3000).decode()],
)
def test_a_made_up_cursor_is_refused(acting, cursor):
    with acting() as txn, pytest.raises(BadRequest, match="start without one"):
        txn.find(Berth, cursor=cursor)


@pytest.mark.usefixtures("harbour")
def test_the_cursor_of_another_order_is_refused(acting):
    with acting() as txn:
        cursor = txn.find(Berth, limit=2).next_cursor
    with acting() as txn, pytest.raises(BadRequest, match="of another list"):
        txn.find(Berth, order="boat", cursor=cursor)


def test_a_promise_is_kept_with_what_it_is_about(acting):
    with acting() as txn:
        made = txn.create(boat(), BoatChanged(name="Æolus"))
        txn.schedule(BoatChanged(name="later"), at=NOON + timedelta(days=7), about=made)

    with acting() as txn:
        (due,) = txn.find(Due, order="at", at=AtLeast("2026-01-08T00:00:00.000Z")).items
    assert (due.entity, due.action, due.data) == ("boats/b1", "boat.changed", {"name": "later"})
    assert due.at == NOON + timedelta(days=7)
    (entry,) = entries(acting)
    assert due.causation_id == entry.id
