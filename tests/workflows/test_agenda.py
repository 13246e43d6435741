"""Who does what is to be done, and who waits."""

import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import pytest

from local.clock import Clock
from local.workflows.agenda import Agenda, nothing
from local.workflows.journal import Journal
from local.workflows.live import Live
from local.workflows.timers import Timers

from .conftest import until

SOON_S = 5.0


class Waiting:
    """An agenda with its thread that waits."""

    def __init__(self, folder: Path) -> None:
        self.clock = Clock()
        self.journal, self.timers = Journal(folder), Timers(lambda *_: True)
        self.agenda = Agenda(self.journal, self.clock, self.timers)
        self.woken = threading.Semaphore(0)
        self.live = Live(cast("Any", None), cast("Any", None))
        self.thread = threading.Thread(target=self._run)
        self.thread.start()

    def _run(self) -> None:
        while self.agenda.wait():
            self.woken.release()
            self.go_on()

    def go_on(self, stays: Callable[[], bool] = lambda: True) -> bool:
        """Do what is to be done, as the engine does; return False if another does it, or there is nothing."""
        taken = self.agenda.take()
        while taken and (message := self.agenda.next(stays)) is not None:
            message[0]()
            self.agenda.done(message)
        return taken

    def bring(self, act: Callable[[], None]) -> None:
        self.agenda.count(1)
        self.agenda.bring(act, self.live)

    def sleeps(self) -> bool:
        return self.agenda._asleep

    def close(self) -> None:
        self.agenda.end()
        self.thread.join(SOON_S)
        assert not self.thread.is_alive()
        self.journal.close()


@pytest.fixture
def waiting(tmp_path: Path) -> Iterator[Waiting]:
    found = Waiting(tmp_path)
    until(found.sleeps)
    yield found
    found.close()


def test_who_brings_something_does_it_and_wakes_nobody(waiting: Waiting) -> None:
    done = list[int]()
    waiting.bring(lambda: done.append(threading.get_ident()))
    assert waiting.go_on()
    assert done == [threading.get_ident()]
    assert waiting.sleeps()
    assert not waiting.agenda.busy
    assert not waiting.go_on()


def test_what_is_posted_is_done_by_the_thread_that_waits_or_by_the_one_that_is_at_it(
    waiting: Waiting,
) -> None:
    done = threading.Event()
    waiting.agenda.post(done.set)
    assert done.wait(SOON_S)
    until(waiting.sleeps)
    by = list[int]()

    def posts() -> None:
        waiting.agenda.post(lambda: by.append(threading.get_ident()))
        assert waiting.sleeps()

    waiting.bring(posts)
    assert waiting.go_on()
    assert by == [threading.get_ident()]


def test_one_thread_at_a_time(waiting: Waiting) -> None:
    at_it, go = threading.Event(), threading.Event()

    def holds() -> None:
        at_it.set()
        go.wait(SOON_S)

    waiting.agenda.post(holds)
    assert at_it.wait(SOON_S)
    done = threading.Event()
    waiting.bring(done.set)
    assert not waiting.go_on()
    assert not done.is_set()
    go.set()
    assert done.wait(SOON_S)


def test_what_will_be_due_earlier_than_was_thought_wakes_the_thread_that_waits(
    waiting: Waiting,
) -> None:
    def sets() -> None:
        waiting.timers.set(waiting.clock.now() + timedelta(seconds=0.05), "execution", "op")

    waiting.bring(sets)
    assert waiting.go_on()
    assert waiting.woken.acquire(timeout=SOON_S)
    until(lambda: waiting.woken.acquire(blocking=False))


def test_a_thread_that_does_not_stay_leaves_the_rest_to_the_one_that_waits(
    waiting: Waiting,
) -> None:
    by = list[int]()
    waiting.bring(lambda: by.append(threading.get_ident()))
    assert waiting.go_on(lambda: False)
    until(lambda: bool(by))
    assert by == [waiting.thread.ident]


def test_after_the_end_nobody_goes_on(tmp_path: Path) -> None:
    found = Waiting(tmp_path)
    until(found.sleeps)
    found.close()
    found.bring(nothing)
    assert not found.go_on()
