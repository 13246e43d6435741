"""What is said when the journal was changed, is locked, or cannot be written."""

import contextlib
import json
import re
import sqlite3
import threading
from collections.abc import Callable
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from local.clock import Clock
from local.workflows import (
    Home,
    Runtime,
    callbacks,
    history,
    interpreter,
    loops,
    operations,
    records,
    scheduler,
)
from local.workflows.callbacks import CallbackRefusedError
from local.workflows.engine import Engine
from local.workflows.errors import LockedError, UnavailableError
from local.workflows.functions import EARLIER, FUNCTIONS
from local.workflows.functions.registry import function
from local.workflows.journal import Journal

from .conftest import Web, outcome, until
from .waiting import WAIT, call, waiting

Start = Callable[..., Runtime]

ANSWERS = WAIT.replace(
    'call: http.get, args: {url: \'${sys.get_env("API") + "/after"}\'}', "assign: [{x: 1}]"
)
"""The same, and nothing outside follows the callback."""

TWICE = WAIT.replace(
    "return: '${got.http_request.body}'",
    "call: events.await_callback, args: {callback: '${cb}', timeout: 86400}, result: again}\n"
    "    - r3: {return: ['${got.http_request.body}', '${again.http_request.body}']",
)
"""The same, and another callback at the same address."""


def changed(runtime: Runtime, tmp_path: Path, sql: str) -> None:
    """Change the journal of a runtime that is stopped for it."""
    runtime.stop()
    with contextlib.closing(sqlite3.connect(tmp_path / "data/workflows.db")) as db:
        db.execute(sql)
        db.commit()


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ("UPDATE ops SET args_hash = 'other' WHERE kind = 'http'", "has other arguments"),
        ("UPDATE ops SET schedule_hash = 'x' WHERE seq = 1", "order of the strands differs"),
        ("DELETE FROM ops WHERE kind = 'env'", "is not in the journal"),
        (
            (
                "INSERT INTO ops(execution, op, kind, args_hash, started) "
                "SELECT execution, '0:99', 'http', '', '' FROM ops LIMIT 1"
            ),
            "operations that were not reached: 0:99",
        ),
        ("UPDATE ops SET value = '{' WHERE kind = 'env'", "cannot be read"),
        ("UPDATE ops SET value = '{' WHERE kind = 'http'", "cannot be read"),
        ("UPDATE executions SET argument = '{'", "the log says more"),
    ],
)
def test_a_replay_that_differs_ends_the_execution_and_keeps_what_it_had(
    start: Start, web: Web, tmp_path: Path, change: str, sentence: str
) -> None:
    runtime = start()
    execution, url = waiting(runtime, web)
    changed(runtime, tmp_path, change)
    runtime = start()
    found = runtime.wait(execution, 10)
    assert found["state"] == "FAILED"
    assert "stateError" not in found
    error = json.loads(found["error"]["payload"])
    assert error["tags"] == ["SystemError"]
    assert sentence in error["message"]
    assert runtime.views.operations(execution)
    assert execution in runtime.trouble()
    with pytest.raises(CallbackRefusedError):
        call(runtime, url, "late")
    assert web.paths() == ["tell"]


@pytest.mark.parametrize(
    ("now", "then", "sentence"),
    [
        (
            "UPDATE executions SET engine_version = '99'",
            "UPDATE executions SET engine_version = '2'",
            "version 99",
        ),
        (
            "UPDATE revisions SET source = 'x' || source",
            "UPDATE revisions SET source = substr(source, 2)",
            "does not load",
        ),
    ],
    ids=["version", "source"],
)
def test_what_needs_another_release_waits_for_it(
    start: Start, web: Web, tmp_path: Path, now: str, then: str, sentence: str
) -> None:
    runtime = start()
    execution, url = waiting(runtime, web)
    changed(runtime, tmp_path, now)
    runtime = start()
    until(lambda: runtime.execution(execution)["state"] == "UNAVAILABLE")
    assert sentence in runtime.execution(execution)["stateError"]["details"]
    assert runtime.trouble() == ""
    call(runtime, url, "kept")
    changed(runtime, tmp_path, then)
    runtime = start()
    found = runtime.wait(execution, 10)
    assert json.loads(found["result"]) == "kept"
    assert "stateError" not in found


class Broken(Exception):
    """A defect whose words are nobody's business."""


def test_a_defect_of_the_engine_ends_the_execution_and_says_nothing_of_the_machine(
    runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: Any) -> None:
        raise Broken("/home/somebody/secret")

    runtime.deploy("child", "- nap: {call: sys.sleep, args: {seconds: 0.01}}\n- r: {return: 1}")
    call = "call: experimental.executions.run, args: {workflow_id: child}"
    runtime.deploy("parent", f"- c: {{{call}}}")
    monkeypatch.setattr(loops, "repeated", fails)
    runtime.deploy("loop", "- l: {for: {value: v, in: [1], steps: [{a: {assign: [{x: 1}]}}]}}")
    found = runtime.wait(runtime.execute("loop", None), 10)
    assert found["state"] == "FAILED"
    assert not {"somebody", "Broken", ".py"} & set(re.split(r"\W", json.dumps(found)))
    assert found["name"].rpartition("/")[2] in runtime.trouble()
    # Others go on, and whoever waits for one that a defect ends learns of it.
    monkeypatch.setattr(scheduler.Run, "deliver", fails)
    found = runtime.wait(runtime.execute("parent", None), 10)
    assert found["state"] == "FAILED"
    until(runtime.idle)


def test_a_record_that_the_journal_refuses_ends_the_execution(
    runtime: Runtime, web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    execution, url = waiting(runtime, web)

    def refused(*_: Any) -> None:
        raise sqlite3.IntegrityError("secret")

    monkeypatch.setattr(records, "complete_op", refused)
    call(runtime, url, 1)
    found = runtime.wait(execution, 10)
    assert found["state"] == "FAILED"
    assert "secret" not in json.dumps(found)
    # What was to follow the refused record does not happen.
    assert "after" not in web.paths()


def test_an_execution_ends_with_no_result_that_the_journal_refused(
    runtime: Runtime, web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    execution, url = waiting(runtime, web, ANSWERS)

    def refused(*_: Any) -> None:
        raise sqlite3.IntegrityError("refused")

    monkeypatch.setattr(records, "complete_op", refused)
    call(runtime, url, 1)
    # Its end is in the same commit as what was refused.
    assert runtime.wait(execution, 10)["state"] == "FAILED"
    assert execution in runtime.trouble()


def test_whoever_calls_back_waits_for_no_long_turn(
    runtime: Runtime, web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(interpreter, "_TURN_S", -1.0)
    turns: list[str] = []
    advance = scheduler.Run.advance

    def counted(self: scheduler.Run) -> None:
        turns.append(threading.current_thread().name)
        advance(self)

    execution, url = waiting(runtime, web, ANSWERS)
    monkeypatch.setattr(scheduler.Run, "advance", counted)
    call(runtime, url, 1)
    assert json.loads(runtime.wait(execution, 10)["result"]) == 1
    # Each step is a turn here: whoever calls back runs one, and the thread that waits the rest.
    assert turns.count(threading.current_thread().name) <= 1 < len(turns)


def test_whoever_calls_back_does_nothing_of_what_is_due(
    runtime: Runtime, web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    execution, url = waiting(runtime, web, ANSWERS)
    looked: list[int] = []
    due = runtime.engine.timers.due

    def seen(now: datetime) -> Any:
        looked.append(threading.get_ident())
        return due(now)

    monkeypatch.setattr(runtime.engine.timers, "due", seen)
    call(runtime, url, 1)
    assert json.loads(runtime.wait(execution, 10)["result"]) == 1
    assert threading.get_ident() not in looked


def test_what_came_of_an_execution_that_was_cancelled_meanwhile_is_no_defect(
    runtime: Runtime, web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    execution, url = waiting(runtime, web, ANSWERS)
    complete = records.complete_op

    def late(db: sqlite3.Connection, *told: Any) -> None:
        # Somebody cancels it in the commit before.
        records.finish(db, execution, records.CANCELLED, None, None, runtime.now())
        complete(db, *told)

    monkeypatch.setattr(records, "complete_op", late)
    call(runtime, url, 1)
    assert runtime.wait(execution, 10)["state"] == "CANCELLED"
    until(runtime.idle)
    assert runtime.trouble() == ""
    steps = runtime.journal.read("SELECT state FROM step_entries WHERE execution = ?", execution)
    assert "IN_PROGRESS" not in {one["state"] for one in steps}


def test_a_payload_that_is_announced_late_is_not_taken_twice(start: Start, web: Web) -> None:
    runtime = start()
    execution, url = waiting(runtime, web, TWICE)
    call(runtime, url, 1)
    until(lambda: web.paths().count("after") == 1 and runtime.idle())
    runtime.stop()
    runtime = start()
    [used] = runtime.journal.read("SELECT n, callback, request FROM callback_payloads")
    runtime.callbacks.arrived(execution, used["callback"], used["n"], used["request"])
    runtime.callbacks.follow()
    until(runtime.idle)
    call(runtime, url, 2)
    assert json.loads(runtime.wait(execution, 10)["result"]) == [1, 2]


def test_a_journal_that_cannot_be_read_for_a_while_is_read_later(
    start: Start, web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    runtime = start()
    execution, url = waiting(runtime, web)
    runtime.stop()
    asked: list[str] = []
    read = Journal.read

    def busy(self: Journal, sql: str, *values: Any) -> Any:
        if "SELECT * FROM ops WHERE execution" in sql and len(asked) < 2:
            asked.append(sql)
            raise UnavailableError("the journal cannot be read: database is locked")
        return read(self, sql, *values)

    monkeypatch.setattr(Journal, "read", busy)
    runtime = start()
    call(runtime, url, "kept")
    assert json.loads(runtime.wait(execution, 10)["result"]) == "kept"
    assert len(asked) == 2
    assert runtime.trouble() == ""


def test_an_execution_of_an_earlier_release_ends_as_it_began(
    start: Start, web: Web, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a function answers now is not what it answered then: neither is told of, and what was done stays done."""
    declared = partial(function, "text.to_upper")
    runtime = start()
    monkeypatch.setitem(FUNCTIONS, "text.to_upper", FUNCTIONS["text.to_upper"])
    source = WAIT.replace("body: '${cb.url}'", "body: '${text.to_upper(\"a\") + cb.url}'")
    source = source.replace("'${got.http_request.body}'", "'${text.to_upper(\"a\")}'")
    execution, url = waiting(runtime, web, source)
    monkeypatch.setitem(EARLIER, "text.to_upper", FUNCTIONS["text.to_upper"])
    declared()(lambda source: source * 2)
    changed(runtime, tmp_path, "UPDATE executions SET engine_version = '1'")
    runtime = start()
    call(runtime, url)
    assert json.loads(runtime.wait(execution, 10)["result"]) == "A"
    assert outcome(runtime, "- r: {return: '${text.to_upper(\"a\")}'}") == "aa"


def test_an_operation_that_an_earlier_release_wrote_otherwise_is_done(
    start: Start, web: Web, tmp_path: Path
) -> None:
    runtime = start()
    execution, url = waiting(runtime, web)
    changed(runtime, tmp_path, "UPDATE executions SET engine_version = '1'")
    changed(runtime, tmp_path, "UPDATE ops SET args_hash = 'other'")
    runtime = start()
    call(runtime, url, "kept")
    assert json.loads(runtime.wait(execution, 10)["result"]) == "kept"
    assert web.paths() == ["tell", "after"]


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


@pytest.mark.parametrize("error", [OSError, SystemExit])
def test_whatever_is_raised_between_two_executions_others_go_on(
    runtime: Runtime, monkeypatch: pytest.MonkeyPatch, error: type[BaseException]
) -> None:
    raised = threading.Event()

    def fails(*_: object) -> None:
        if not raised.is_set():
            raised.set()
            raise error

    monkeypatch.setattr(Engine, "_rest", fails)
    runtime.deploy("w", "- s: {call: sys.sleep, args: {seconds: 0.01}}\n- r: {return: 1}")
    assert runtime.wait(runtime.execute("w", None), 5)["result"] == "1"
    assert raised.is_set()
    until(runtime.idle)


@pytest.mark.parametrize(
    ("owner", "name"),
    [
        (operations.Operations, "_effect"),
        (operations.Operations, "expired"),
        (history.Recorder, "take"),
    ],
)
def test_a_defect_in_what_begins_or_ends_an_operation_ends_the_execution(
    runtime: Runtime, monkeypatch: pytest.MonkeyPatch, owner: type, name: str
) -> None:
    rightly, failed = getattr(owner, name), list[int]()

    def fails(*args: Any, **more: Any) -> Any:
        if not failed:
            failed.append(1)
            raise Broken
        return rightly(*args, **more)

    monkeypatch.setattr(owner, name, fails)
    runtime.deploy("nap", "- s: {call: sys.sleep, args: {seconds: 0.01}}\n- r: {return: 1}")
    found = runtime.wait(runtime.execute("nap", None), 5)
    assert found["state"] == "FAILED"
    assert found["name"].rpartition("/")[2] in runtime.trouble()
    until(runtime.idle)


def test_a_defect_in_taking_a_payload_ends_the_execution(
    runtime: Runtime, web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    execution, url = waiting(runtime, web)

    def fails(*_: Any) -> None:
        raise Broken

    monkeypatch.setattr(callbacks.Inbox, "add", fails)
    call(runtime, url, 1)
    assert runtime.wait(execution, 5)["state"] == "FAILED"
    until(runtime.idle)
