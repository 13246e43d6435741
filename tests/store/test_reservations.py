"""Nobody goes beyond a limit, however many take from it at once; on both stores."""

import os
import random
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from threading import Barrier

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from shared import reservations
from shared.actors import Role
from shared.documents import Contended, Key, Query, Write
from shared.edge.contention import ATTEMPTS, settled
from shared.errors import Conflict, NotFound, StoreUnavailable
from shared.promises import Due
from shared.reservations import Kept, Short
from shared.shares import KEPT, LIFE, Limit, Reservation, Share, day, month, opened
from tests.conftest import NOON
from tests.store.test_transactions import boat

QUARTER = timedelta(minutes=15)
TOKENS = Limit("agent.tokens", 100, shares=4)
LIVES = int(os.environ.get("LIVES", "60"))
"""How many stories of one limit each store holds to."""


@pytest.fixture
def acting(call_as):
    def open_one(at=0, tenant="acme", **more):
        return call_as(Role.CUSTOMER_ADMIN, tenant=tenant, at=at, **more).transaction()

    return open_one


@pytest.fixture
def reserve(acting):
    def ask(id, amount, limit=TOKENS, at=0, **more):
        asked = amount if isinstance(amount, dict) else {limit: amount}
        until = NOON + timedelta(minutes=at) + QUARTER
        with acting(at, **more) as txn:
            return reservations.reserve(txn, id, asked, about=boat(), until=until)

    return ask


@pytest.fixture
def settle(acting):
    def say(id, spent=None, at=0, limit=TOKENS):
        spent = spent if isinstance(spent, dict | None) else {limit.id: spent}
        with acting(at) as txn:
            return reservations.settle(txn, id, spent, at=NOON + timedelta(minutes=at))

    return say


@pytest.fixture
def release(acting):
    def say(id, at=0):
        with acting(at) as txn:
            return reservations.release(txn, id, at=NOON + timedelta(minutes=at))

    return say


@pytest.fixture
def expire(acting):
    def say(id, at):
        with acting(at) as txn:
            reservations.expire(txn, id, at=NOON + timedelta(minutes=at))

    return say


@pytest.fixture
def change(acting):
    def say(limit):
        with acting() as txn:
            return reservations.change(txn, limit)

    return say


@pytest.fixture
def used(acting):
    """Return what is reserved and what is spent."""

    def look(limit=TOKENS):
        with acting() as txn:
            use = reservations.use(txn, limit)
        return use.reserved, use.spent

    return look


@pytest.fixture
def timers(documents):
    return lambda: len(documents.find("acme", Query(Due.collection)))


def test_what_is_reserved_is_settled_with_what_was_spent(reserve, settle, used, timers):
    assert reserve("r", 60).reservation.status == "held"
    assert (used(), timers()) == ((60, 0), 1)
    assert settle("r", 45).reservation.status == "settled"
    assert (used(), timers()) == ((0, 45), 0)


def test_what_is_not_spent_is_given_back(reserve, release, used, timers):
    reserve("r", 60)
    assert release("r").status == "released"
    assert (used(), timers()) == ((0, 0), 0)


def test_what_nobody_settles_goes_back_by_itself_and_not_before_its_time(
    reserve, expire, used, documents
):
    reserve("r", 60)
    expire("r", at=14)
    assert used() == (60, 0)
    expire("r", at=15)
    assert used() == (0, 0)
    kept = documents.get(Key("acme", Reservation.collection, "r")).data
    assert kept["kept_until"] == "2026-04-01T12:15:00.000Z"


def test_each_step_may_be_said_again(reserve, settle, release, expire, used):
    for _ in range(2):
        reserve("r", 60)
    assert used() == (60, 0)
    for again in (False, True):
        assert settle("r", 45).again is again
        expire("r", at=20)
    assert used() == (0, 45)
    reserve("s", 10)
    for _ in range(2):
        release("s")
    assert used() == (0, 45)


def test_what_has_ended_does_not_end_otherwise(reserve, settle, release):
    reserve("r", 60)
    settle("r", 45)
    for otherwise in (lambda: settle("r", 44), lambda: release("r"), lambda: reserve("r", 61)):
        with pytest.raises(Conflict):
            otherwise()
    with pytest.raises(Conflict, match="settled already"):
        reserve("r", 60)
    reserve("s", 10)
    release("s")
    for otherwise in (lambda: settle("s"), lambda: reserve("s", 10)):
        with pytest.raises(Conflict, match="released already"):
            otherwise()
    with pytest.raises(NotFound):
        settle("t")


def test_a_reservation_is_renewed_by_asking_for_it_again(reserve, expire, used, timers):
    reserve("r", 60)
    reserve("r", 60, at=10)
    expire("r", at=16)
    assert (used(), timers()) == ((60, 0), 1)
    expire("r", at=25)
    assert used() == (0, 0)
    reserve("r", 60, at=30)
    assert used() == (60, 0)


def test_a_late_settlement_counts_if_there_is_room(reserve, settle, expire, used):
    reserve("r", 60)
    expire("r", at=15)
    reserve("s", 50, at=16)
    assert settle("r", 51, at=17).reservation.beyond == {TOKENS.id: 1}
    assert used() == (50, 50)


def test_more_than_was_reserved_is_taken_from_what_is_left(reserve, settle, used):
    reserve("r", 40)
    reserve("s", 40)
    assert settle("r", 55).reservation.beyond == {}
    assert used() == (40, 55)


def test_of_what_was_spent_beyond_the_limit_all_that_is_left_is_taken(reserve, settle, used):
    """Else whoever comes next would have what was spent already."""
    reserve("r", 40, MARKED)
    reserve("s", 40, MARKED)
    came = settle("r", 700, limit=MARKED)
    assert used(MARKED) == (40, 160)
    assert came.reservation.beyond == {MARKED.id: 540}
    assert came.passed == {MARKED.id: (70, 85, 100)}
    assert settle("r", 700, limit=MARKED).again
    assert reserve("t", 1, MARKED) == Short(MARKED.id, 0)


def test_one_limit_that_is_short_takes_nothing_of_another(reserve, settle, used):
    money, calls = Limit("tenant.micro_usd", 1_000, month(NOON), shares=2), Limit("agent.calls", 3)
    reserve("r", {money: 400, calls: 2})
    came = settle("r", {money.id: 300, calls.id: 5})
    assert (used(money), used(calls)) == ((0, 300), (0, 3))
    assert came.reservation.beyond == {calls.id: 2}


def test_whatever_is_left_anywhere_can_be_taken_to_the_last_unit(reserve, settle, used):
    """Four shares of 25 each: no single one has what is asked for, and all of them together do."""
    for n in range(4):
        reserve(f"r{n}", 20)
    assert reserve("whole", 21) == Short(TOKENS.id, 20)
    assert isinstance(reserve("rest", 20), Kept)
    assert reserve("more", 1) == Short(TOKENS.id, 0)
    assert used() == (100, 0)


def test_more_is_taken_from_another_share_where_its_own_has_it_not(reserve, settle, used):
    reserve("r", 20)
    settle("r", 30)
    assert used() == (0, 30)


def test_a_small_limit_is_one_document_by_itself(reserve, documents):
    small = Limit("small", 8, shares=4)
    reserve("r", 3, small)
    reserve("s", 3, small)
    found = documents.find("acme", Query(Share.collection))
    assert sorted(one.data["reserved"] for one in found) == [0, 0, 0, 6]


def test_of_two_who_open_a_window_at_once_one_looks_again(call_as, documents, used):
    """Whichever shares they want, all make all of them; so does whoever changes the limit."""
    ready = []
    for id in ("a", "b", "c", ""):
        call = call_as(Role.CUSTOMER_ADMIN, tenant="acme", commits=False)
        with call.transaction() as txn:
            until = NOON + QUARTER
            if id:
                reservations.reserve(txn, id, {TOKENS: 10}, about=boat(), until=until)
            else:
                reservations.change(txn, TOKENS)
        ready.append(call.writes)
    documents.commit(ready[0])
    for writes in ready[1:]:
        with pytest.raises(Contended):
            documents.commit(writes)
    assert used() == (10, 0)


def test_all_limits_hold_or_nothing_is_taken(reserve, settle, used):
    money, calls = Limit("tenant.micro_usd", 1_000, month(NOON), shares=2), Limit("agent.calls", 3)
    reserve("r", {money: 400, calls: 2})
    assert reserve("s", {money: 400, calls: 2}) == Short("agent.calls", 1)
    assert (used(money), used(calls)) == ((400, 0), (2, 0))
    settle("r", {money.id: 100})
    assert (used(money), used(calls)) == ((0, 100), (0, 2))


def test_every_window_and_tenant_has_the_whole_limit(reserve, used):
    today, tomorrow = (Limit("d", 10, day(NOON + timedelta(days=n))) for n in (0, 1))
    reserve("r", 10, today)
    assert reserve("s", 1, today) == Short("d", 0)
    assert isinstance(reserve("s", 10, tomorrow), Kept)
    assert isinstance(reserve("r", 10, today, tenant="globex"), Kept)


@pytest.mark.parametrize(
    ("at", "of_day", "of_month"),
    [
        (NOON, ("2026-01-01", "2026-01-02"), ("2026-01", "2026-02-01")),
        (NOON.replace(month=12, day=31), ("2026-12-31", "2027-01-01"), ("2026-12", "2027-01-01")),
        (NOON.replace(month=2, day=28), ("2026-02-28", "2026-03-01"), ("2026-02", "2026-03-01")),
    ],
)
def test_a_window_is_a_day_or_a_month_in_utc(at, of_day, of_month):
    for window, (name, end) in ((day(at), of_day), (month(at), of_month)):
        assert (window.name, f"{window.ends:%Y-%m-%dT%H:%M}") == (name, f"{end}T00:00")


def test_shares_are_kept_for_as_long_as_their_window_and_longer():
    ends = opened(Limit("d", 10, day(NOON)))[0].kept_until
    assert ends == day(NOON).ends + KEPT
    assert opened(Limit("d", 10))[0].kept_until.year == LIFE.ends.year == 9999


@pytest.mark.parametrize(
    "wrong",
    [{"amount": -1}, {"shares": 0}, {"shares": 65}, {"marks": (0,)}, {"marks": (70, 85, 70)}],
)
def test_what_is_no_limit_is_a_defect(wrong, reserve):
    with pytest.raises(ValueError, match="limit"):
        Limit(**{"id": "d", "amount": 1} | wrong)
    for asked in ({}, {TOKENS: -1}, {TOKENS: 1, Limit(TOKENS.id, 1, day(NOON)): 1}):
        with pytest.raises(ValueError, match="nothing"):
            reserve("r", asked)


def test_a_reservation_ends_while_the_shares_are_kept_that_it_takes_from(
    acting, documents, settle, expire, used
):
    """So whoever settles, however late, and the timer find them."""
    today, always = Limit("d", 10, day(NOON)), Limit("l", 10)

    def ask(until, id="r", asked=None):
        with acting() as txn:
            asked = asked or {today: 4, always: 1}
            return reservations.reserve(txn, id, asked, about=boat(), until=until)

    for too_late in (today.kept_until, NOON.replace(year=9999, month=12, day=31)):
        for asked in ({today: 4, always: 1}, {today: 4}):
            with pytest.raises(ValueError, match="while its shares are kept"):
                ask(too_late, asked=asked)
    with pytest.raises(ValueError, match="while its shares are kept"):
        ask(always.kept_until, asked={always: 1})
    assert ask(NOON + QUARTER).reservation.kept_until == NOON + QUARTER + KEPT
    last = today.kept_until - timedelta(minutes=1)
    with pytest.raises(ValueError, match="while its shares are kept"):
        ask(today.kept_until)
    assert ask(last).reservation.kept_until == today.kept_until, "renewed, and no longer"
    expire("r", at=(last - NOON) // timedelta(minutes=1))
    kept = documents.get(Key("acme", Reservation.collection, "r")).data
    assert (kept["status"], kept["kept_until"]) == ("expired", "2026-04-02T00:00:00.000Z")
    assert (used(today), used(always)) == ((0, 0), (0, 0))


def test_a_timer_that_comes_when_the_window_is_forgotten_ends_the_reservation(
    reserve, expire, documents
):
    reserve("r", 60)
    documents.commit(
        [Write(one.key, None) for one in documents.find("acme", Query(Share.collection))]
    )
    expire("r", at=15)
    assert documents.get(Key("acme", Reservation.collection, "r")).data["status"] == "expired"


# --- marks and changes ---------------------------------------------------------------------------

MARKED = Limit("trial.calls", 200, marks=(85, 70, 100), shares=3)


def test_each_mark_is_passed_once_by_whoever_reaches_it(reserve, release):
    passed = {n: reserve(f"r{n}", 20, MARKED).passed[MARKED.id] for n in range(10)}
    assert passed == {n: {6: (70,), 8: (85,), 9: (100,)}.get(n, ()) for n in range(10)}
    for n in (8, 9):
        release(f"r{n}")
    assert reserve("again", 40, MARKED).passed == {MARKED.id: ()}


def test_a_mark_that_was_passed_stays_passed_until_the_window_ends(reserve, release, change):
    assert reserve("r", 150, MARKED).passed == {MARKED.id: (70,)}
    release("r")
    assert change(MARKED) == ()
    assert reserve("s", 150, MARKED).passed == {MARKED.id: ()}


def test_who_takes_much_passes_several_marks(reserve):
    assert reserve("r", 139, MARKED).passed == {MARKED.id: ()}, "139 of 200 are less than 70 %"
    assert reserve("s", 61, MARKED).passed == {MARKED.id: (70, 85, 100)}


def test_settling_with_more_passes_marks_too(reserve, settle):
    reserve("r", 100, MARKED)
    assert settle("r", 170, limit=MARKED).passed == {MARKED.id: (70, 85)}


def test_a_limit_may_be_raised_while_it_is_used_up(reserve, change, used):
    reserve("r", 100)
    assert reserve("s", 1) == Short(TOKENS.id, 0)
    assert change(Limit(TOKENS.id, 150, shares=4)) == ()
    assert reserve("t", 51) == Short(TOKENS.id, 50)
    assert isinstance(reserve("s", 50), Kept)


def test_below_what_was_taken_nothing_is_given_until_enough_came_back(
    reserve, release, change, settle, used
):
    for n in range(8):
        reserve(f"r{n}", 10, MARKED)
    assert change(Limit(MARKED.id, 50, marks=(70, 100), shares=3)) == (70, 100)
    assert reserve("nothing", 0, MARKED).passed == {MARKED.id: ()}, "nothing may always be had"
    for n in range(3):
        release(f"r{n}")
        assert reserve("s", 1, MARKED) == Short(MARKED.id, 0)
    settle("r3")
    release("r4")
    assert reserve("s", 11, MARKED) == Short(MARKED.id, 10)
    assert reserve("s", 10, MARKED).passed == {MARKED.id: ()}, "both were passed before"
    assert used(MARKED) == (40, 10)


def test_several_limits_change_in_one_commit_and_say_how_much_is_taken_where_a_mark_is(
    reserve, acting
):
    other = Limit("agent.calls", 10, marks=(50,))
    reserve("r", {MARKED: 60, other: 2})
    with acting() as txn:
        came = reservations.change_all(
            txn, [replace(MARKED, amount=80), replace(other, amount=8), TOKENS]
        )
    assert came.passed == {MARKED.id: (70,), other.id: (), TOKENS.id: ()}
    assert came.taken == {MARKED.id: 60}


def test_who_reaches_a_mark_is_told_how_much_is_taken(reserve, settle):
    reserve("one", 120, MARKED)
    kept = reserve("two", 30, MARKED)
    assert (kept.passed, kept.taken) == ({MARKED.id: (70,)}, {MARKED.id: 150})
    assert settle("two", 30, limit=MARKED).taken == {}


def test_what_nobody_knows_the_outcome_of_is_held_for_longer_and_what_ended_is_not(
    reserve, settle, acting, timers
):
    reserve("one", 60)
    later = NOON + timedelta(hours=3)
    with acting() as txn:
        assert reservations.lose(txn, "one", until=later, about=boat()).until == later
    with acting() as txn:
        assert reservations.lose(txn, "one", until=NOON, about=boat()).until == later
    assert timers() == 1
    with pytest.raises(Conflict, match="do not try it again"):
        reserve("one", 60)
    settle("one", 60)
    with acting() as txn:
        assert reservations.lose(txn, "one", until=later, about=boat()).status == "settled"
    assert timers() == 0


def test_a_limit_that_nobody_uses_yet_is_the_changed_one(reserve, change):
    change(Limit(TOKENS.id, 10, shares=4))
    assert reserve("r", 11) == Short(TOKENS.id, 10), "whatever whoever asks knows of it"


def test_of_a_limit_of_nothing_nothing_is_had(reserve, change):
    nothing = Limit("none", 0, marks=(100,), shares=2)
    assert reserve("r", 1, nothing) == Short("none", 0)
    assert reserve("s", 0, nothing).passed == {"none": ()}


# --- whatever happens ----------------------------------------------------------------------------


class Life(RuleBasedStateMachine):
    """One limit with marks, and all that may happen to it; commits come in another order than they were made."""

    call_as, tenants = None, 0
    ids = st.sampled_from("abcdefgh")
    amounts = st.integers(0, 45)
    later = st.sampled_from([False, False, True])

    def __init__(self):
        super().__init__()
        Life.tenants += 1
        self.tenant = f"tenant-{Life.tenants}"
        self.limit = Limit("l", 100, marks=(50, 70, 100), shares=3)
        self.minute, self.taken = 0, {}
        self.passed, self.highest, self.waiting = [], 0, []

    @property
    def now(self):
        return NOON + timedelta(minutes=self.minute)

    @property
    def total(self):
        return sum(self.taken.values())

    def attempt(self, act, then, later):
        """Prepare a step; it is committed at once, or later, or never."""
        call = self.call_as(tenant=self.tenant, at=self.minute, commits=False)
        try:
            with call.transaction() as txn:
                result = act(txn)
        except (Conflict, NotFound):
            return
        self.waiting.append((call.writes, lambda: then(result)))
        if not later:
            self.committed(len(self.waiting) - 1)

    def took(self, id):
        def then(result):
            if isinstance(result, Short):
                return
            before, kept = self.total, result.reservation
            if kept.status in {"held", "settled"}:
                self.taken[id] = (
                    kept.asked["l"] if kept.holds else kept.spent["l"] - kept.held[0].beyond
                )
            assert self.total <= max(self.limit.amount, before), "nobody goes beyond the limit"
            self.passed += result.passed.get("l", ())

        return then

    @rule(id=ids, amount=amounts, later=later)
    def reserve(self, id, amount, later):
        total, limit = self.total, self.limit

        def act(txn):
            known = txn.get_or_none(Reservation, id)
            until = self.now + QUARTER
            result = reservations.reserve(txn, id, {limit: amount}, about=boat(), until=until)
            if known is None or known.status == "expired":
                assert isinstance(result, Short) == (amount > 0 and total + amount > limit.amount)
            assert isinstance(result, Short) or result.reservation.status == "held"
            return result

        self.attempt(act, self.took(id), later)

    @rule(id=ids, spent=amounts, later=later)
    def settle(self, id, spent, later):
        total, mine, limit = self.total, self.taken.get(id, 0), self.limit

        def act(txn):
            known = txn.get_or_none(Reservation, id)
            result = reservations.settle(txn, id, {"l": spent}, at=self.now)
            if known.status in {"held", "expired"}:
                more = max(spent - mine, 0)
                left = max(limit.amount - total + max(mine - spent, 0), 0)
                assert result.reservation.held[0].beyond == max(more - left, 0)
            return result

        self.attempt(act, self.took(id), later)

    @rule(id=ids, later=later)
    def release(self, id, later):
        def then(result):
            self.taken.pop(id, None)

        self.attempt(lambda txn: reservations.release(txn, id, at=self.now), then, later)

    @rule(id=ids, later=later)
    def expire(self, id, later):
        def act(txn):
            reservations.expire(txn, id, at=self.now)
            return txn.writes

        def then(writes):
            if writes:
                self.taken.pop(id, None)

        self.attempt(act, then, later)

    @rule(amount=st.integers(40, 130), later=later)
    def change(self, amount, later):
        limit = Limit("l", amount, marks=self.limit.marks, shares=3)

        def then(passed):
            self.limit = limit
            self.passed += passed

        self.attempt(lambda txn: reservations.change(txn, limit), then, later)

    @rule(minutes=st.integers(1, 20))
    def wait(self, minutes):
        self.minute += minutes

    @rule(data=st.data())
    def commit(self, data):
        """Let one of those that wait commit; who comes too late has nothing done."""
        if self.waiting:
            self.committed(data.draw(st.integers(0, len(self.waiting) - 1)))

    def committed(self, place):
        writes, then = self.waiting.pop(place)
        try:
            self.documents.commit(writes)
        except Contended:
            return
        then()
        if self.total:
            reached = [m for m in self.limit.marks if self.total * 100 >= m * self.limit.amount]
            self.highest = max(self.highest, *reached, 0)

    @rule()
    def crash(self):
        """Nothing of what waits is ever done."""
        self.waiting.clear()

    @invariant()
    def what_is_written_is_what_happened(self):
        with self.call_as(tenant=self.tenant).transaction() as txn:
            use = reservations.use(txn, self.limit)
            found = txn.loosely("a test").all(Share)
        assert use.reserved + use.spent == self.total
        assert use.limit == self.limit.amount
        assert sorted(self.passed) == [m for m in self.limit.marks if m <= self.highest]
        for one in found:
            assert min(one.reserved, one.spent) >= 0
            assert one.short or one.dealt >= one.used


def live(documents, call_as, **how):
    Life.call_as, Life.documents = staticmethod(call_as), documents
    slow = [HealthCheck.too_slow, HealthCheck.data_too_large]
    run_state_machine_as_test(Life, settings=settings(suppress_health_check=slow, **how))


def test_whatever_happens_in_whatever_order_the_limit_holds(documents, call_as):
    live(documents, call_as, max_examples=LIVES, stateful_step_count=40)


# --- many at once --------------------------------------------------------------------------------

WRITERS = 12


def attempts(work):
    """Do something as the kernel does, and come again where it was told to."""
    for _ in range(100):
        try:
            return settled(lambda _: work())
        except StoreUnavailable:
            continue
    raise AssertionError(f"a hundred times {ATTEMPTS} tries, and nobody let it through")


@pytest.mark.parametrize("shares", [1, 8])
def test_many_at_once_take_all_there_is_and_nothing_more(
    reserve, settle, expire, used, documents, shares
):
    """Every fourth worker is gone before it settles, and what it held comes back."""
    limit = Limit("l", 600, marks=(70, 85, 100), shares=shares)
    start, chance = Barrier(WRITERS), random.Random(shares)
    turns = [[chance.randint(1, 9) for _ in range(20)] for _ in range(WRITERS)]

    def work(writer):
        start.wait()
        came = []
        for n, amount in enumerate(turns[writer]):
            id = f"{writer}-{n}"
            result = attempts(lambda id=id, amount=amount: reserve(id, amount, limit))
            came.append((id, amount, result))
            if isinstance(result, Kept) and n % 4:
                attempts(lambda id=id, amount=amount: settle(id, amount - 1, limit=limit))
        return came

    with ThreadPoolExecutor(WRITERS) as pool:
        all_that_came = [one for came in pool.map(work, range(WRITERS)) for one in came]
    kept = {id: amount for id, amount, result in all_that_came if isinstance(result, Kept)}
    open_ = {id: amount for id, amount in kept.items() if int(id.partition("-")[2]) % 4 == 0}
    spent = sum(amount - 1 for id, amount in kept.items() if id not in open_)
    assert used(limit) == (sum(open_.values()), spent)
    assert sum(used(limit)) <= 600
    marks = Counter(
        mark
        for _, _, result in all_that_came
        if isinstance(result, Kept)
        for mark in result.passed["l"]
    )
    assert set(marks.values()) == {1}
    assert {70, 85} <= set(marks)
    for id in open_:
        expire(id, at=20)
    assert used(limit) == (0, spent)
