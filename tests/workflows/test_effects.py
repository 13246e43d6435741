"""Who does what takes time, and how many are woken for it."""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from local.workflows.effects import Effects
from local.workflows.journal import Journal

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
        journal.ask(
            lambda db, n=number: (
                db.execute("INSERT INTO told VALUES (?, '{}')", (f"{n:06}",)).rowcount
            )
        )
        sizes.add((folder / "workflows.db-wal").stat().st_size)
    journal.close()
    return len(sizes)


def test_few_commits_make_the_file_of_the_log_longer(tmp_path: Path) -> None:
    assert _grown(tmp_path, 80) < 8


@pytest.mark.parametrize("commits", [1, 60])
def test_what_was_committed_is_read_from_a_log_with_room(tmp_path: Path, commits: int) -> None:
    journal = Journal(tmp_path)
    for number in range(commits):
        journal.ask(
            lambda db, n=number: (
                db.execute("INSERT INTO told VALUES (?, '{}')", (f"{n:06}",)).rowcount
            )
        )
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
