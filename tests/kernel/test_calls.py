"""What a function is given: its own tenant, the ports it names, and nothing else."""

import copy
import json
import logging
from dataclasses import FrozenInstanceError, replace
from typing import ClassVar, Protocol

import pytest

from shared.actors import PLATFORM, PUBLIC, Role, Scope
from shared.edge.calling import given
from shared.edge.catalog import catalog, operations
from shared.edge.delivery import run
from shared.edge.entry import listener
from shared.edge.keys import TicketSigner
from shared.edge.serving import view
from shared.entity import Entity, Event, Id, Record
from shared.evidence import ENTRY_TYPE
from shared.files import Files, OwnFiles
from shared.observability import Memory
from shared.operation import Call
from shared.outside import Push, Workflows
from shared.ports import Port
from shared.reaction import ReactionCall, reaction
from tests.conftest import NOON, ports_of
from tests.worlds import declared

WHY = "a test looks over the wall"


class Note(Record):
    collection: ClassVar[str] = "tests_notes"

    text: str = ""


class Log(Record):
    collection: ClassVar[str] = "tests_logs"


class Thing(Entity):
    collection: ClassVar[str] = "tests_given"


class ThingSeen(Event, action="tests.seen", category="data_access"):
    pass


class Nowhere(Port, Protocol):
    def reach(self) -> None: ...


def keep(call, *ids, tenant=None):
    with call.within(tenant, WHY) if tenant else call.transaction() as txn:
        for id in ids:
            txn.save(Note(id=id))


def reacts(function, **cause):
    function.__module__ = f"functions.tests.{function.__name__}"
    return reaction(**(cause or {"every": NOON - NOON}))(function).declared


# --- one tenant ------------------------------------------------------------------------------------


def test_a_call_is_not_changed_nor_copied_with_another_tenant(call_as):
    call = call_as(Role.CUSTOMER_ADMIN, tenant="acme")
    with pytest.raises(FrozenInstanceError):
        call.tenant = "globex"
    with pytest.raises((ValueError, TypeError), match="must be specified"):
        replace(call, tenant="globex")
    with call.transaction() as txn, pytest.raises(AttributeError):
        txn.tenant = "globex"
    assert copy.copy(call).tenant == "acme"


def test_a_call_hands_out_neither_the_store_nor_a_key(call_as, documents, signer):
    call = call_as(Role.ADMIN)
    with call.transaction() as txn:
        open_to_all = {
            name: getattr(one, name) for one in (call, txn) for name in dir(one) if name[0] != "_"
        }
    assert documents not in open_to_all.values()
    assert signer not in open_to_all.values()


def test_what_a_transaction_writes_cannot_be_added_to_from_outside(call_as):
    call = call_as(Role.ADMIN, commits=False)
    with call.transaction() as txn:
        txn.save(Note(id="a"))
        assert isinstance(txn.writes, tuple)
    assert len(call.writes) == 1


def test_the_platform_is_read_from_every_tenant_and_never_written(call_as):
    keep(call_as(Role.ADMIN), "a")
    call = call_as(Role.CUSTOMER_USER, tenant="acme")
    with call.transaction() as own, call.platform(WHY) as platform:
        assert own.get_or_none(Note, "a") is None
        assert platform.get(Note, "a").id == "a"
        with pytest.raises(RuntimeError, match="only reads"):
            platform.save(Note(id="a", text="ours"))
        with pytest.raises(RuntimeError, match="only reads"):
            platform.delete(Note(id="a"))
    assert [(one.tenant, one.why) for one in call.crossings] == [(PLATFORM, WHY)]


def test_nobody_crosses_without_saying_why(call_as, reacting):
    with pytest.raises(ValueError, match="says why"), call_as(Role.ADMIN).platform(" "):
        pass
    with pytest.raises(ValueError, match="says why"):
        reacting().each_tenant("")


def test_an_operation_has_no_way_into_other_tenants(call_as):
    assert not hasattr(call_as(Role.SERVICE), "within")
    assert not hasattr(call_as(Role.SERVICE), "each_tenant")


def test_a_reaction_acts_in_other_tenants_in_one_commit(reacting, documents):
    call = reacting(tenant="acme", commits=False)
    keep(call, "a")
    keep(call, "b", tenant="globex")
    keep(call, "c", tenant="acme")
    assert [(one.key.tenant, one.key.id) for one in call.writes] == [
        ("acme", "a"),
        ("acme", "c"),
        ("globex", "b"),
    ]
    assert [one.tenant for one in call.crossings] == ["globex", "acme"]


def test_a_reaction_looks_in_all_tenants_page_by_page(reacting):
    for tenant in ("acme", "globex", PLATFORM):
        keep(reacting(tenant=tenant), "a", "b")
    found, cursor = [], None
    while True:
        everywhere = reacting().each_tenant(WHY)
        page = everywhere.find(Note, order="text", limit=1, cursor=cursor)
        found += [one.id for one in page.items]
        cursor = page.next_cursor
        if cursor is None:
            break
    assert found == ["a", "b"] * 3
    assert len(reacting().each_tenant(WHY).all(Note)) == 6


def test_more_than_may_be_read_at_once_is_refused_and_not_cut(call_as, monkeypatch):
    monkeypatch.setattr("shared.queries.MAX_ALL", 100)
    for start in (0, 100):
        keep(call_as(Role.ADMIN), *(f"{n:03}" for n in range(start, start + 100)))
    with (
        call_as(Role.ADMIN).transaction() as txn,
        pytest.raises(RuntimeError, match="page by page"),
    ):
        txn.all(Note)
    monkeypatch.setattr("shared.queries.MAX_ALL", 200)
    with call_as(Role.ADMIN).transaction() as txn:
        assert len(txn.all(Note)) == 200


def test_each_crossing_stands_in_the_log_with_its_reason(documents, signer, caplog):
    def look_over(call: ReactionCall) -> None:
        """Look."""
        with call.within("acme", WHY):
            call.each_tenant(WHY)

    caplog.set_level(logging.INFO, "waooaw.requests")
    run(reacts(look_over), ports_of(documents, signer, lambda: NOON))
    (line,) = [json.loads(record.message) for record in caplog.records]
    told = line["crossings"]
    assert [one["why"] for one in told] == [WHY, WHY]
    assert told[1]["to"] == "*"
    assert "acme" not in told[0]["to"]


# --- reads -----------------------------------------------------------------------------------------


@declared("GET", "/v1/notes/{id}", scopes=PUBLIC, notes=Log)
def read_and_write(call: Call, id: Id) -> Note:
    """Read, and write what a read may not."""
    with call.transaction() as txn:
        return txn.save(Note(id=id))


@declared("GET", "/v1/notes/{id}", scopes=PUBLIC, notes=Log)
def read_and_note(call: Call, id: Id) -> Note:
    """Read, and note that it was read."""
    with call.transaction() as txn:
        txn.save(Log(id=id))
    return Note(id=id)


@declared("GET", "/v1/notes/{id}", scopes=PUBLIC)
def read_and_enter(call: Call, id: Id) -> Note:
    """Read, and enter something into evidence."""
    with call.transaction() as txn:
        thing = Thing(
            id=id,
            tenant_id=call.tenant,
            created_at=call.now,
            updated_at=call.now,
            governance_agent_id="genesis",
        )
        txn.create(thing, ThingSeen())
    return Note(id=id)


ONE = "00000000-0000-4000-8000-000000000001"


@pytest.mark.parametrize(
    ("function", "status"), [(read_and_write, 500), (read_and_enter, 500), (read_and_note, 200)]
)
def test_a_read_writes_at_most_the_note_that_it_was_made(world, function, status):
    assert world.call(function, f"/v1/notes/{ONE}").status_code == status
    kinds = {row[0] for row in world.ports.documents._rows("select collection from documents", ())}
    assert kinds & {"tests_notes", "tests_logs", "tests_given"} == (
        {"tests_logs"} if status == 200 else set()
    )


def test_only_opening_a_question_leaves_a_note():
    noted = {op.id: op.notes.__name__ for op in operations() if op.notes}
    opening = {"approvals.get_approval", "mobile.get_approval_detail"}
    assert noted == dict.fromkeys(opening, "Attention")
    assert not any(op.mutates or issubclass(op.notes, Entity) for op in operations() if op.notes)


# --- ports -----------------------------------------------------------------------------------------


@declared("POST", "/v1/notes", scopes={Scope.ACCOUNT})
def keep_what_is_named(call: Call, place: Files) -> None:
    """Keep."""


def test_a_port_is_given_by_its_type_whatever_the_parameter_is_called(documents, signer):
    ports = ports_of(documents, signer, lambda: NOON)
    op = keep_what_is_named.declared
    assert given(op, ports, PLATFORM) == {"place": OwnFiles(ports.files, PLATFORM)}
    assert op.in_body == {}


def test_a_reaction_is_given_what_it_names(documents, signer):
    def wake_and_keep(call: ReactionCall, engine: Workflows, folder: Files, devices: Push) -> None:
        """Wake."""
        seen.extend([engine, folder, devices])

    seen: list[object] = []
    ports = ports_of(documents, signer, lambda: NOON)
    run(reacts(wake_and_keep), ports)
    assert seen == [ports.workflows, OwnFiles(ports.files, PLATFORM), ports.push]


def test_a_port_that_nobody_provides_is_an_error_at_start():
    @declared("POST", "/v1/notes", scopes={Scope.ACCOUNT})
    def go_nowhere(call: Call, port: Nowhere) -> None:
        """Go."""

    def reach_nowhere(call: ReactionCall, port: Nowhere) -> None:
        """Reach."""

    with pytest.raises(TypeError, match="Nowhere"):
        view(go_nowhere.declared, lambda: None)
    with pytest.raises(TypeError, match="Nowhere"):
        listener(reacts(reach_nowhere), lambda: None)


def test_an_operation_that_names_the_outside_does_not_start():
    @declared("POST", "/v1/notes", scopes={Scope.ACCOUNT})
    def wake_engine(call: Call, workflows: Workflows) -> None:
        """Wake."""

    with pytest.raises(TypeError, match="for reactions"):
        view(wake_engine.declared, lambda: None)


def test_a_process_provides_every_port_that_the_catalog_names(world):
    for one in catalog():
        assert set(given(one, world.ports, PLATFORM)) == set(one.ports)
        assert all(port is not None for port in given(one, world.ports, PLATFORM).values())


def test_what_a_process_remembers_is_its_tenants_own():
    memory = Memory()
    known = memory.for_tenant("acme").recall("figure", lambda: 1, at=NOON)
    assert known == 1
    assert memory.for_tenant("acme").recall("figure", lambda: 2, at=NOON) == 1
    assert memory.for_tenant("globex").recall("figure", lambda: 2, at=NOON) == 2


@pytest.mark.parametrize("statement", [{"typ": ENTRY_TYPE}, {}, {"type": "upload/v1"}])
def test_a_ticket_is_never_an_entry_of_evidence(signer, statement):
    with pytest.raises(ValueError, match="no entry"):
        TicketSigner(signer).signed(statement)
