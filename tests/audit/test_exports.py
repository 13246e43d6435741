"""Exports: a copy of a tenant's entries in parts, for who may take it away, one at a time."""

import hashlib
from datetime import timedelta
from types import SimpleNamespace

import pytest

from functions.audit.create_export import create_export
from functions.audit.download_export_part import download_export_part
from functions.audit.export_entries import export_entries
from functions.audit.get_export import get_export
from functions.platform.cancel_async_job import cancel_async_job
from functions.platform.get_async_job import get_async_job
from shared.actors import Role
from shared.audit.models import ExportRequest
from shared.bus import due_message
from shared.documents import Query
from shared.edge.delivery import deliver
from shared.errors import Conflict, Invalid, NotFound, RateLimited
from shared.job import begin
from shared.jobs import Forgetting
from shared.promises import Due
from tests.conftest import NOON, ports_of
from tests.kernel.things import Thing, ThingMade

ENTRIES = 120


@pytest.fixture
def ports(documents, signer):
    now = SimpleNamespace(time=NOON)
    ports = ports_of(documents, signer, lambda: now.time)
    ports.now = now
    return ports


@pytest.fixture
def admin(call_as):
    """Somebody who may take the evidence of one tenant away."""

    def call(at=1, id="", tenant="acme"):
        return call_as(Role.CUSTOMER_ADMIN, tenant=tenant, at=at, id=id)

    return call


@pytest.fixture
def entries(call_as):
    """What happened in two tenants; only the one's is exported."""
    for tenant, number in (("acme", ENTRIES), ("globex", 5)):
        call = call_as(Role.ADMIN, tenant=tenant)
        with call.transaction() as txn:
            for n in range(number):
                thing = Thing(
                    id=call.new_id(),
                    tenant_id=tenant,
                    created_at=NOON,
                    updated_at=NOON,
                    governance_agent_id="genesis",
                    size=n,
                )
                txn.create(thing, ThingMade(size=n))


def asked(**changes):
    return ExportRequest(since=NOON, until=NOON + timedelta(seconds=30), **changes)


def carry_on(documents, ports):
    ports.now.time = NOON + timedelta(hours=1)
    for one in documents.find(None, Query(Due.collection)):
        deliver(export_entries.declared, due_message(Due.from_stored(one.data)), ports)


def test_an_export_is_a_job_whose_parts_are_the_whole(admin, entries, documents, ports):
    answer = create_export(admin(), asked())
    new = answer.result
    assert answer.location == f"/v1/async-jobs/{new.id}"
    assert (new.status, new.row_count, new.parts) == ("queued", 0, ())
    carry_on(documents, ports)
    seen = get_export(admin(), new.id)
    assert (seen.status, seen.row_count) == ("completed", ENTRIES)
    assert [(part.number, part.rows) for part in seen.parts] == [(1, 100), (2, 20)]
    assert {f"{new.id}/{part.sha256}" for part in seen.parts} == ports.files.kept.keys()
    file = download_export_part(admin(), new.id, 2, ports.files)
    assert hashlib.sha256(file.data).hexdigest() == seen.parts[1].sha256
    assert file.name == f"audit_{new.id}_0002.jsonl"
    with pytest.raises(NotFound):
        download_export_part(admin(), new.id, 3, ports.files)
    for part in (1, 2):
        with pytest.raises(NotFound):
            download_export_part(admin(tenant="globex"), new.id, part, ports.files)
    job = get_async_job(admin(), new.id)
    assert (job.status, job.progress.done, job.progress.total) == ("completed", ENTRIES, ENTRIES)


def test_another_job_is_no_export(call_as, ports):
    call = call_as(Role.ADMIN, tenant="acme")
    with call.transaction() as txn:
        other = begin(txn, call, Forgetting(until=NOON))
    with pytest.raises(NotFound, match="no export"):
        get_export(call_as(Role.ADMIN, tenant="acme"), other.id)
    with pytest.raises(NotFound, match="no export"):
        download_export_part(call_as(Role.ADMIN, tenant="acme"), other.id, 1, ports.files)


def test_a_table_names_its_columns_once(admin, entries, documents, ports):
    new = create_export(admin(), asked(format="csv")).result
    carry_on(documents, ports)
    files = [ports.files.kept[f"{new.id}/{p.sha256}"] for p in get_export(admin(), new.id).parts]
    lines = b"".join(file.data for file in files).decode().splitlines()
    assert len(lines) == 1 + ENTRIES
    assert lines[0].startswith("ts,action,actor,entity")
    assert len({line.rpartition(",")[2] for line in lines[1:]}) == ENTRIES


def test_one_export_is_made_for_somebody_at_a_time(admin, entries, documents, ports):
    create_export(admin(), asked())
    with pytest.raises(Conflict) as refused:
        create_export(admin(at=2), asked())
    assert refused.value.violations[0].rule == "export_running"
    create_export(admin(id="another"), asked())
    carry_on(documents, ports)
    create_export(admin(at=2), asked())


def test_ten_exports_are_made_for_somebody_within_a_day(admin, entries, documents, ports):
    for n in range(10):
        create_export(admin(at=n + 1), asked())
        carry_on(documents, ports)
    with pytest.raises(RateLimited) as refused:
        create_export(admin(at=60), asked())
    assert refused.value.retry_after_s == 24 * 3600 - 59 * 60 + 1
    create_export(admin(at=24 * 60 + 1.5), asked())


def test_an_export_begins_before_its_end(admin):
    with pytest.raises(Invalid):
        create_export(admin(at=-1), asked())


def test_who_asked_for_it_sees_it_and_who_looks_after_others(admin, call_as):
    new = create_export(call_as(Role.CUSTOMER_USER, tenant="acme", at=1), asked()).result
    assert get_async_job(call_as(Role.CUSTOMER_USER, tenant="acme"), new.id).id == new.id
    assert get_async_job(call_as(Role.CUSTOMER_ADMIN, tenant="acme"), new.id).id == new.id
    with pytest.raises(NotFound):
        get_async_job(call_as(Role.CUSTOMER_USER, tenant="acme", id="other"), new.id)
    with pytest.raises(NotFound):
        cancel_async_job(call_as(Role.CUSTOMER_USER, tenant="acme", id="other"), new.id)


def test_a_job_of_another_kind_is_no_export(admin):
    call = admin()
    with call.transaction() as txn:
        other = begin(txn, call, Forgetting(until=NOON))
    with pytest.raises(NotFound):
        get_export(admin(), other.id)


def test_it_is_given_up_when_somebody_asks(admin, entries, documents, ports):
    new = create_export(admin(), asked()).result
    seen = cancel_async_job(admin(), new.id)
    assert (seen.status, seen.cancelled_by) == ("queued", "customer_admin")
    assert cancel_async_job(admin(), new.id) == seen
    carry_on(documents, ports)
    assert get_export(admin(), new.id).status == "cancelled"
    assert ports.files.kept == {}
    with pytest.raises(Conflict):
        cancel_async_job(admin(), new.id)
