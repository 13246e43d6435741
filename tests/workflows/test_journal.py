"""What is said when the journal was changed, is locked, or cannot be written."""

import json
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from local.clock import Clock
from local.workflows import Home, Runtime
from local.workflows.errors import LockedError, UnavailableError

from .conftest import Web, until
from .waiting import call, waiting

Start = Callable[..., Runtime]


def test_a_changed_journal_is_noticed_and_nothing_is_guessed(
    start: Start, web: Web, tmp_path: Path
) -> None:
    runtime = start()
    execution, url = waiting(runtime, web)
    runtime.stop()
    with sqlite3.connect(tmp_path / "data/workflows.db") as db:
        db.execute("UPDATE ops SET args_hash = 'other' WHERE kind = 'http'")
    db.close()
    runtime = start()
    until(lambda: "stateError" in runtime.execution(execution))
    found = runtime.execution(execution)
    assert found["state"] == "ACTIVE"
    assert "its arguments differ" in found["stateError"]["details"]
    call(runtime, url, "kept")
    assert web.paths() == ["tell"]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ("UPDATE ops SET schedule_hash = 'x' WHERE seq = 1", "order of the strands differs"),
        ("DELETE FROM ops WHERE kind = 'env'", "is not in the journal"),
        (
            (
                "INSERT INTO ops(execution, op, kind, args_hash, started) "
                "SELECT execution, '0:99', 'http', '', '' FROM ops LIMIT 1"
            ),
            "operations that were not reached: 0:99",
        ),
        ("UPDATE executions SET engine_version = '0'", "engine version 0"),
    ],
)
def test_a_replay_that_differs_is_stopped(
    start: Start, web: Web, tmp_path: Path, change: str, sentence: str
) -> None:
    runtime = start()
    execution, _ = waiting(runtime, web)
    runtime.stop()
    db = sqlite3.connect(tmp_path / "data/workflows.db")
    db.execute(change)
    db.commit()
    db.close()
    runtime = start()
    until(lambda: "stateError" in runtime.execution(execution))
    assert sentence in runtime.execution(execution)["stateError"]["details"]


def test_a_second_process_is_refused(start: Start, tmp_path: Path, clock: Clock) -> None:
    start()
    other = Runtime(tmp_path / "data", clock=clock, home=Home("http://127.0.0.1:9"))
    with pytest.raises(LockedError, match="another process already runs the workflows in"):
        other.start()


def test_a_locked_journal_is_said_and_nothing_is_half_written(
    start: Start, web: Web, tmp_path: Path
) -> None:
    runtime = start()
    execution, url = waiting(runtime, web)
    other = sqlite3.connect(tmp_path / "data/workflows.db", isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    with pytest.raises(UnavailableError, match="the journal cannot be written"):
        call(runtime, url, 1)
    other.execute("ROLLBACK")
    other.close()
    call(runtime, url, 2)
    assert json.loads(runtime.wait(execution, 5)["result"]) == 2


def test_a_full_disk_stops_the_world_and_room_starts_it_again(runtime: Runtime, web: Web) -> None:
    execution, url = waiting(runtime, web)
    writer = runtime.journal._writer
    full = writer.execute("PRAGMA page_count").fetchone()[0]
    runtime.journal.ask(lambda db: db.execute(f"PRAGMA max_page_count = {full}").fetchone())
    with pytest.raises(UnavailableError, match="full"):
        runtime.deploy("big", "- r: {return: '" + "x" * 100_000 + "'}")
    assert runtime.execution(execution)["state"] == "ACTIVE"
    runtime.journal.ask(lambda db: db.execute("PRAGMA max_page_count = 100000").fetchone())
    call(runtime, url, "x" * 50_000)
    assert json.loads(runtime.wait(execution, 5)["result"]) == "x" * 50_000


def test_a_stopped_runtime_says_so(runtime: Runtime) -> None:
    runtime.stop()
    with pytest.raises(UnavailableError, match="the workflows are not started"):
        runtime.execute("w", None)
