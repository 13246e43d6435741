"""Who does what takes time, and how many are woken for it."""

import asyncio
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from local.workflows import Runtime, ahead, records
from local.workflows.effects import Effects
from local.workflows.errors import UnavailableError
from local.workflows.journal import Journal

from .conftest import until

SOON_S = 20.0


@contextmanager
def running(threads_max: int) -> Iterator[Effects]:
    effects = Effects(threads_max)
    yield effects
    effects.stop()


def test_effects_that_take_long_are_under_way_at_the_same_time_and_no_more_than_there_are_threads() -> (
    None
):
    together, done, seen = threading.Barrier(4), threading.Semaphore(0), set[int]()

    def job() -> None:
        seen.add(threading.get_ident())
        together.wait(SOON_S)
        done.release()

    with running(4) as effects:
        for _ in range(40):
            effects.submit(job)
        assert all(done.acquire(timeout=SOON_S) for _ in range(40))
    assert len(seen) == 4


def test_what_is_over_at_once_is_done_by_few_and_nothing_is_forgotten() -> None:
    done, left = threading.Event(), list(range(2000))

    def job() -> None:
        left.pop()
        if not left:
            done.set()

    with running(16) as effects:
        for _ in range(2000):
            effects.submit(job)
        assert done.wait(SOON_S)


def test_after_a_stop_nothing_begins() -> None:
    begun, go, done = threading.Event(), threading.Event(), list[int]()

    def first() -> None:
        begun.set()
        go.wait(SOON_S)
        done.append(1)

    with running(1) as effects:
        effects.submit(first)
        effects.submit(lambda: done.append(2))
        assert begun.wait(SOON_S)
    effects.submit(lambda: done.append(3))
    go.set()
    for thread in threading.enumerate():
        if thread.name.startswith("workflows-effect-"):
            thread.join(SOON_S)
    assert done == [1]


def _grown(folder: Path, commits: int) -> int:
    """Commit so often, and count how often the log's file became longer."""
    journal, sizes = Journal(folder), set[int]()
    for number in range(commits):
        journal.ask(partial(records.told, resource=str(number), fields={"a": 1}))
        sizes.add((folder / "workflows.db-wal").stat().st_size)
    journal.close()
    return len(sizes)


def test_few_commits_make_the_file_of_the_log_longer(tmp_path: Path) -> None:
    assert _grown(tmp_path, 80) < 8


@pytest.mark.parametrize("commits", [1, 60])
def test_what_was_committed_is_read_from_a_log_with_room(tmp_path: Path, commits: int) -> None:
    journal = Journal(tmp_path)
    for number in range(commits):
        journal.ask(partial(records.told, resource=str(number), fields={"a": 1}))
    # As a process leaves it that is killed now.
    left = tmp_path / "left"
    left.mkdir()
    for name in ("workflows.db", "workflows.db-wal"):
        (left / name).write_bytes((tmp_path / name).read_bytes())
    assert (left / "workflows.db-wal").read_bytes().endswith(bytes(4096))
    journal.close()
    with closing(sqlite3.connect(left / "workflows.db")) as db:
        assert db.execute("SELECT count(*) FROM told").fetchone() == (commits,)
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_what_follows_is_seen_to_after_every_job_however_many_wait() -> None:
    brought, seen, done = list[int](), list[int](), threading.Event()
    lock = threading.Lock()

    def after(relieved: Callable[[], bool]) -> None:
        with lock:
            seen.extend(brought)
            brought.clear()
        assert relieved() in {True, False}
        if len(seen) == 500:
            done.set()

    effects = Effects(3, after)
    for number in range(500):
        effects.submit(partial(brought.append, number))
        if number % 100 == 0:
            time.sleep(0.01)
    assert done.wait(SOON_S)
    effects.stop()
    assert sorted(seen) == list(range(500))


def _waits(go: threading.Event) -> None:
    go.wait(SOON_S)


def test_what_follows_does_not_wait_for_a_job_that_takes_long() -> None:
    go, brought, seen = threading.Event(), list[int](), threading.Event()

    def after(_: Callable[[], bool]) -> None:
        if brought:
            seen.set()

    effects = Effects(2, after)
    effects.submit(lambda: brought.append(1))
    for _ in range(2):
        effects.submit(partial(_waits, go))
    assert seen.wait(SOON_S / 2)
    go.set()
    effects.stop()


@pytest.mark.parametrize(("threads", "there_is"), [(1, False), (2, True)])
def test_a_thread_that_goes_on_has_another_do_what_waits_or_is_told_that_there_is_none(
    threads: int, there_is: bool
) -> None:
    told, done, over = list[bool](), threading.Event(), threading.Event()

    def after(relieved: Callable[[], bool]) -> None:
        if not told:
            effects.submit(done.set)
            told.append(relieved())
            # Where there is another, it does not wait for this one.
            told.append(done.wait(SOON_S if there_is else 0.05))
            over.set()

    effects = Effects(threads, after)
    effects.submit(lambda: None)
    assert over.wait(SOON_S)
    assert done.wait(SOON_S)
    effects.stop()
    assert told == [there_is, there_is]


class _Slow:
    """Who answers at once, but what is asked for as `slow` when it is told to."""

    def __init__(self) -> None:
        self.go, self.asked = threading.Event(), threading.Semaphore(0)

    def send(self, request: Any, key: str) -> dict[str, str]:
        if "slow" in request["path"]:
            self.asked.release()
            self.go.wait(SOON_S)
        return {"key": key}

    def may_repeat(self, request: Any) -> bool:
        return True


SOURCE = """
main:
  params: [name]
  steps:
    - all:
        parallel:
          for:
            value: i
            range: [1, 8]
            steps:
              - one: {call: googleapis.storage.v1.objects.get, args: {bucket: b, object: '${name}'}}
    - wait: {call: sys.sleep, args: {seconds: 0.02}}
    - r: {return: '${name}'}
"""


def test_executions_go_on_whoever_is_away_and_as_many_effects_are_under_way_as_there_are_threads(
    start: Callable[..., Runtime],
) -> None:
    outside = _Slow()
    runtime = start(connectors=outside)
    runtime.deploy("w", SOURCE)
    # The thread that did what was to be done last is among those that are away.
    assert runtime.wait(runtime.execute("w", "quick"), SOON_S)["result"] == '"quick"'
    slow = runtime.execute("w", "slow")
    assert all(outside.asked.acquire(timeout=SOON_S) for _ in range(8))
    assert runtime.wait(runtime.execute("w", "quick"), SOON_S)["result"] == '"quick"'
    more = [runtime.execute("w", "slow") for _ in range(2)]
    assert all(outside.asked.acquire(timeout=SOON_S) for _ in range(8))
    # All sixteen are away now; who needs none goes on.
    runtime.deploy("sleeps", "- s: {call: sys.sleep, args: {seconds: 0.05}}\n- r: {return: 1}")
    assert runtime.wait(runtime.execute("sleeps", None), SOON_S)["result"] == "1"
    outside.go.set()
    assert [runtime.wait(one, SOON_S)["state"] for one in (slow, *more)] == ["SUCCEEDED"] * 3
    until(runtime.idle)


class _Ends:
    """Who raises what ends a thread when it is asked for `ends`."""

    def __init__(self, error: type[BaseException]) -> None:
        self._error = error

    def send(self, request: Any, key: str) -> dict[str, str]:
        if "ends" in request["path"]:
            raise self._error
        return {"key": key}

    def may_repeat(self, request: Any) -> bool:
        return True


ONE = """
main:
  params: [name]
  steps:
    - one: {call: googleapis.storage.v1.objects.get, args: {bucket: b, object: '${name}'}}
    - r: {return: '${name}'}
"""


@pytest.mark.parametrize(
    "error",
    [SystemExit, asyncio.CancelledError, KeyboardInterrupt, GeneratorExit, BaseException],
)
def test_what_would_end_a_thread_ends_its_execution_and_no_thread(
    start: Callable[..., Runtime], error: type[BaseException]
) -> None:
    runtime = start(connectors=_Ends(error))
    runtime.deploy("w", ONE)
    ends = [runtime.execute("w", "ends") for _ in range(20)]
    assert {runtime.wait(one, SOON_S)["state"] for one in ends} == {"FAILED"}
    assert " 20 executions " in runtime.trouble()
    assert runtime.wait(runtime.execute("w", "quick"), SOON_S)["result"] == '"quick"'
    until(runtime.idle)


def _exits(*_: object) -> None:
    raise SystemExit


def test_a_job_that_raises_costs_no_thread_and_what_follows_is_seen_to() -> None:
    followed = threading.Semaphore(0)

    def after(_: Callable[[], bool]) -> None:
        followed.release()
        raise SystemExit

    effects = Effects(1, after)
    for _ in range(3):
        effects.submit(_exits)
        assert followed.acquire(timeout=SOON_S / 2)
    effects.stop()


class _Short:
    """A machine that starts no more threads until it is told to."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.refused, self.short = threading.Semaphore(0), True
        started = threading.Thread.start

        def start(thread: threading.Thread) -> None:
            if self.short:
                self.refused.release()
                raise RuntimeError("can't start new thread")
            started(thread)

        monkeypatch.setattr(threading.Thread, "start", start)


def test_an_effect_waits_where_no_thread_can_be_started_and_is_done_once_one_can(
    start: Callable[..., Runtime], monkeypatch: pytest.MonkeyPatch
) -> None:
    runtime = start(connectors=_Slow())
    runtime.deploy("w", SOURCE)
    machine = _Short(monkeypatch)
    waits = [runtime.execute("w", "quick") for _ in range(3)]
    # It is tried again, and what waits is under way.
    assert all(machine.refused.acquire(timeout=SOON_S) for _ in range(3))
    assert not runtime.idle()
    machine.short = False
    assert {runtime.wait(one, SOON_S)["state"] for one in waits} == {"SUCCEEDED"}
    until(runtime.idle)


def test_effects_are_done_by_the_threads_there_are_and_by_more_as_soon_as_they_can_be_started(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tries, together, done = list[Callable[[], None]](), threading.Barrier(4), threading.Semaphore(0)
    effects = Effects(4, later=tries.append)
    effects.submit(done.release)
    assert done.acquire(timeout=SOON_S)
    machine = _Short(monkeypatch)
    for _ in range(20):
        effects.submit(done.release)
    assert all(done.acquire(timeout=SOON_S) for _ in range(20))

    def job() -> None:
        together.wait(SOON_S)
        done.release()

    for _ in range(4):
        effects.submit(job)
    until(lambda: bool(tries))
    machine.short = False
    # Those that wait need nobody to submit another.
    while tries:
        tries.pop()()
    assert all(done.acquire(timeout=SOON_S) for _ in range(4))
    effects.stop()


def test_a_log_that_cannot_be_looked_at_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stale(_: int) -> None:
        raise OSError("stale file handle")

    journal = Journal(tmp_path)
    with monkeypatch.context() as broken:
        broken.setattr(os, "fstat", stale)
        journal.ask(partial(records.told, resource="a", fields={"a": 1}))
    assert len(journal.read("SELECT * FROM told")) == 1
    journal.close()


@pytest.mark.parametrize("error", [ValueError, SystemExit])
def test_what_fails_in_the_middle_of_a_commit_leaves_no_transaction_and_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: type[BaseException]
) -> None:
    def fails(_: object) -> None:
        raise error

    journal, done = Journal(tmp_path), list[int]()
    tell = partial(records.told, resource="a", fields={"a": 1})
    journal.append(tell, lambda: done.append(1), lambda _: None)
    with monkeypatch.context() as broken:
        broken.setattr(ahead.Ahead, "make_room", fails)
        with pytest.raises((UnavailableError, error)):
            journal.ask(partial(records.told, resource="b", fields={"a": 1}))
    journal.ask(partial(records.told, resource="c", fields={"a": 1}))
    assert done == [1]
    rows = journal.read("SELECT resource FROM told ORDER BY resource")
    assert [row["resource"] for row in rows] == ["a", "c"]
    journal.close()
