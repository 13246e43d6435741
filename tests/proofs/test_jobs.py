"""Jobs and rounds of all tenants survive kill -9, wherever it strikes, and do nothing twice."""

import json
import shutil
import subprocess
import sys
from collections import Counter
from contextlib import closing
from datetime import timedelta
from itertools import count
from pathlib import Path

import pytest

from shared import jobs
from shared.actors import PLATFORM, Actor, Role
from shared.audit.models import EntryExport
from shared.canonical import canonical
from shared.documents import Key, Query
from shared.edge.keys import FileSigner
from shared.edge.settings import Settings
from shared.edge.sqlite import SqliteDocuments
from shared.entity import written
from shared.evidence import Entry, digest_of
from shared.job import begin
from shared.jobs import Forgetting, Forgot, Job, JobState, Progress
from shared.operation import Call
from shared.promises import Due
from tests.conftest import NOON, broken
from tests.kernel.things import Thing, ThingMade

ROOT = Path(__file__).parents[2]
START = NOON + timedelta(hours=1)
TENANTS = ("acme", "globex", "platform", "umbrella")
ENTRIES = 250


@pytest.fixture(scope="module")
def victims():
    """The process whose children are killed."""
    command = [sys.executable, "-m", "tests.proofs.job_victims"]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, cwd=ROOT, text=True, **pipes) as process:

        def live(folder, now, where="", at=0):
            told = {"folder": str(folder), "now": written(now), "where": where, "at": at}
            process.stdin.write(json.dumps(told) + "\n")
            process.stdin.flush()
            ended = json.loads(process.stdout.readline())
            assert ended["killed"] or ended["status"] == 0
            return ended["killed"]

        yield live
        process.stdin.close()


class Data:
    """One data folder, as the test looks at it while nobody is at work."""

    def __init__(self, folder):
        self.folder = folder
        self.signer = FileSigner(Path(Settings({"DATA": str(folder)}).writer_key))

    def open(self):
        return closing(SqliteDocuments(self.folder / "store.db"))


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    """A folder with two jobs that wait: an export of one tenant, and a round of all."""
    data = Data(tmp_path_factory.mktemp("prepared"))
    with data.open() as documents:

        def call(tenant, at):
            return Call(
                actor=Actor(id="admin", tenant=tenant, roles=frozenset({Role.ADMIN})),
                now=at,
                tenant=tenant,
                operation="tests.call",
                correlation_id="00000000-0000-4000-8000-000000000001",
                documents=documents,
                signer=data.signer,
            )

        for _ in range(ENTRIES // 50):
            make_things(call("acme", NOON), 50)
        for tenant in TENANTS:
            for _ in range(2):
                have_ended(lambda tenant=tenant: call(tenant, NOON - timedelta(minutes=1)))
        work = EntryExport(since=NOON, until=NOON + timedelta(minutes=1), format="jsonl")
        data.export = begun(call("acme", START), work)
        data.round = begun(call(PLATFORM, START), Forgetting(until=NOON + jobs.KEPT))
    return data


def make_things(call, number):
    with call.transaction() as txn:
        for n in range(number):
            thing = Thing(
                id=call.new_id(),
                tenant_id=call.tenant,
                created_at=call.now,
                updated_at=call.now,
                governance_agent_id="genesis",
                size=n,
            )
            txn.create(thing, ThingMade(size=n))


def begun(call, work):
    with call.transaction() as txn:
        return begin(txn, call, work).id


def have_ended(call):
    """Have a job of which it is known for long enough what came of it."""
    id = begun(call(), Forgetting(until=NOON))
    end = call()
    with end.transaction() as txn:
        job, state = txn.get(Job, id), txn.get(JobState, id)
        due = txn.get(Due, state.due)
        came = Forgot(tenants=1)
        job = jobs.ended(job, "completed", at=end.now, reached=Progress(), result=came)
        txn.save(job, jobs.end_of(job))
        txn.delete(state)
        txn.delete(due)


def check(data):
    """Look that each of the two jobs did all it had to, once."""
    with data.open() as documents:
        export = Job.from_stored(documents.get(Key("acme", Job.collection, data.export)).data)
        assert (export.status, export.failure) == ("completed", None)
        parts = export.result["parts"]
        kept = data.folder / "uploads" / export.id
        files = [(kept / part["sha256"]).read_bytes() for part in parts]
        assert [digest_of(file) for file in files] == [part["sha256"] for part in parts]
        assert {file.name for file in kept.iterdir()} == {part["sha256"] for part in parts}
        lines = b"".join(files).splitlines()
        entries = [
            Entry.from_stored(one.data)
            for one in documents.find("acme", Query(Entry.collection, limit=10_000))
        ]
        wanted = [one for one in entries if one.ts == written(NOON)]
        assert len(wanted) == ENTRIES == export.result["rows"]
        assert Counter(lines) == Counter(
            canonical(one.to_stored(exclude={"delivery"})) for one in wanted
        )
        found = documents.get(Key(PLATFORM, Job.collection, data.round))
        assert Job.from_stored(found.data).result == {"tenants": len(TENANTS)}
        told = Counter(
            Entry.from_stored(one.data).entity
            for one in documents.find(None, Query(Entry.collection, limit=10_000))
            if one.data["action"] == "job.forgotten"
        )
        assert set(told.values()) == {1}
        assert len(told) == 2 * len(TENANTS), "each job of each tenant was forgotten, and once"
        for gone in (Due, JobState):
            assert documents.count(None, Query(gone.collection)) == 0
        assert not broken(documents, data.signer)


def test_undisturbed_they_do_their_work(prepared, victims, tmp_path):
    data = copied(prepared, tmp_path / "data")
    assert not victims(data.folder, START)
    check(data)


def copied(prepared, folder):
    shutil.copytree(prepared.folder, folder)
    data = Data(folder)
    data.export, data.round = prepared.export, prepared.round
    return data


@pytest.mark.parametrize("where", ["before commit", "after commit", "after file"])
def test_wherever_they_are_killed_they_go_on(prepared, victims, tmp_path, where):
    """Kill one worker at every place there is; the next takes over when its lease has lapsed."""
    for at in count(1):
        data = copied(prepared, tmp_path / str(at))
        if not victims(data.folder, START, where, at):
            break
        # The timer of whoever died comes at once, and again when the lease has lapsed.
        victims(data.folder, START)
        victims(data.folder, START + jobs.LEASE)
        check(data)
        shutil.rmtree(data.folder)
    assert at > (3 if where == "after file" else 10)


def test_killed_again_and_again_they_come_to_their_end(prepared, victims, tmp_path):
    """Each life does a step or two; nothing is given up while there is some progress."""
    data, now, lives = copied(prepared, tmp_path / "data"), START, 0
    while victims(data.folder, now, "after commit", 4) and lives < 50:
        lives, now = lives + 1, now + jobs.LEASE
    assert 3 <= lives < 50
    check(data)
