"""What a restart, a clock that jumps and a cancel do to executions."""

import json
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import flask
import pytest

from local.clock import Clock
from local.workflows import Home, LoadError, Runtime, scheduler
from local.workflows.records import MissingError

from .conftest import Web, ended, outcome, until
from .waiting import WAIT, call, waiting

Start = Callable[..., Runtime]


def test_sleep_until_and_back_off_follow_the_jumping_clock(runtime: Runtime, clock: Clock) -> None:
    begun = clock.now()
    moment = (begun + timedelta(days=30)).isoformat()
    runtime.deploy(
        "nap",
        f"""
        - a: {{call: sys.sleep_until, args: {{time: "{moment}"}}}}
        - t:
            try: {{raise: x}}
            retry: {{predicate: "${{retry.always}}", max_retries: 2, backoff: {{initial_delay: 60, max_delay: 100, multiplier: 2}}}}
            except: {{steps: [{{r: {{return: "${{sys.now()}}"}}}}]}}
        """,
    )
    execution = runtime.execute("nap", None)
    waits = []
    for _ in range(3):
        until(lambda: runtime.idle() and runtime.next_deadline() is not None)
        deadline = runtime.next_deadline()
        assert deadline is not None
        waits.append(round((deadline - clock.now()).total_seconds()))
        clock.jump(deadline)
        until(runtime.idle)
    assert waits[0] in {30 * 86400, 30 * 86400 - 1}
    assert waits[1:] == [60, 100]
    ended_at = datetime.fromtimestamp(json.loads(runtime.wait(execution, 5)["result"]), UTC)
    assert ended_at - begun >= timedelta(days=30, seconds=160)


def test_idle_is_false_while_a_request_is_under_way(runtime: Runtime, web: Web) -> None:
    gate = threading.Event()
    web.answers["slow"] = lambda: flask.jsonify(gate.wait(5))
    runtime.deploy("w", '- a: {call: http.get, args: {url: \'${sys.get_env("API") + "/slow"}\'}}')
    execution = runtime.execute("w", None)
    until(lambda: bool(web.asked))
    assert not runtime.idle()
    gate.set()
    runtime.wait(execution, 5)
    until(runtime.idle)


def test_a_cancelled_execution_does_nothing_more(runtime: Runtime, web: Web) -> None:
    from local.workflows.callbacks import CallbackRefusedError

    execution, url = waiting(runtime, web)
    runtime.cancel(execution)
    assert runtime.execution(execution)["state"] == "CANCELLED"
    with pytest.raises(CallbackRefusedError):
        call(runtime, url)
    runtime.cancel(execution)
    assert runtime.next_deadline() is None
    assert web.paths() == ["tell"]


def test_a_cancelled_execution_stays_cancelled_after_a_restart(start: Start, web: Web) -> None:
    runtime = start()
    execution, _ = waiting(runtime, web)
    runtime.cancel(execution)
    runtime = start()
    until(runtime.idle)
    assert runtime.execution(execution)["state"] == "CANCELLED"
    assert "after" not in web.paths()


def test_a_busy_loop_can_be_cancelled_and_does_not_stop_others(runtime: Runtime) -> None:
    runtime.deploy("busy", "- a: {assign: [{x: 0}]}\n- b: {assign: [{x: '${x + 1}'}], next: b}")
    busy = runtime.execute("busy", None)
    assert outcome(runtime, "- r: {return: 1}") == 1
    runtime.cancel(busy)
    assert runtime.execution(busy)["state"] == "CANCELLED"


def test_a_running_execution_keeps_its_revision(start: Start, web: Web) -> None:
    runtime = start()
    first = runtime.deploy("wait", WAIT)
    execution, url = waiting(runtime, web)
    second = runtime.deploy("wait", "- r: {return: other}")
    assert (first[:6], second[:6]) == ("000001", "000002")
    assert runtime.deploy("wait", "- r: {return: other}") == second
    assert runtime.deploy("wait", "- r: {return: other}", {"X": "1"}) != second
    runtime = start()
    call(runtime, url, "old")
    assert json.loads(runtime.wait(execution, 5)["result"]) == "old"
    assert runtime.execution(execution)["workflowRevisionId"] == first


def test_the_environment_of_a_deployment_adds_to_the_runtime_s(start: Start) -> None:
    runtime = start(env={"A": "1", "B": "1"})
    runtime.deploy("w", '- r: {return: \'${sys.get_env("A") + sys.get_env("B")}\'}', {"B": "2"})
    assert json.loads(runtime.wait(runtime.execute("w", None), 5)["result"]) == "12"


def test_a_broken_source_is_not_deployed(runtime: Runtime) -> None:
    with pytest.raises(LoadError, match=r"w\.yaml:1:13"):
        runtime.deploy("w", "- a: {next: b}")
    with pytest.raises(MissingError, match="there is no workflow 'w'"):
        runtime.execute("w", None)


def test_children_are_awaited_and_cancelled_with_their_parent(runtime: Runtime, web: Web) -> None:
    runtime.deploy("child", "main: {params: [n], steps: [{r: {return: '${n / 0}'}}]}")
    source = """
    - t:
        try: {call: experimental.executions.run, args: {workflow_id: child, argument: 1}}
        except: {as: e, steps: [{r: {return: '${e.tags}'}}]}
    """
    assert outcome(runtime, source) == ["ExecutionError"]
    missing = source.replace("workflow_id: child", "workflow_id: nobody")
    assert outcome(runtime, missing) == ["HttpError"]
    runtime.deploy("child", WAIT)
    runtime.deploy("parent", "- c: {call: experimental.executions.run, args: {workflow_id: child}}")
    parent = runtime.execute("parent", None)
    until(lambda: "tell" in web.paths() and runtime.idle())
    runtime.cancel(parent)
    states = {row["state"] for row in runtime.journal.read("SELECT state FROM executions")}
    assert "ACTIVE" not in states


def test_a_line_is_logged_once(start: Start, web: Web, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", logger="workflows.log")
    line = "    - l: {call: sys.log, args: {text: hello, severity: WARNING}}"
    source = WAIT.replace("  steps:", f"  steps:\n{line}", 1)
    _, url = waiting(start(), web, source)
    runtime = start()
    until(runtime.idle)
    call(runtime, url, 1)
    until(lambda: "after" in web.paths() and runtime.idle())
    lines = [r.getMessage() for r in caplog.records if r.name == "workflows.log"]
    assert len(lines) == 1
    assert lines[0].endswith(": hello")


def test_steps_are_noted_once_across_a_restart(start: Start, web: Web) -> None:
    execution, url = waiting(start(), web)
    runtime = start()
    until(runtime.idle)
    assert runtime.execution(execution)["status"]["currentSteps"] == [
        {"routine": "main", "step": "wait"}
    ]
    call(runtime, url, 1)
    runtime.wait(execution, 5)
    steps = runtime.views.steps(execution, "wait", 100, "")["stepEntries"]
    # What is tried has an entry of its own.
    assert [s["step"] for s in steps] == ["open", "tell", "wait", "wait", "after", "r2"]
    assert {s["state"] for s in steps} == {"STATE_SUCCEEDED"}


def test_old_executions_are_forgotten(start: Start, clock: Clock) -> None:
    runtime = start()
    found = ended(runtime, "- r: {return: 1}")
    clock.jump(clock.now() + timedelta(days=91))
    runtime = start()
    with pytest.raises(MissingError):
        runtime.execution(found["name"].rpartition("/")[2])


@pytest.mark.parametrize(
    ("headers", "own", "expected"),
    [
        ("{Idempotency-Key: k}", True, ("sent", 2)),
        ("{Idempotency-Key: k}", False, ("ConnectionError", 1)),
        ("{}", True, ("ConnectionError", 1)),
    ],
)
def test_only_what_may_be_repeated_is_sent_again(
    start: Start, web: Web, headers: str, own: bool, expected: tuple[str, int]
) -> None:
    gate = threading.Event()
    web.answers["slow"] = lambda: flask.jsonify(gate.wait(5))
    home = Home(web.url if own else "http://127.0.0.1:9")
    runtime = start(home=home)
    source = f"""
        - a:
            try: {{call: http.post, args: {{url: '{web.url}/slow', headers: {headers}}}}}
            except: {{as: e, steps: [{{r: {{return: '${{e.tags[0]}}'}}}}]}}
        - b: {{return: sent}}
        """
    runtime.deploy("w", source)
    execution = runtime.execute("w", None)
    until(lambda: bool(web.asked))
    runtime = start(home=home)
    gate.set()
    assert json.loads(runtime.wait(execution, 5)["result"]) == expected[0]
    assert len(web.asked) == expected[1]
    assert len({asked["headers"].get("Idempotency-Key") for asked in web.asked}) == 1


@pytest.mark.parametrize("steps", [1, 2, 3])
def test_a_loop_gives_others_their_turn_however_many_steps_its_body_has(
    runtime: Runtime, monkeypatch: pytest.MonkeyPatch, steps: int
) -> None:
    advance, turns = scheduler.Run.advance, list[int]()

    def counted(run: scheduler.Run) -> None:
        advance(run)
        turns.append(1)

    monkeypatch.setattr(scheduler.Run, "advance", counted)
    body = ", ".join(f"{{s{n}: {{assign: [{{x: 1}}]}}}}" for n in range(steps))
    outcome(runtime, f"- l: {{for: {{value: v, range: [1, 3000], steps: [{body}]}}}}")
    assert len(turns) >= 3000 * (steps + 1) // 1000
