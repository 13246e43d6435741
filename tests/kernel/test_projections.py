"""Projections: each event is folded once into what is shown, also while it is folded again beside it."""

import json
import random
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace
from typing import ClassVar

import pytest
from pydantic import ValidationError

from functions.platform.fold_again import fold_again
from functions.platform.leave_rebuild import leave_rebuild
from functions.platform.rebuild_projection import rebuild_projection
from local.failures import Failure
from local.rebuild import _watched
from shared.actors import PLATFORM, Role
from shared.bus import due_message, envelope
from shared.documents import Key, Query, Write
from shared.edge import folding
from shared.edge import jobs as edge
from shared.edge.calling import request_call
from shared.edge.delivery import deliver
from shared.edge.folding import Rebuilding
from shared.edge.settings import Settings
from shared.edge.sides import PATIENCE
from shared.entity import Event
from shared.errors import NotFound
from shared.evidence import Entry
from shared.handling import Handling, Nobody, WithAccount
from shared.jobs import Job, JobCancelRequested, cancelled
from shared.observability import Memory
from shared.operation import Call
from shared.projection import Fold, projection
from shared.projections import Sides, View, placed
from shared.promises import Due
from shared.tallies import Tally
from tests.conftest import NOON, ports_of
from tests.kernel.things import Thing

SECOND = timedelta(seconds=1)


class Weighed(Event, action="thing.weighed", category="configuration_change", topic="scales"):
    weight: int


class Weights(View):
    collection: ClassVar[str] = "weights"
    projection: ClassVar[str] = "tests.weights"
    handling: ClassVar = Handling(kept=WithAccount(), export=Nobody("a test"), erasure="deleted")

    things: int = 0
    weight: int = 0


WEIGHTS = Tally(Weights, shards=3)


def weigh(call: Fold, event: Weighed) -> None:
    with call.transaction() as txn:
        before = WEIGHTS.of(txn, call.subject_id)
        more = {"things": before.things + 1, "weight": before.weight + event.weight}
        WEIGHTS.keep(txn, before, before.model_copy(update=more))


weigh.__module__ = "functions.tests.weigh"
PART = vars(projection(of=Weighed, into=(Weights,))(weigh))["declared"]
REBUILD, LEAVE = vars(fold_again)["declared"], vars(leave_rebuild)["declared"]


class World:
    """A store, a clock, and two processes in the cloud that each remember what they read."""

    def __init__(self, documents, signer):
        self.time, self.documents, self.signer = NOON, documents, signer
        cloud = Settings({"ENVIRONMENT": "prod"})
        ports = ports_of(documents, signer, lambda: self.time)
        self.processes = [replace(ports, settings=cloud, memory=Memory()) for _ in range(2)]
        self.pending, self.weights, self.ids = [], Counter(), 0

    def call(self, tenant=PLATFORM):
        actor = SimpleNamespace(
            id="service:tests", type="service", roles=frozenset(Role), tenant=tenant
        )
        return Call(
            actor=actor,
            now=self.time,
            tenant=tenant,
            operation="tests.call",
            correlation_id="00000000-0000-4000-8000-000000000001",
            documents=self.documents,
            signer=self.signer,
            commits=False,
        )

    def happens(self, tenant, weight):
        """Let something happen, and return what commits it, which may come later."""
        call = self.call(tenant)
        with call.transaction() as txn:
            thing = Thing(
                id=call.new_id(),
                tenant_id=tenant,
                created_at=call.now,
                updated_at=call.now,
                governance_agent_id="genesis",
                size=weight,
            )
            txn.create(thing, Weighed(weight=weight))
        self.weights[tenant] += weight

        def commit():
            self.documents.commit(call.writes)
            self.pending += [envelope(entry, environment="") for entry in call.entries]

        return commit

    def deliver(self, message, process=0):
        return deliver(PART, message, self.processes[process])

    def rebuild(self, name="tests.weights"):
        ports = self.processes[0]
        call = request_call(
            ports,
            actor=self.call().actor,
            tenant=PLATFORM,
            operation="tests.call",
            correlation_id="00000000-0000-4000-8000-000000000001",
        )
        answer = rebuild_projection(call, name, Rebuilding(ports))
        self.documents.commit(call.writes)
        return self.job(answer.result.id)

    def job(self, id):
        return Job.from_stored(self.documents.get(Key(PLATFORM, Job.collection, id)).data)

    def go_on(self, process=0):
        """Do a step of every job whose time has come."""
        for one in self.documents.find(None, Query(Due.collection)):
            due = Due.from_stored(one.data)
            if due.at <= self.time:
                deliver(REBUILD, due_message(due), self.processes[process])

    def finish(self, job, most=200):
        for _ in range(most):
            if self.job(job.id).over:
                return self.job(job.id)
            self.time += timedelta(seconds=30)
            self.go_on()
        raise AssertionError(self.job(job.id))

    @property
    def sides(self):
        found = self.documents.get(Key(PLATFORM, Sides.collection, "tests.weights"))
        return Sides.from_stored(found.data) if found else Sides(id="tests.weights")

    def counted(self, side=None):
        side = self.sides.shown if side is None else side
        found = self.documents.find(None, Query(placed("weights", side), limit=1000))
        counted = Counter()
        for one in found:
            counted[one.key.tenant] += one.data["weight"]
        return counted

    def seen(self, tenant):
        call = request_call(
            self.processes[1],
            actor=self.call().actor,
            tenant=tenant,
            operation="tests.call",
            correlation_id="",
        )
        with call.transaction() as txn:
            weights = txn.all(Weights)
            named = [one.id for one in weights]
            assert txn.get_all(Weights, [*named, "none"]) == dict(zip(named, weights, strict=True))
            return sum(one.weight for one in weights)


@pytest.fixture
def world(documents, signer, monkeypatch):
    monkeypatch.setattr(Rebuilding, "_parts", (PART,))
    monkeypatch.setattr(folding, "NAMES", (PART.name,))
    # Between any two steps something may happen.
    monkeypatch.setattr(edge, "TURN_S", 0.0)
    return World(documents, signer)


def test_what_is_delivered_twice_is_folded_once(world):
    world.happens("acme", 3)()
    (message,) = world.pending
    assert [world.deliver(message, n) for n in (0, 1, 0)] == [True, False, False]
    assert world.counted() == {"acme": 3}
    assert world.seen("acme") == 3 and world.seen("globex") == 0


def test_a_rebuild_mends_what_was_lost_and_removes_what_never_was(world):
    for n in range(150):
        world.happens(("acme", "globex")[n % 2], n)()
    for message in world.pending[10:]:
        world.deliver(message)
    wrong = Weights(id="shard-9", weight=1000)
    call = world.call("umbrella")
    with call.transaction() as txn:
        txn.create(wrong)
    world.documents.commit(call.writes)
    assert world.counted() != world.weights
    done = world.finish(world.rebuild())
    assert (done.status, done.result["passed"]) == ("completed", 0), done.failure
    assert world.counted() == world.weights
    assert world.counted(side=0) == {}, "the old side is removed"
    # What was given up and comes late after all was there to be read: it is not folded again.
    for message in world.pending:
        world.deliver(message)
    assert world.counted() == world.weights
    world.finish(world.rebuild())
    assert (world.sides.shown, world.counted()) == (0, world.weights)


@pytest.mark.parametrize("seed", range(3))
def test_whatever_happens_meanwhile_each_event_is_folded_once(world, seed):
    """Events commit late, and come late, twice, in any order, to processes that remember what was so."""
    luck = random.Random(seed)
    late, sent, job, whole = [], [], None, []
    for n in range(150):
        world.time += timedelta(seconds=luck.choice((1, 15, 30)))
        for _ in range(luck.choice((0, 1, 1, 2))):
            commit = world.happens(luck.choice(("acme", "globex")), luck.randrange(1, 9))
            late.append((world.time + luck.choice((0, 1, 60)) * SECOND, commit))
        for one in [one for one in late if one[0] <= world.time]:
            late.remove(one)
            one[1]()
        for message in luck.sample(world.pending, min(len(world.pending), 2)):
            world.pending.remove(message)
            sent.append(message)
            world.deliver(message, luck.randrange(2))
        if sent and luck.random() < 0.2:
            world.deliver(luck.choice(sent), luck.randrange(2))
        if n == 15:
            job = world.rebuild()
        if job and luck.random() < 0.7:
            world.go_on(luck.randrange(2))
        if job and world.sides.shown and not whole:
            whole.append(n)
    done = world.finish(job)
    assert done.status == "completed", done.failure
    for _, commit in late:
        commit()
    for message in world.pending + sent:
        world.deliver(message, luck.randrange(2))
    assert world.sides.shown == 1 and whole, "it was switched while things happened"
    assert world.counted() == world.weights


def test_readers_see_one_side_whole_and_then_the_other(world):
    for _ in range(150):
        world.happens("acme", 1)()
    for message in world.pending[:100]:
        world.deliver(message)
    job, seen = world.rebuild(), set()
    while not world.job(job.id).over:
        world.time += timedelta(seconds=30)
        world.go_on()
        seen.add(world.seen("acme"))
    assert seen == {100, 150}


def test_one_that_is_given_up_leaves_what_is_shown_and_the_next_begins_anew(world):
    world.happens("acme", 1)()
    world.deliver(world.pending[0])
    job = world.rebuild()
    assert world.rebuild().id == job.id, "the same while it is under way"
    while len(world.sides.kept) == 1:
        world.time += timedelta(seconds=10)
        world.go_on()
    call = world.call()
    with call.transaction() as txn:
        gone = cancelled(txn.get(Job, job.id), by=call.actor)
        txn.save(gone, JobCancelRequested(kind=gone.kind, cancelled_by="service:tests"))
    world.documents.commit(call.writes)
    assert world.finish(job).status == "cancelled"
    told = [
        envelope(Entry.from_stored(one.data), environment="")
        for one in world.documents.find(PLATFORM, Query(Entry.collection, limit=100))
        if one.data["action"] == "job.cancelled"
    ]
    for _ in range(2):
        deliver(LEAVE, told[0], world.processes[0])
    assert (world.sides.shown, len(world.sides.kept)) == (0, 1)
    again = world.rebuild()
    assert again.id != job.id
    assert world.finish(again).status == "completed"
    assert world.counted() == {"acme": 1}


def test_a_name_that_is_none_is_answered_with_those_that_there_are(world):
    with pytest.raises(NotFound, match=r"no projection tests\.wights; there are tests\.weights"):
        world.rebuild("tests.wights")


def test_what_nobody_entered_and_what_is_refused_is_passed_over(world):
    for _ in range(3):
        world.happens("acme", 1)()
    first = world.documents.find("acme", Query(Entry.collection, limit=1))[0]
    world.documents.commit([replace_data(first, data={"weight": 1000})])
    world.time += PATIENCE
    done = world.finish(world.rebuild())
    assert (done.result["passed"], world.counted()) == (1, {"acme": 2})


@pytest.mark.parametrize("member", ["action", "actor", "n", "schema_version"])
def test_an_entry_that_cannot_be_read_is_passed_over_and_keeps_out_no_other(world, member):
    for _ in range(3):
        world.happens("acme", 1)()
    first = world.documents.find("acme", Query(Entry.collection, limit=1))[0]
    wrong = {**first.data, member: []}
    if member == "action":
        del wrong[member]
    world.documents.commit([Write(first.key, wrong)])
    world.time += PATIENCE
    done = world.finish(world.rebuild())
    assert done.status == "completed", done.failure
    assert (done.result["passed"], world.counted()) == (1, {"acme": 2})


def test_one_that_is_given_up_after_the_new_side_is_shown_says_so(world):
    world.happens("acme", 1)()
    job = world.rebuild()
    while not world.sides.shown:
        world.time += timedelta(seconds=10)
        world.go_on()
    call = world.call()
    with call.transaction() as txn:
        gone = cancelled(txn.get(Job, job.id), by=call.actor)
        txn.save(gone, JobCancelRequested(kind=gone.kind, cancelled_by="service:tests"))
    world.documents.commit(call.writes)
    over = json.loads(world.finish(job).model_dump_json())
    assert over["status"] == "cancelled"
    with pytest.raises(Failure, match=r"^tests\.weights is shown as it is folded again"):
        _watched(None, over, "tests.weights", print)
    over["progress"]["says"] = "1 entries read"
    with pytest.raises(Failure, match=r"^tests\.weights is shown as it was before"):
        _watched(None, over, "tests.weights", print)


@pytest.mark.parametrize("wrong", [{"shown": 7}, {"shown": -1}, {"kept": [{"number": 2}]}])
def test_there_are_two_sides_and_no_third(world, wrong):
    place = Key(PLATFORM, Sides.collection, "tests.weights")
    world.documents.commit([Write(place, {"id": "tests.weights", **wrong})])
    with pytest.raises(ValidationError):
        world.rebuild()


def replace_data(found, **members):
    return Write(found.key, {**found.data, **members})


def fold(world, function):
    world.happens("acme", 1)()
    function.__module__ = "functions.tests.weigh"
    part = projection(of=Weighed, into=(Weights,))(function).declared
    return deliver(part, world.pending[-1], world.processes[0])


def test_a_fold_announces_nothing_changes_no_entity_and_schedules_nothing(world):
    def changes(call, event):
        with call.transaction() as txn:
            thing = txn.get(Thing, call.subject_id)
            txn.save(thing.model_copy(update={"size": 1}), event)

    def promises(call, event):
        with call.transaction() as txn:
            txn.schedule(event, at=call.now, about=txn.get(Thing, call.subject_id))

    for function, kind in ((changes, "Thing"), (promises, "Due")):
        with pytest.raises(RuntimeError, match=f"it writes no {kind}"):
            fold(world, function)


def test_a_fold_asks_no_query_of_its_own_and_writes_few_documents(world):
    def asks(call, event):
        with call.transaction() as txn:
            txn.all(Weights)

    def writes(call, event):
        with call.transaction() as txn:
            for n in range(5):
                txn.create(Weights(id=f"{n}"))

    with pytest.raises(RuntimeError, match="looks weights up by their ids"):
        fold(world, asks)
    with pytest.raises(RuntimeError, match="more than 4 documents"):
        fold(world, writes)


def test_what_is_folded_into_is_of_one_projection():
    class Others(View):
        collection: ClassVar[str] = "others"
        projection: ClassVar[str] = "tests.others"
        handling: ClassVar = Weights.handling

    with pytest.raises(TypeError, match="of one projection"):
        projection(of=Weighed, into=(Weights, Others))
