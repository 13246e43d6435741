"""Whoever does not answer is left alone for a while, and then asked again, by one."""

import threading
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest

from shared.actors import PLATFORM, Role
from shared.documents import Key
from shared.edge.breakers import LOOK_EVERY_S, Board, Breaker, show_on
from shared.edge.http_client import Caller
from shared.errors import ProviderDown, StoreUnavailable
from shared.platform.models.breakers import Circuit
from shared.platform.rules.targets import PROBE_AFTER
from tests.conftest import NOON
from tests.edge.provider import Reply


@pytest.fixture
def breaker(clock):
    return Breaker("workflows", clock)


@pytest.fixture
def board(documents):
    times = iter(NOON + timedelta(seconds=n) for n in range(1000))
    show_on(Board(documents, lambda: next(times)))
    yield documents
    show_on(None)


def fail(breaker, times=1):
    for _ in range(times):
        breaker.settle(probe=breaker.admit(), well=False)


def opened(breaker):
    try:
        probe = breaker.admit()
    except ProviderDown:
        return True
    breaker.settle(probe=probe, well=True)
    return False


def shown(documents):
    found = documents.get(Key(PLATFORM, Circuit.collection, "workflows"))
    return found and found.data


def test_three_failures_in_ten_seconds_open_it(breaker, clock):
    fail(breaker, 2)
    assert not opened(breaker)
    clock.now += 10
    fail(breaker)
    with pytest.raises(ProviderDown, match="is left alone for now") as refused:
        breaker.admit()
    assert refused.value.retry_after_s == 30
    assert refused.value.violations[0].rule == "breaker_open"


def test_failures_that_are_far_apart_do_not(breaker, clock):
    for _ in range(10):
        fail(breaker)
        clock.now += 5.1
    assert not opened(breaker)


def test_after_thirty_seconds_one_request_tries(breaker, clock):
    fail(breaker, 3)
    clock.now += 29.9
    assert opened(breaker)
    clock.now += 0.1
    assert breaker.admit() is True
    assert opened(breaker), "a second request went through beside the probe"


def test_a_probe_that_fails_begins_another_wait(breaker, clock):
    fail(breaker, 3)
    clock.now += 30
    fail(breaker)
    clock.now += 29.9
    assert opened(breaker)
    clock.now += 0.1
    assert not opened(breaker)


def test_a_probe_that_succeeds_closes_it_and_forgets(breaker, clock):
    fail(breaker, 3)
    clock.now += 30
    assert not opened(breaker)
    fail(breaker, 2)
    assert not opened(breaker)


def test_what_was_under_way_when_it_opened_changes_nothing(breaker, clock):
    late = breaker.admit()
    fail(breaker, 3)
    breaker.settle(probe=late, well=True)
    assert opened(breaker)


def test_of_many_at_once_one_is_the_probe(breaker, clock):
    fail(breaker, 3)
    clock.now += 30
    admitted, barrier = [], threading.Barrier(16)

    def ask():
        barrier.wait()
        with suppress(ProviderDown):
            admitted.append(breaker.admit())

    threads = [threading.Thread(target=ask) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert admitted == [True]


def test_a_target_that_is_down_gets_no_request_and_then_one(provider, clock):
    provider.replies = [Reply(500)]
    caller = Caller("workflows", token=None, attempts=1, clock=clock)
    for _ in range(5):
        with pytest.raises(ProviderDown):
            caller.request("GET", provider.address)
    assert len(provider.seen) == 3
    clock.now += 30
    provider.replies = [Reply(200)]
    assert caller.request("GET", provider.address).status == 200
    assert caller.request("GET", provider.address).status == 200


def test_the_probe_is_sent_once(provider, clock):
    provider.replies = [Reply(500)]
    caller = Caller("workflows", token=None, sleep=lambda seconds: None, clock=clock)
    for _ in range(3):
        with pytest.raises(ProviderDown):
            caller.request("GET", provider.address)
    clock.now += 30
    provider.seen.clear()
    with pytest.raises(ProviderDown):
        caller.request("GET", provider.address)
    assert len(provider.seen) == 1


def test_an_answer_that_says_no_is_no_failure(provider, clock):
    provider.replies = [Reply(404)]
    caller = Caller("workflows", token=None, clock=clock)
    assert [caller.request("GET", provider.address).status for _ in range(9)] == [404] * 9


def test_one_targets_breaker_leaves_the_others_alone(clock):
    fail(Breaker("workflows", clock), 3)
    assert not opened(Breaker("fcm", clock))


def test_its_changes_are_written_down_and_nothing_else(breaker, clock, board):
    fail(breaker, 2)
    assert shown(board) is None
    fail(breaker)
    first = shown(board)
    assert (first["failures"], first["opened_at"]) == (3, "2026-01-01T12:00:00.000Z")
    clock.now += 30
    fail(breaker)
    assert shown(board) == first
    clock.now += 30
    assert not opened(breaker)
    assert (shown(board)["opened_at"], shown(board)["failures"]) == (None, 0)


def test_a_reset_is_noticed_within_five_seconds(breaker, clock, board, call_as):
    from functions.platform.reset_circuit_breaker import Reset, reset_circuit_breaker

    fail(breaker, 3)
    reset_circuit_breaker(call_as(Role.ADMIN, at=1), "workflows", Reset(reason="it answers again"))
    clock.now += LOOK_EVERY_S - 0.1
    assert opened(breaker)
    clock.now += 0.1
    assert not opened(breaker)
    assert shown(board)["opened_at"] is None


def test_a_reset_before_it_opened_is_none(breaker, clock, board, call_as):
    from functions.platform.reset_circuit_breaker import Reset, reset_circuit_breaker

    reset_circuit_breaker(call_as(Role.ADMIN, at=-1), "workflows", Reset(reason="to be sure"))
    fail(breaker, 3)
    clock.now += LOOK_EVERY_S
    assert opened(breaker)


def test_it_waits_as_time_passes_where_it_is_shown(documents):
    """Where a clock jumps, deliveries come due at once, and would use up their attempts on a breaker left open."""
    from local.clock import Clock

    clock = Clock()
    show_on(Board(documents, clock.now, clock.passed))
    try:
        breaker = Breaker("workflows")
        fail(breaker, 3)
        assert opened(breaker)
        clock.jump(clock.now() + PROBE_AFTER)
        assert not opened(breaker)
    finally:
        show_on(None)


class Down:
    def commit(self, writes):
        raise StoreUnavailable("no")

    def get(self, key):
        raise StoreUnavailable("no")


def test_it_works_where_nothing_can_be_written(breaker, clock):
    show_on(Board(Down(), lambda: datetime.now(UTC)))
    try:
        fail(breaker, 3)
        clock.now += LOOK_EVERY_S
        assert opened(breaker)
    finally:
        show_on(None)
