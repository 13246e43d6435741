"""How executions wait for callbacks, and for how long."""

import json
import sqlite3
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import flask
import pytest

from local.clock import Clock
from local.workflows import Runtime, engine

from .conftest import Web, until
from .waiting import WAIT, call, waiting

Start = Callable[..., Runtime]


@pytest.fixture(autouse=True, params=["in memory", "at rest"])
def _where(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """What waits is kept in memory, or let go of at once: nobody must see a difference."""
    if request.param == "at rest":
        monkeypatch.setattr(engine, "_LIVES_MAX", 0)


def test_a_callback_wakes_its_execution(runtime: Runtime, web: Web) -> None:
    execution, url = waiting(runtime, web)
    assert "/".join(url[:-1]) == (
        f"{web.url}/v1/projects/local/locations/local/workflows/wait/executions/{execution}/callbacks"
    )
    call(runtime, url, {"x": 1})
    assert json.loads(runtime.wait(execution, 5)["result"]) == {"x": 1}


def test_an_execution_waits_across_restarts(start: Start, web: Web) -> None:
    execution, url = waiting(start(), web)
    for _ in range(2):
        runtime = start()
        until(runtime.idle)
        assert runtime.execution(execution)["state"] == "ACTIVE"
    call(runtime, url, "late")
    assert json.loads(runtime.wait(execution, 5)["result"]) == "late"
    assert web.paths() == ["tell", "after"]


def test_a_payload_that_came_before_the_wait_is_kept(start: Start, web: Web) -> None:
    source = WAIT.replace(
        "    - wait:", "    - nap: {call: sys.sleep, args: {seconds: 1000}}\n    - wait:"
    )
    clock = Clock()
    runtime = start(clock=clock)
    execution, url = waiting(runtime, web, source)
    call(runtime, url, "early")
    runtime = start(clock=clock)
    until(runtime.idle)
    clock.jump(clock.now() + timedelta(seconds=1001))
    assert json.loads(runtime.wait(execution, 5)["result"]) == "early"


def test_a_callback_is_consumed_once(runtime: Runtime, web: Web) -> None:
    source = """
    - open: {call: events.create_callback_endpoint, result: cb}
    - tell: {call: http.put, args: {url: '${sys.get_env("API") + "/tell"}', body: '${cb.url}'}}
    - one: {call: events.await_callback, args: {callback: '${cb}'}, result: a}
    - two:
        try: {call: events.await_callback, args: {callback: '${cb}', timeout: 0.05}, result: b}
        except: {as: e, steps: [{r: {return: ['${a.http_request.body}', '${e.tags[0]}']}}]}
    """
    execution, url = waiting(runtime, web, source)
    call(runtime, url, 1)
    assert json.loads(runtime.wait(execution, 5)["result"]) == [1, "TimeoutError"]


def test_parallel_waits_on_one_endpoint_get_payloads_in_order(runtime: Runtime, web: Web) -> None:
    source = """
    - init: {assign: [{got: []}]}
    - open: {call: events.create_callback_endpoint, result: cb}
    - tell: {call: http.put, args: {url: '${sys.get_env("API") + "/tell"}', body: '${cb.url}'}}
    - p:
        parallel:
          shared: [got]
          for:
            value: v
            in: [a, b]
            steps:
              - w: {call: events.await_callback, args: {callback: '${cb}'}, result: r}
              - n: {assign: [{got: '${list.concat(got, v + r.http_request.body)}'}]}
    - r: {return: '${got}'}
    """
    execution, url = waiting(runtime, web, source)
    call(runtime, url, "1")
    call(runtime, url, "2")
    assert json.loads(runtime.wait(execution, 5)["result"]) == ["a1", "b2"]


def test_a_timeout_is_an_absolute_moment(start: Start, web: Web, clock: Clock) -> None:
    execution, _ = waiting(start(), web)
    runtime = start()
    until(runtime.idle)
    deadline = runtime.next_deadline()
    assert deadline is not None
    assert timedelta(hours=23) < deadline - clock.now() < timedelta(hours=24)
    clock.jump(deadline - timedelta(seconds=10))
    time.sleep(0.05)
    assert runtime.execution(execution)["state"] == "ACTIVE"
    clock.jump(deadline)
    assert json.loads(runtime.wait(execution, 5)["result"]) == "TimeoutError"
    assert runtime.next_deadline() is None


def test_what_came_due_while_nothing_ran_happens_at_once(
    start: Start, web: Web, clock: Clock
) -> None:
    runtime = start()
    execution, _ = waiting(runtime, web)
    runtime.stop()
    clock.jump(clock.now() + timedelta(days=2))
    runtime = start()
    assert json.loads(runtime.wait(execution, 5)["result"]) == "TimeoutError"


def test_a_payload_on_disk_wins_over_a_deadline_that_passed_later(
    start: Start, web: Web, clock: Clock, tmp_path: Path
) -> None:
    runtime = start()
    execution, url = waiting(runtime, web)
    runtime.stop()
    db = sqlite3.connect(tmp_path / "data/workflows.db")
    db.execute(
        "INSERT INTO callback_payloads(callback, received, request) VALUES (?, '', ?)",
        (url[-1], json.dumps({"http_request": {"body": "in time"}})),
    )
    db.commit()
    db.close()
    clock.jump(clock.now() + timedelta(days=2))
    assert json.loads(start().wait(execution, 5)["result"]) == "in time"


def test_hundreds_wait_and_a_callback_is_quick(runtime: Runtime, web: Web) -> None:
    runtime.deploy("wait", WAIT)
    ids = [runtime.execute("wait", None) for _ in range(200)]
    until(lambda: web.paths().count("tell") == 200 and runtime.idle())
    before = time.process_time()
    time.sleep(0.2)
    assert time.process_time() - before < 0.05
    arrived: list[float] = []

    def after() -> Any:
        arrived.append(time.perf_counter())
        return flask.jsonify({})

    web.answers["after"] = after
    delays, before = [], time.process_time()
    for asked in [a for a in web.asked if a["path"] == "tell"][:40]:
        count, sent = len(arrived), time.perf_counter()
        call(runtime, json.loads(asked["body"]).split("/"), "x")
        until(lambda count=count: len(arrived) > count)  # type: ignore[misc]
        delays.append(arrived[-1] - sent)
    # What it takes, whatever else the machine does; and that it waits for no clock.
    assert (time.process_time() - before) / len(delays) < 0.02
    assert sorted(delays)[20] < 0.25
    assert sum(runtime.wait(execution, 0)["state"] == "SUCCEEDED" for execution in ids) >= 39
