"""Steps are written once if they are soon over, and all that an execution is in is there for whoever looks."""

import random
import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import flask
import pytest

from local.clock import Clock
from local.workflows import Runtime, history, records
from local.workflows.history import Entries, Recorder
from local.workflows.journal import Journal

from .conftest import Web, outcome, until

Start = Callable[..., Runtime]

ASKING = """
- each:
    for:
      value: v
      in: [1, 2]
      steps:
        - asked: {call: http.get, args: {url: '${sys.get_env("API") + "/ask"}'}}
"""
LOOP = "- each: {for: {value: v, range: [1, 200], steps: [{s: {assign: [{x: '${uuid.generate()}'}]}}]}}"
FRAME: Any = SimpleNamespace(routine="main", strand=SimpleNamespace(path="0"))


class Disk:
    """Rows as the journal keeps them, and how often each was written."""

    def __init__(self) -> None:
        self.states: dict[int, str] = {}
        self.writes: list[int] = []

    def write(self, entries: Entries | None) -> None:
        for ordinal, began, _, _ in entries.ended if entries else ():
            assert (ordinal in self.states) == (began is None), "inserted once, then updated"
            self.states[ordinal] = "over"
            self.writes.append(ordinal)
        for ordinal in entries.going_on if entries else ():
            assert ordinal not in self.states
            self.states[ordinal] = "open"
            self.writes.append(ordinal)
        assert sorted(self.states) == list(range(1, len(self.states) + 1)), "it has a gap"

    def recorder(self) -> Recorder:
        still_open = [ordinal for ordinal, state in self.states.items() if state == "open"]
        return Recorder(lambda: 0, max(self.states, default=0), still_open, parts=True)


def walked(
    chance: random.Random, recorder: Recorder, disk: Disk, upto: int, seed: int
) -> list[Entries | None]:
    """Begin and end steps of three strands as *seed* says; return what *chance* took and did not write."""
    course, open_steps = random.Random(seed), [list[int](), list[int](), list[int]()]
    taken: list[Entries | None] = []
    for _ in range(upto):
        strand = course.choice(open_steps)
        if strand and course.random() < 0.5:
            recorder.end(strand.pop(), None)
        else:
            strand.append(recorder.begin(FRAME, "s", "ASSIGN", None))
        if chance.random() < 0.3:
            taken.append(recorder.take(whole=chance.random() < 0.2))
        if chance.random() < 0.2:
            # They are written some time after they were handed over, in that order.
            while taken:
                disk.write(taken.pop(0))
    return taken


def test_a_process_killed_at_any_moment_leaves_entries_without_a_gap(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(history, "_MANY", 4)
    for seed in range(300):
        chance, disk = random.Random(seed), Disk()
        for killed_at in sorted(chance.choices(range(80), k=3)):
            # Each replays what the others did, and goes on.
            walked(chance, disk.recorder(), disk, killed_at, seed)
        states = []
        for one in (disk, Disk()):
            recorder = one.recorder()
            for entries in walked(chance, recorder, one, 80, seed):
                one.write(entries)
            one.write(recorder.take(whole=True))
            states.append(one.states)
        assert states[0] == states[1]


def test_what_is_soon_over_is_written_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "_MANY", 1)
    disk = Disk()
    recorder = disk.recorder()
    loop = recorder.begin(FRAME, "each", "FOR", None)
    for _ in range(20):
        step = recorder.begin(FRAME, "s", "CALL", loop)
        disk.write(recorder.take())
        recorder.end(step, None)
    recorder.end(loop, None)
    disk.write(recorder.take(whole=True))
    assert [n for n in range(1, 22) if disk.writes.count(n) > 1] == [loop]


def test_a_step_under_way_is_shown_to_who_is_asked_in_it(runtime: Runtime, web: Web) -> None:
    shown: list[list[tuple[str, str]]] = []

    def look() -> flask.Response:
        entries = runtime.views.all_steps(execution, "w")
        shown.append([(one["step"], one["state"].removeprefix("STATE_")) for one in entries])
        now_at.append(runtime.execution(execution)["status"]["currentSteps"][-1]["step"])
        return flask.jsonify(ok=True)

    now_at: list[str] = []
    begun = threading.Event()
    web.answers["ask"] = lambda: look() if begun.wait(5) else flask.abort(500)
    runtime.deploy("w", ASKING)
    execution = runtime.execute("w", None)
    begun.set()
    assert runtime.wait(execution, 20)["state"] == "SUCCEEDED"
    under_way, over = "IN_PROGRESS", "SUCCEEDED"
    assert shown == [
        [("each", under_way), ("each", under_way), ("asked", under_way)],
        [
            *(("each", under_way), ("each", over), ("asked", over)),
            *(("each", under_way), ("asked", under_way)),
        ],
    ]
    assert now_at == ["asked", "asked"]


def test_a_step_that_lasts_is_written_though_nobody_looks(
    start: Start, tmp_path: Path, web: Web
) -> None:
    runtime = start()
    gate = threading.Event()
    web.answers["ask"] = lambda: flask.jsonify(gate.wait(10))
    runtime.deploy("w", ASKING)
    runtime.execute("w", None)

    def written() -> list[str]:
        with closing(sqlite3.connect(tmp_path / "data" / "workflows.db")) as db:
            return [row[0] for row in db.execute("SELECT state FROM step_entries")]

    until(lambda: written() == ["IN_PROGRESS"] * 3)
    gate.set()


def test_what_was_begun_a_moment_before_is_cancelled_with_it(runtime: Runtime, web: Web) -> None:
    gate = threading.Event()
    web.answers["ask"] = lambda: flask.jsonify(gate.wait(10))
    runtime.deploy("w", ASKING)
    for count in range(1, 11):
        execution = runtime.execute("w", None)
        until(lambda count=count: len(web.asked) == count)  # type: ignore[misc]
        runtime.cancel(execution)
        entries = runtime.views.all_steps(execution, "w")
        assert [one["state"] for one in entries] == ["STATE_CANCELLED"] * 3
    gate.set()


def test_a_stop_writes_what_executions_are_in(start: Start, clock: Clock, web: Web) -> None:
    gate = threading.Event()
    web.answers["ask"] = lambda: flask.jsonify(gate.wait(10))
    runtime = start()
    runtime.deploy("w", ASKING)
    execution = runtime.execute("w", None)
    until(lambda: bool(web.asked))
    stopped = records.written(clock.now())
    runtime = start()
    gate.set()
    assert runtime.views.all_steps(execution, "w")[2]["createTime"] < stopped
    runtime.wait(execution, 20)


def test_steps_that_a_killed_process_had_not_written_keep_their_times(
    start: Start, tmp_path: Path, clock: Clock, web: Web
) -> None:
    gate = threading.Event()
    web.answers["ask"] = lambda: flask.jsonify(len(web.asked) < 2 or gate.wait(10))
    runtime = start()
    runtime.deploy("w", ASKING)
    execution = runtime.execute("w", None)
    until(lambda: len(web.asked) == 2)
    before = runtime.views.all_steps(execution, "w")
    stopped = records.written(clock.now())
    runtime.stop()
    gate.set()
    with closing(sqlite3.connect(tmp_path / "data" / "workflows.db")) as db, db:
        db.execute("DELETE FROM step_entries")
    runtime = start()
    runtime.wait(execution, 20)
    after = runtime.views.all_steps(execution, "w")
    assert [one["step"] for one in after] == [one["step"] for one in before]
    times = [one["createTime"] for one in after]
    assert times == sorted(times)
    assert times[-1] < stopped
    assert after[-1]["updateTime"] > stopped
    # What the journal has of the first operation is when it began; it was over when the second did.
    first, second = [one for one in after if one["step"] == "asked"]
    assert first["createTime"] < first["updateTime"] == second["createTime"]


def test_a_loop_of_instants_updates_little(runtime: Runtime) -> None:
    # What takes longer than a moment on a busy machine may be written twice.
    updated = "CREATE TRIGGER updated AFTER UPDATE ON step_entries"
    for sql in (
        "CREATE TABLE twice(ordinal INTEGER)",
        f"{updated} BEGIN INSERT INTO twice VALUES (new.ordinal); END",
    ):
        runtime.journal.ask(lambda db, sql=sql: db.execute(sql).rowcount)  # type: ignore[misc]
    outcome(runtime, LOOP)
    entries = runtime.journal.read("SELECT count(*) AS n FROM step_entries")[0]["n"]
    twice = runtime.journal.read("SELECT count(*) AS n FROM twice")[0]["n"]
    assert entries == 401
    assert twice < entries / 2


def test_the_entry_of_a_step_says_when_it_began_and_ended(runtime: Runtime) -> None:
    outcome(runtime, LOOP)
    rows = runtime.journal.read("SELECT * FROM step_entries ORDER BY ordinal")
    assert {row["state"] for row in rows} == {records.SUCCEEDED}
    assert all(row["created"] <= row["updated"] for row in rows)
    assert rows[0]["updated"] >= rows[-1]["updated"]


BRANCHES = """
- open: {call: events.create_callback_endpoint, result: cb}
- both:
    parallel:
      branches:
        - a:
            steps:
              - nap: {call: sys.sleep, args: {seconds: 0.1}}
              - after: {assign: [{x: 1}]}
        - b:
            steps:
              - wait: {call: events.await_callback, args: {callback: '${cb}', timeout: 86400}}
"""


def test_a_branch_that_ended_is_shown_so_while_another_waits(runtime: Runtime) -> None:
    runtime.deploy("w", BRANCHES)
    execution = runtime.execute("w", None)

    def states() -> dict[str, str]:
        entries = runtime.views.all_steps(execution, "w")
        return {one["step"]: one["state"].removeprefix("STATE_") for one in entries}

    until(lambda: states().get("after") == "SUCCEEDED")
    under_way, over = "IN_PROGRESS", "SUCCEEDED"
    assert states() == {
        "open": over,
        "both": under_way,
        "a": over,
        "nap": over,
        "after": over,
        "b": under_way,
        "wait": under_way,
    }
    [now_at] = runtime.execution(execution)["status"]["currentSteps"]
    assert now_at["step"] == "wait"


def test_a_replay_writes_nothing_however_many_turns_it_takes(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = (
        "- each: {for: {value: v, range: [1, 2000], steps: [{s: {assign: [{x: '${v}'}]}}]}}\n"
        "- nap: {call: sys.sleep, args: {seconds: 3600}}"
    )
    runtime = start()
    runtime.deploy("w", source)
    execution = runtime.execute("w", None)
    until(lambda: bool(runtime.views.open_operations(execution)))
    written: list[object] = []
    append = Journal.append

    def counted(self: Journal, *of: Any) -> None:
        written.append(of)
        append(self, *of)

    # As it stops, it writes what the execution is in.
    runtime.stop()
    monkeypatch.setattr(Journal, "append", counted)
    runtime = start()
    until(lambda: execution in runtime.engine.lives and runtime.idle())
    monkeypatch.undo()
    assert written == []
