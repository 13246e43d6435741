"""An execution that ended, by a cancel or a defect, is over: it does nothing more, and says so."""

import itertools
import socket
import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import flask
import pytest

from local.workflows import Home, Runtime, records
from local.workflows.effects import THREADS_MAX
from local.workflows.errors import DroppedError
from local.workflows.history import Recorder
from local.workflows.http import Http
from local.workflows.journal import Journal

from .conftest import Web, until

SOON_S = 30
MANY = f"""
- each:
    parallel:
      for:
        value: v
        range: [1, {THREADS_MAX + 4}]
        steps: [{{s: {{call: http.get, args: {{url: '${{sys.get_env("API") + "/held"}}'}}}}}}]
"""
CALLS = """
- each:
    parallel:
      for:
        value: v
        range: [1, 20]
        steps: [{s: {call: googleapis.storage.v1.objects.get, args: {bucket: b, object: o}}}]
"""


def test_what_waits_for_a_thread_is_not_sent_for_a_cancelled_execution(
    runtime: Runtime, web: Web
) -> None:
    go = threading.Event()
    web.answers["held"] = lambda: flask.jsonify(go.wait(SOON_S))
    runtime.deploy("w", MANY)
    execution = runtime.execute("w", None)
    until(lambda: len(web.asked) == THREADS_MAX, SOON_S)
    runtime.cancel(execution)
    go.set()
    until(runtime.idle, SOON_S)
    assert len(web.asked) == THREADS_MAX


def test_what_waits_for_a_thread_reaches_no_connector_for_a_cancelled_execution(
    start: Callable[..., Runtime],
) -> None:
    class Held:
        go, asked = threading.Event(), 0
        counting = threading.Lock()

        def send(self, request: Any, key: str) -> Any:
            with self.counting:
                self.asked += 1
            return self.go.wait(SOON_S)

        def may_repeat(self, request: Any) -> bool:
            return True

    held = Held()
    runtime = start(connectors=held)
    runtime.deploy("w", CALLS)
    execution = runtime.execute("w", None)
    until(lambda: held.asked == THREADS_MAX, SOON_S)
    runtime.cancel(execution)
    held.go.set()
    until(runtime.idle, SOON_S)
    assert held.asked == THREADS_MAX


def test_nothing_is_sent_where_the_execution_ended_while_it_was_connected() -> None:
    def ended() -> None:
        raise DroppedError

    request = {
        "method": "POST",
        "headers": {},
        "timeout": 10,
        "body": "x",
        "query": [],
        "auth": None,
    }
    with socket.create_server(("127.0.0.1", 0)) as listening:
        url = f"http://127.0.0.1:{listening.getsockname()[1]}/"
        with pytest.raises(DroppedError):
            Http(Home("")).send(request | {"url": url}, before=ended)
        peer, _ = listening.accept()
        with peer:
            assert peer.recv(1) == b""


def test_an_execution_ends_though_the_steps_it_was_in_cannot_be_told(
    runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: Any, **__: Any) -> None:
        raise RuntimeError("it cannot be told")

    runtime.deploy("w", "- nap: {call: sys.sleep, args: {seconds: 3600}}")
    execution = runtime.execute("w", None)
    until(lambda: bool(runtime.views.open_operations(execution)))
    monkeypatch.setattr(Recorder, "take", fails)
    runtime.engine.agenda.post(lambda: runtime.engine.defect(execution, RuntimeError("a defect")))
    assert runtime.wait(execution, SOON_S)["state"] == "FAILED"
    assert execution in runtime.trouble()


def test_the_end_by_a_defect_is_written_again_until_it_is(
    runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries, finish = itertools.count(1), records.finish

    def fails(*of: Any) -> bool:
        if next(tries) < 4:
            raise sqlite3.DatabaseError("database disk image is malformed")
        return finish(*of)

    runtime.deploy("w", "- nap: {call: sys.sleep, args: {seconds: 3600}}")
    execution = runtime.execute("w", None)
    until(lambda: bool(runtime.views.open_operations(execution)))
    monkeypatch.setattr(records, "finish", fails)
    runtime.engine.agenda.post(lambda: runtime.engine.defect(execution, RuntimeError("a defect")))
    assert runtime.wait(execution, SOON_S)["state"] == "FAILED"


@pytest.mark.parametrize("end", [SystemExit, KeyboardInterrupt, GeneratorExit])
def test_what_would_end_a_thread_leaves_nobody_untold_and_nothing_is_written_twice(
    tmp_path: Path, end: type[BaseException]
) -> None:
    told: list[str] = []

    def ends() -> None:
        raise end

    def write(name: str) -> Callable[[sqlite3.Connection], object]:
        return lambda db: db.execute("INSERT INTO told VALUES (?, '{}')", (name,))

    journal = Journal(tmp_path)
    journal.append(write("first"), ends, lambda error: told.append(repr(error)))
    journal.append(write("second"), lambda: told.append("second"), lambda _: None)
    with pytest.raises(end):
        journal.ask(write("third"), lambda _: told.append("third"))
    journal.ask(write("fourth"))
    journal.close()
    assert told == ["second", "third"]
    with closing(sqlite3.connect(tmp_path / "workflows.db")) as db:
        names = [row[0] for row in db.execute("SELECT resource FROM told")]
    assert sorted(names) == ["first", "fourth", "second", "third"]
