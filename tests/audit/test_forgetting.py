"""The files of an export end: with what is known of it, or at once where it came to nothing."""

from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest

from functions.audit.create_export import create_export
from functions.audit.download_export_part import download_export_part
from functions.audit.export_entries import export_entries
from functions.audit.forget_export import forget_export
from functions.audit.get_export import get_export
from functions.platform.cancel_async_job import cancel_async_job
from functions.platform.forget_jobs import forget_jobs
from shared import jobs
from shared.actors import Role
from shared.audit.models import ExportRequest
from shared.bus import due_message, envelope
from shared.documents import Query
from shared.edge import jobs as edge
from shared.edge.delivery import deliver
from shared.edge.storage import FolderFiles
from shared.errors import NotFound, ProviderDown
from shared.evidence import Entry
from shared.files import Content
from shared.job import begin
from shared.jobs import Forgetting
from shared.promises import Due
from tests.conftest import NOON, ports_of
from tests.kernel.things import Thing, ThingMade

ENTRIES = 120
ASKED = ExportRequest(since=NOON, until=NOON + timedelta(seconds=30))


class Troubled(FolderFiles):
    """A folder that does not always do what it is asked."""

    kept_at_most = 100
    removals: list[Exception | None] = []

    def keep(self, name, content):
        if len(self.names()) >= self.kept_at_most:
            raise ProviderDown("the folder is full")
        super().keep(name, content)

    def remove_all(self, under):
        if self.removals and (error := self.removals.pop(0)):
            self.remove(next(name for name in self.names() if name.startswith(under)))
            raise error
        super().remove_all(under)

    def names(self):
        found = (path for path in self._folder.rglob("*") if path.is_file())
        return sorted(str(path.relative_to(self._folder)) for path in found)


class World:
    """A tenant's exports, a clock, and a folder of files."""

    def __init__(self, documents, signer, call_as, folder):
        self.documents, self.call_as = documents, call_as
        self.now = SimpleNamespace(time=NOON + timedelta(hours=1))
        self.files = Troubled(str(folder / "uploads"), folder / "key", lambda: self.now.time)
        self.ports = ports_of(documents, signer, lambda: self.now.time, files=self.files)

    def admin(self, tenant="acme"):
        return self.call_as(Role.CUSTOMER_ADMIN, tenant=tenant, at=1)

    def asked(self, tenant="acme"):
        return create_export(self.admin(tenant), ASKED).result.id

    def go(self, kind):
        """Deliver every timer of a kind whose time has come."""
        for one in self.documents.find(None, Query(Due.collection)):
            due = Due.from_stored(one.data)
            if due.action in kind.declared.events and due.at <= self.now.time:
                deliver(kind.declared, due_message(due), self.ports)

    def told(self):
        """Deliver everything that was ever announced of jobs to who forgets exports."""
        for one in self.documents.find(None, Query(Entry.collection, limit=10_000)):
            entry = Entry.from_stored(one.data)
            if entry.action in forget_export.declared.events:
                deliver(forget_export.declared, envelope(entry, environment="local"), self.ports)

    def forget(self):
        """Let the time of what has ended go by, and a round begin and end."""
        self.now.time += jobs.KEPT
        call = self.call_as(Role.SERVICE)
        with call.transaction() as txn:
            begin(txn, call, Forgetting(until=self.now.time))
        self.go(forget_jobs)

    def of(self, id):
        """Return whose files lie there, and what is written about them."""
        return [one for one in self.files.names() if id in Path(one).parts]


@pytest.fixture
def world(documents, signer, call_as, tmp_path):
    for tenant in ("acme", "globex"):
        call = call_as(Role.ADMIN, tenant=tenant)
        with call.transaction() as txn:
            for n in range(ENTRIES):
                thing = Thing(
                    id=call.new_id(),
                    tenant_id=tenant,
                    created_at=NOON,
                    updated_at=NOON,
                    governance_agent_id="genesis",
                    size=n,
                )
                txn.create(thing, ThingMade(size=n))
    return World(documents, signer, call_as, tmp_path)


def test_files_are_there_until_it_is_forgotten_and_no_longer(world):
    mine, theirs = world.asked(), world.asked("globex")
    world.go(export_entries)
    world.told()
    assert len(world.of(mine)) == len(world.of(theirs)) == 4, "two parts, and of what type each is"
    assert download_export_part(world.admin(), mine, 2, world.files).data
    world.forget()
    world.told()
    assert world.files.names() == []
    assert get_export(world.admin(), mine).known_until is None
    with pytest.raises(NotFound):
        download_export_part(world.admin(), mine, 1, world.files)


def test_one_that_is_not_due_keeps_its_files(world):
    first = world.asked()
    world.go(export_entries)
    world.now.time += timedelta(days=1)
    second = world.asked("globex")
    world.go(export_entries)
    world.now.time -= timedelta(days=1)
    world.forget()
    world.told()
    assert world.of(first) == []
    assert len(world.of(second)) == 4


def test_what_fails_half_way_is_done_when_it_comes_again_and_may_come_often(world):
    id = world.asked()
    world.go(export_entries)
    world.forget()
    world.files.removals = [ProviderDown("the folder is away")]
    with pytest.raises(ProviderDown):
        world.told()
    assert len(world.of(id)) == 2
    for _ in range(3):
        world.told()
    assert world.of(id) == []


def test_one_that_is_given_up_leaves_no_file(world, monkeypatch):
    monkeypatch.setattr(edge, "TURN_HERE_S", 0)
    id = world.asked()
    world.go(export_entries)
    assert len(world.of(id)) == 2, "one part was kept"
    cancel_async_job(world.admin(), id)
    world.go(export_entries)
    assert get_export(world.admin(), id).status == "cancelled"
    world.told()
    assert world.of(id) == []


def test_one_that_fails_leaves_no_file_nor_one_that_its_progress_does_not_know(world):
    id = world.asked()
    world.files.kept_at_most = 2
    for _ in range(1 + jobs.RETRIES):
        world.go(export_entries)
        world.now.time += timedelta(minutes=10)
    assert get_export(world.admin(), id).status == "failed"
    world.files.kept_at_most = 100
    world.files.keep(f"{id}/{'5' * 64}", Content("text/csv", b"of a step that did not commit"))
    assert len(world.of(id)) == 4
    world.told()
    assert world.of(id) == []


def test_what_a_slow_worker_keeps_after_the_end_goes_when_it_is_forgotten(world):
    id = world.asked()
    cancel_async_job(world.admin(), id)
    world.go(export_entries)
    world.told()
    late = f"{id}/{'6' * 64}"
    world.files.keep(late, Content("text/csv", b"of a worker that lost its lease"))
    world.forget()
    world.told()
    assert world.of(id) == []


def test_what_another_job_of_that_tenant_keeps_is_not_its_to_remove(world):
    call = world.admin()
    with call.transaction() as txn:
        other = begin(txn, call, Forgetting(until=NOON))
    world.files.keep(f"{other.id}/page", Content("text/csv", b"another area's"))
    cancel_async_job(world.admin(), other.id)
    world.go(forget_jobs)
    world.told()
    assert len(world.of(other.id)) == 2
