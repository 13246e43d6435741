"""Nothing is built on what somebody wrote into the store past us."""

import logging

import pytest

from shared.actors import Role
from shared.documents import Contended, Key, Query, Write
from shared.errors import IntegrityHold
from shared.evidence import Entry, hash_of_entry, state_hash
from shared.operation import Call
from tests.store.test_transactions import Boat, BoatChanged, boat

PLACE = Key("acme", "boats", "b1")


@pytest.fixture
def acting(call_as):
    def open_one(*roles, at=0):
        return call_as(*(roles or (Role.CUSTOMER_ADMIN,)), tenant="acme", at=at).transaction()

    return open_one


@pytest.fixture
def launched(acting):
    with acting() as txn:
        txn.create(boat(), BoatChanged(name="Æolus"))
        txn.create(boat("b2"), BoatChanged(name="Æolus"))


def rename(acting):
    with acting(at=1) as txn:
        found = txn.get(Boat, "b1")
        txn.save(found.model_copy(update={"name": "Notus"}), BoatChanged(name="Notus"))


def test_what_changed_between_two_looks_is_not_written_over(acting, launched):
    """The first look stands for what was made of it; a second one that sees another makes it run again."""
    with pytest.raises(Contended), acting(at=2) as txn:
        found = txn.get(Boat, "b1")
        rename(acting)
        txn.loosely("the look that counts is the first").all(Boat, name="Notus")
        txn.save(found.model_copy(update={"name": "Boreas"}), BoatChanged(name="Boreas"))
    with acting() as txn:
        assert txn.get(Boat, "b1").name == "Notus"


def test_a_copy_from_before_a_change_is_not_saved(acting, launched):
    with pytest.raises(RuntimeError, match="as the last save"), acting(at=1) as txn:
        found = txn.get(Boat, "b1")
        txn.save(found.model_copy(update={"name": "Notus"}), BoatChanged(name="Notus"))
        txn.save(found.model_copy(update={"name": "Boreas"}), BoatChanged(name="Boreas"))


class Past:
    """The store, as somebody writes it who is not the platform."""

    def __init__(self, documents):
        self._documents = documents
        self.boat = documents.get(PLACE).data
        entries = [one.data for one in documents.find("acme", Query(Entry.collection))]
        self.last = next(one for one in entries if one["entity"] == "boats/b1")
        self.other = next(one for one in entries if one["entity"] == "boats/b2")

    def write(self, boat=None, entry=None):
        if boat is not None:
            self._documents.commit([Write(PLACE, self.boat | boat)])
        if entry is not None:
            place = Key("acme", Entry.collection, self.last["id"])
            self._documents.commit([Write(place, entry)])

    def audit(self, **members):
        return {"audit": self.boat["audit"] | members}


def a_state_is_edited(past):
    past.write({"length_mm": 9})


def a_state_is_edited_and_its_hash_with_it(past):
    hash = state_hash(past.boat | {"length_mm": 9})
    past.write({"length_mm": 9} | past.audit(state_hash=hash))


def a_chain_is_cut_off(past):
    past.write({"audit": None})


def a_chain_is_said_to_be_longer(past):
    past.write(past.audit(n=2))


def another_head_is_named(past):
    past.write(past.audit(head="0" * 64))


def the_entry_of_another_is_named(past):
    past.write(past.audit(entry=past.other["id"]))


def an_entry_that_is_not_there_is_named(past):
    past.write(past.audit(entry="nowhere"))


def the_last_entry_is_edited(past):
    past.write(entry=past.last | {"action": "boat.sunk"})


def the_last_entry_is_no_entry(past):
    past.write(entry={"id": past.last["id"]})


def a_state_is_edited_and_its_entry_says_so(past):
    """It hashes well, and is not the entry that the entity names."""
    hash = state_hash(past.boat | {"length_mm": 9})
    past.write({"length_mm": 9} | past.audit(state_hash=hash), past.last | {"state_hash": hash})


@pytest.mark.parametrize(
    "bend",
    [
        a_state_is_edited,
        a_state_is_edited_and_its_hash_with_it,
        a_chain_is_cut_off,
        a_chain_is_said_to_be_longer,
        another_head_is_named,
        the_entry_of_another_is_named,
        an_entry_that_is_not_there_is_named,
        the_last_entry_is_edited,
        the_last_entry_is_no_entry,
        a_state_is_edited_and_its_entry_says_so,
    ],
    ids=lambda bend: bend.__name__.replace("_", " "),
)
def test_a_bent_entity_is_not_changed(launched, acting, documents, bend, caplog):
    bend(Past(documents))
    before = documents.get(PLACE).data
    with pytest.raises(IntegrityHold, match="boats/b1 is not what its last audit entry says"):
        rename(acting)
    assert documents.get(PLACE).data == before
    assert len(documents.find("acme", Query(Entry.collection))) == 2
    (told,) = [one for one in caplog.records if one.name == "waooaw.store"]
    assert told.levelno == logging.ERROR
    assert "b1" not in told.getMessage()


def test_a_bent_entity_is_no_ground_for_a_change_of_another(launched, acting, documents):
    a_state_is_edited(Past(documents))
    with pytest.raises(IntegrityHold), acting() as txn:
        txn.get(Boat, "b1")


@pytest.mark.parametrize(
    "read",
    [
        lambda txn: txn.find(Boat, name="Æolus"),
        lambda txn: txn.all(Boat, name="Æolus"),
        lambda txn: txn.first(Boat, order="name"),
    ],
    ids=["find", "all", "first"],
)
def test_a_bent_entity_that_a_query_finds_is_no_ground_either(launched, acting, documents, read):
    a_state_is_edited(Past(documents))
    with pytest.raises(IntegrityHold), acting() as txn:
        read(txn)


def test_what_a_decision_rests_on_is_held_to_its_last_entry(launched, acting, documents):
    a_state_is_edited_and_its_hash_with_it(Past(documents))
    with acting() as txn:
        found = txn.get(Boat, "b1")
        with pytest.raises(IntegrityHold):
            txn.trust(found)
        txn.trust(txn.get(Boat, "b2"))


def test_an_entity_that_is_gone_is_not_taken_for_one_that_never_was(launched, acting, documents):
    documents.commit([Write(PLACE, None)])
    with pytest.raises(IntegrityHold), acting() as txn:
        txn.get_or_none(Boat, "b1")
    with acting() as txn:
        assert txn.get_or_none(Boat, "b9") is None


def test_an_entity_that_comes_while_it_is_read_is_read_again(acting, documents, monkeypatch):
    find = documents.find

    def after_a_commit(tenant, query):
        if tenant == "acme" and documents.get(PLACE) is None:
            with acting() as other:
                other.create(boat(), BoatChanged(name="Æolus"))
        return find(tenant, query)

    with pytest.raises(Contended), acting() as txn:
        monkeypatch.setattr(documents, "find", after_a_commit)
        txn.get_or_none(Boat, "b1")


def test_a_bent_entity_can_be_looked_at(launched, call_as, documents, signer):
    a_state_is_edited(Past(documents))
    call = call_as(Role.CUSTOMER_ADMIN, tenant="acme")
    given = {name: getattr(call, name) for name in ("actor", "now", "tenant", "operation")}
    looking = Call(
        **given, correlation_id="", documents=documents, signer=signer, writable=frozenset()
    )
    with looking.transaction() as txn:
        assert txn.get(Boat, "b1").length_mm == 9


def test_an_entity_of_before_it_named_its_last_entry_is_changed(launched, acting, documents):
    past = Past(documents)
    audit = {name: value for name, value in past.boat["audit"].items() if name != "entry"}
    past.write({"audit": audit})
    rename(acting)
    assert documents.get(PLACE).data["audit"]["entry"]


def test_an_entity_of_before_is_held_to_its_last_entry_too(launched, acting, documents):
    past = Past(documents)
    audit = {name: value for name, value in past.boat["audit"].items() if name != "entry"}
    audit["state_hash"] = state_hash(past.boat | {"length_mm": 9})
    past.write({"length_mm": 9, "audit": audit})
    with pytest.raises(IntegrityHold):
        rename(acting)


def test_marking_the_last_entry_as_published_bends_nothing(launched, acting, documents):
    past = Past(documents)
    marked = past.last["delivery"] | {"published_at": "2026-01-01T12:00:00.000Z", "attempts": 1}
    past.write(entry=past.last | {"delivery": marked})
    assert hash_of_entry(past.last | {"delivery": marked}) == past.boat["audit"]["head"]
    rename(acting)


def test_one_read_is_what_it_takes(launched, acting, documents):
    reads, get = [], documents.get
    documents.get = lambda key: reads.append(key.collection) or get(key)
    with acting(at=1) as txn:
        txn.create(boat("b3"), BoatChanged(name="Æolus"))
    assert reads == []
    rename(acting)
    assert reads == ["boats", "events"]
    reads.clear()
    with acting(at=2) as txn:
        found = txn.get(Boat, "b1")
        once = txn.save(found.model_copy(update={"length_mm": 1}), BoatChanged(name="Æolus"))
        txn.save(once.model_copy(update={"length_mm": 2}), BoatChanged(name="Æolus"))
    assert reads == ["boats", "events"]
