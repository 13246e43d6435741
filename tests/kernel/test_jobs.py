"""Jobs: step by step, by one worker at a time, each step's effect once, whoever ends in the middle."""

from datetime import timedelta
from types import SimpleNamespace

import pytest

from shared import jobs
from shared.actors import PLATFORM, Role
from shared.bus import due_message
from shared.documents import Contended, Key, Query
from shared.edge import jobs as edge
from shared.edge.delivery import deliver
from shared.entity import Value
from shared.errors import Conflict, Invalid, ProviderDown
from shared.evidence import Entry, Unproven
from shared.files import Content, Files
from shared.job import JobStep, Visited, begin, job
from shared.jobs import Job, JobState, Progress, Work
from shared.promises import Due
from tests.conftest import NOON, ports_of
from tests.kernel.things import Thing, ThingMade


class Growing(Work, kind="tests.growing"):
    times: int


class Grown(Progress):
    sizes: tuple[int, ...] = ()


class Whole(Value):
    size: int


class Trouble:
    """What happens in the steps that are named: an error is raised, after the step's work is staged."""

    def __init__(self):
        self.at, self.ran = {}, []

    def meet(self, n):
        self.ran.append(n)
        found = self.at.get(n, [])
        error = found.pop(0) if found else None
        if callable(error):
            error()
        elif error:
            raise error


@pytest.fixture
def trouble():
    return Trouble()


@pytest.fixture
def grow(trouble):
    """A kind of job that makes a thing in each step, and keeps a file for it."""

    def grow_things(call: JobStep, asked: Growing, so_far: Grown, files: Files) -> Grown | Whole:
        n = so_far.done
        if n == asked.times:
            trouble.meet("end")
            return Whole(size=sum(so_far.sizes))
        files.keep(f"{call.subject_id}/{n}", Content("text/plain", b"grown"))
        with call.transaction() as txn:
            thing = Thing(
                id=call.new_id(),
                tenant_id=call.tenant,
                created_at=call.now,
                updated_at=call.now,
                governance_agent_id="genesis",
                size=n,
            )
            txn.create(thing, ThingMade(size=n))
        trouble.meet(n)
        return Grown(done=n + 1, total=asked.times, says=f"{n} grown", sizes=(*so_far.sizes, n))

    grow_things.__module__ = "functions.tests.grow_things"
    return job(grow_things).declared


@pytest.fixture
def now():
    return SimpleNamespace(time=NOON)


@pytest.fixture
def ports(documents, signer, now):
    return ports_of(documents, signer, lambda: now.time)


@pytest.fixture
def asked(call_as):
    def ask(times=3, key=None, tenant="acme", by=Role.CUSTOMER_ADMIN):
        call = call_as(by, tenant=tenant)
        with call.transaction() as txn:
            return begin(txn, call, Growing(times=times), key=key)

    return ask


@pytest.fixture
def look(documents):
    def see(id):
        tenant = id.rpartition(".")[0] or PLATFORM
        found = documents.get(Key(tenant, Job.collection, id))
        state = documents.get(Key(tenant, JobState.collection, id))
        return (
            Job.from_stored(found.data),
            JobState.from_stored(state.data) if state else None,
        )

    return see


@pytest.fixture
def deliver_due(documents, ports, now):
    """Deliver each timer whose time has come, once, and say whether any did something."""

    def go(kind):
        found = documents.find(None, Query(Due.collection))
        dues = [due for one in found if (due := Due.from_stored(one.data)).at <= now.time]
        done = [deliver(kind, due_message(due), ports) for due in dues]
        return any(done)

    return go


def sizes(documents):
    return sorted(one.data["size"] for one in documents.find(None, Query(Thing.collection)))


def timers(documents):
    return documents.find(None, Query(Due.collection))


def test_a_job_is_done_step_by_step_and_its_story_is_evidence(
    asked, grow, deliver_due, look, documents, breaks, ports
):
    new = asked()
    assert (new.status, new.requested_by, new.asked) == ("queued", "customer_admin", {"times": 3})
    assert deliver_due(grow)
    done, state = look(new.id)
    assert (done.status, done.result, done.progress.done) == ("completed", {"size": 3}, 3)
    assert done.progress == Progress(done=3, total=3, says="2 grown")
    assert done.ended_at and done.known_until == done.ended_at + jobs.KEPT
    assert state is None and timers(documents) == []
    assert sizes(documents) == [0, 1, 2]
    told = [
        (entry.action, entry.actor.id)
        for entry in map(_entry, documents.find("acme", Query(Entry.collection)))
        if entry.entity == f"async_jobs/{new.id}"
    ]
    assert sorted(told) == [
        ("job.completed", "service:tests"),
        ("job.requested", "customer_admin"),
        ("job.started", "service:tests"),
    ]
    stories = {one.data["correlation_id"] for one in documents.find("acme", Query("events"))}
    assert stories == {new.correlation_id}
    assert not breaks()


def _entry(found):
    return Entry.from_stored(found.data)


def test_between_its_turns_others_may_work(asked, grow, deliver_due, look, monkeypatch, trouble):
    monkeypatch.setattr(edge, "TURN_HERE_S", 0)
    new = asked(times=2)
    for reached in (1, 2):
        deliver_due(grow)
        running, state = look(new.id)
        assert (running.status, state.worker, state.reached["done"]) == ("running", "", reached)
    deliver_due(grow)
    assert look(new.id)[0].status == "completed"
    assert trouble.ran == [0, 1, "end"]


def test_a_step_that_fails_is_tried_again_later_and_leaves_nothing(
    asked, grow, deliver_due, look, documents, now, trouble
):
    trouble.at = {1: [ProviderDown("the store of files is down"), KeyError("secret")]}
    new = asked()
    deliver_due(grow)
    _, state = look(new.id)
    assert (state.failed, state.failure.code, state.worker) == (1, "provider_down", "")
    assert sizes(documents) == [0]
    assert not deliver_due(grow), "it rests"
    now.time += timedelta(seconds=10)
    deliver_due(grow)
    _, state = look(new.id)
    assert (state.failed, state.failure.code) == (2, "internal")
    assert "secret" not in state.failure.detail
    now.time += timedelta(seconds=20)
    deliver_due(grow)
    assert look(new.id)[0].status == "completed"
    assert sizes(documents) == [0, 1, 2]


def test_what_fails_too_often_ends_with_its_reason(
    asked, grow, deliver_due, look, documents, now, trouble
):
    trouble.at = {1: [ProviderDown("the store of files is down")] * 10}
    new = asked()
    for _ in range(10):
        deliver_due(grow)
        now.time += timedelta(minutes=10)
    failed, state = look(new.id)
    assert (failed.status, failed.failure.code) == ("failed", "provider_down")
    assert failed.failure.detail == "the store of files is down"
    assert trouble.ran.count(1) == 1 + jobs.RETRIES
    assert failed.progress.done == 1 and state is None and timers(documents) == []


def test_what_can_never_succeed_fails_at_once(asked, grow, deliver_due, look, trouble):
    trouble.at = {1: [Invalid("there is no such thing")]}
    new = asked()
    deliver_due(grow)
    assert look(new.id)[0].failure.code == "validation_failed"
    assert trouble.ran == [0, 1]


def test_who_is_at_it_is_not_disturbed(asked, grow, deliver_due, look, trouble, documents):
    """A timer that comes twice meets the worker of the first time, and does no step beside it."""
    new = asked()
    again = []
    trouble.at = {1: [lambda: again.append(deliver_due(grow))]}
    deliver_due(grow)
    assert again == [False]
    assert trouble.ran.count(2) == 1
    assert look(new.id)[0].status == "completed"
    assert sizes(documents) == [0, 1, 2] and timers(documents) == []


def killed():
    raise KeyboardInterrupt


def test_a_dead_worker_is_taken_over_once_its_lease_has_lapsed(
    asked, grow, deliver_due, look, trouble, documents, now, ports
):
    new = asked()
    trouble.at = {2: [killed]}
    with pytest.raises(KeyboardInterrupt):
        deliver_due(grow)
    _, state = look(new.id)
    assert state.worker and state.leased_until == NOON + jobs.LEASE
    assert not deliver_due(grow)
    (timer,) = timers(documents)
    assert timer.data["id"] == look(new.id)[1].due
    now.time += jobs.LEASE
    assert deliver_due(grow)
    assert look(new.id)[0].status == "completed"
    assert trouble.ran == [0, 1, 2, 2, "end"]
    assert sizes(documents) == [0, 1, 2]
    assert len(ports.files.kept) == 3


def test_what_kills_each_worker_is_given_up(asked, grow, deliver_due, look, trouble, now):
    new = asked()
    trouble.at = {0: [killed] * 10}
    for _ in range(1 + jobs.RETRIES):
        with pytest.raises(KeyboardInterrupt):
            deliver_due(grow)
        now.time += jobs.LEASE
    deliver_due(grow)
    failed, _ = look(new.id)
    assert (failed.status, failed.failure.code) == ("failed", "worker_lost")
    assert trouble.ran == [0] * (1 + jobs.RETRIES)


def test_who_lost_the_lease_commits_nothing_more(
    asked, grow, deliver_due, look, trouble, documents, now
):
    """It was only slow: meanwhile another took over, and did the same step and all others."""
    new = asked()

    def slow():
        now.time += jobs.LEASE
        deliver_due(grow)

    trouble.at = {1: [slow]}
    deliver_due(grow)
    assert look(new.id)[0].status == "completed"
    assert trouble.ran == [0, 1, 1, 2, "end"]
    assert sizes(documents) == [0, 1, 2]


def test_a_process_that_has_the_place_of_another_need_not_wait_for_its_lease(
    asked, grow, deliver_due, look, trouble, documents, now
):
    new = asked()
    trouble.at = {2: [killed]}
    with pytest.raises(KeyboardInterrupt):
        deliver_due(grow)
    edge.abandoned(documents, now.time)
    assert deliver_due(grow)
    assert look(new.id)[0].status == "completed"


def test_it_is_given_up_at_the_next_step_where_somebody_asks(
    asked, grow, deliver_due, look, trouble, documents, call_as
):
    new = asked()

    def ask():
        call = call_as(Role.CUSTOMER_ADMIN, tenant="acme")
        with call.transaction() as txn:
            before = txn.get(Job, new.id)
            after = jobs.cancelled(before, by=call.actor)
            told = jobs.JobCancelRequested(kind=after.kind, cancelled_by=call.actor.id)
            after = txn.save(after, told)
            txn.schedule(Growing.due(), at=call.now, about=after)

    trouble.at = {1: [ask]}
    deliver_due(grow)
    given_up, state = look(new.id)
    assert (given_up.status, given_up.cancelled_by) == ("cancelled", "customer_admin")
    assert given_up.progress.done == 2, "the step that was under way was finished"
    assert trouble.ran == [0, 1] and state is None
    deliver_due(grow)
    assert timers(documents) == []
    with pytest.raises(Conflict):
        jobs.cancelled(given_up, by=call_as(Role.CUSTOMER_ADMIN).actor)


def test_a_key_names_one_job_of_its_kind_and_tenant(asked, look, documents):
    first = asked(key="daily 2026-03-29")
    assert asked(key="daily 2026-03-29") == look(first.id)[0]
    assert asked(key="daily 2026-03-30").id != first.id
    assert asked(key="daily 2026-03-29", tenant="globex").id != first.id
    with pytest.raises(Conflict) as refused:
        asked(key="daily 2026-03-29", times=4)
    assert refused.value.violations[0].rule == "job_key"
    assert len(timers(documents)) == 3


def test_two_who_ask_at_once_with_one_key_ask_for_one_job(asked, call_as, look):
    late = call_as(Role.CUSTOMER_ADMIN, tenant="acme")
    with pytest.raises(Contended), late.transaction() as txn:
        begin(txn, late, Growing(times=3), key="once")
        first = asked(key="once")
    assert asked(key="once").id == first.id


def test_a_timer_that_nobody_set_is_not_believed(asked, grow, documents, ports):
    asked()
    (found,) = timers(documents)
    due = Due.from_stored(found.data).model_copy(update={"entity": "async_jobs/another"})
    with pytest.raises(Unproven):
        deliver(grow, due_message(due), ports)


def test_a_kind_of_job_takes_its_work_and_its_progress():
    def other(call: JobStep, asked: Growing) -> Whole:
        return Whole(size=1)

    other.__module__ = "functions.tests.other"
    with pytest.raises(TypeError, match="takes one Progress"):
        job(other).declared.step(None, Growing(times=1), JobState(id="1", due="1"), {})


# --- every tenant --------------------------------------------------------------------------------


class Round(Work, kind="tests.round"):
    pass


@pytest.fixture
def visit(trouble):
    """A job that doubles the things of every tenant, two of them in a step."""

    def double(call: JobStep, _: Round, so_far: Visited) -> Visited | Whole:
        everywhere = call.each_tenant("every tenant has its turn")
        tenant = so_far.next(everywhere, Thing)
        if tenant is None:
            return Whole(size=so_far.done)
        with call.within(tenant, "it is doubled there") as txn:
            page = txn.loosely("nobody else is here").find(Thing, limit=2, cursor=so_far.cursor)
            for thing in page.items:
                txn.save(thing.model_copy(update={"size": 2 * thing.size}), ThingMade(size=1))
        trouble.meet(tenant)
        return so_far.at(tenant, page.next_cursor)

    double.__module__ = "functions.tests.double"
    return job(double).declared


@pytest.fixture
def tenants(call_as):
    for tenant, number in {"acme": 5, "globex": 1, "platform": 2, "umbrella": 3}.items():
        for n in range(number):
            call = call_as(Role.ADMIN, tenant=tenant)
            with call.transaction() as txn:
                thing = Thing(
                    id=call.new_id(),
                    tenant_id=tenant,
                    created_at=NOON,
                    updated_at=NOON,
                    governance_agent_id="genesis",
                    size=1,
                )
                txn.create(thing, ThingMade(size=n))


def test_every_tenant_has_its_turn_once_also_where_workers_die(
    tenants, visit, trouble, call_as, deliver_due, look, now, documents, breaks
):
    call = call_as(Role.SERVICE)
    with call.transaction() as txn:
        new = begin(txn, call, Round(), key="tonight")
    trouble.at = {"acme": [None, killed], "globex": [killed], "umbrella": [ProviderDown("down")]}
    for _ in range(2):
        with pytest.raises(KeyboardInterrupt):
            deliver_due(visit)
        now.time += jobs.LEASE
    deliver_due(visit)
    now.time += timedelta(minutes=1)
    deliver_due(visit)
    done, _ = look(new.id)
    assert (done.status, done.result) == ("completed", {"size": 4})
    assert trouble.ran == [
        *("acme", "acme", "acme", "acme"),
        *("globex", "globex", "platform"),
        *("umbrella", "umbrella", "umbrella"),
    ]
    assert sizes(documents) == [2] * 11
    assert not breaks()
