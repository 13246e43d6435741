"""A round of all tenants, and the job that makes it, on both stores."""

import pytest

from shared import jobs
from shared.actors import Role
from shared.bus import due_message
from shared.documents import Query, Write
from shared.edge.delivery import deliver
from shared.entity import Record, Value
from shared.job import JobStep, Visited, begin, job
from shared.jobs import Job, Work
from shared.promises import Due
from shared.queries import Reads
from tests.conftest import NOON, ports_of
from tests.store.conftest import key


class Sheep(Record):
    collection = "things"


class Herding(Work, kind="tests.herding"):
    pass


class Herd(Value):
    tenants: int


@job
def herd(call: JobStep, _: Herding, so_far: Visited) -> Visited | Herd:
    tenant = so_far.next(call.each_tenant("every tenant has its turn"), Sheep)
    if tenant is None:
        return Herd(tenants=so_far.done)
    with call.within(tenant, "it is counted there") as txn:
        page = txn.loosely("nobody else is here").find(Sheep, limit=2, cursor=so_far.cursor)
        for one in page.items:
            txn.save(one)
    seen.append((tenant, len(page.items)))
    return so_far.at(tenant, page.next_cursor)


seen: list[tuple[str, int]] = []


@pytest.fixture
def flock(documents):
    seen.clear()
    # Ids at both ends of what an id may be, and tenants of which one's name begins another's.
    for tenant in ("acme", "acme-2", "bb", "platform"):
        for id in ("0", "~", "é", "zz"):
            documents.commit([Write(key(id, tenant), {"id": id})])
    return documents


def test_tenants_are_found_in_order_each_once(flock):
    everywhere, found = Reads(flock, None), [""]
    while tenant := everywhere.tenant_after(Sheep, found[-1]):
        found.append(tenant)
    assert found[1:] == ["acme", "acme-2", "bb", "platform"]
    assert everywhere.tenant_after(Job) is None


def test_a_job_visits_them_all(flock, signer, call_as):
    ports = ports_of(flock, signer, lambda: NOON)
    call = call_as(Role.SERVICE, documents=flock)
    with call.transaction() as txn:
        new = begin(txn, call, Herding(), key="tonight")
    (due,) = flock.find(None, Query(Due.collection))
    assert deliver(herd.declared, due_message(Due.from_stored(due.data)), ports)
    (found,) = flock.find("platform", Query(Job.collection))
    assert (found.data["id"], found.data["result"]) == (new.id, {"tenants": 4})
    assert seen == [(t, 2) for t in ("acme", "acme-2", "bb", "platform") for _ in range(2)]
    assert flock.count(None, Query(jobs.JobState.collection)) == 0
    assert flock.count(None, Query(Due.collection)) == 0
