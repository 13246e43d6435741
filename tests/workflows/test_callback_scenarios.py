"""What happens to callbacks, as the callers and the workflow see it, whether it is in memory or not."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import flask
import pytest
from flask.testing import FlaskClient

from local.clock import Clock
from local.workflows import Runtime, engine
from local.workflows.api import blueprint

from .conftest import until

OPEN = "- open: {call: events.create_callback_endpoint, result: cb}"
WAIT = """
- wait: {call: events.await_callback, args: {callback: '${cb}', timeout: 60}, result: got}
- r: {return: '${got.http_request.body}'}
"""
NAP = "- nap: {call: sys.sleep, args: {seconds: 30}}"
TIMED = """
- wait:
    try: {call: events.await_callback, args: {callback: '${cb}', timeout: 60}, result: got}
    except: {as: e, steps: [{late: {return: '${e.tags[0]}'}}]}
- r: {return: '${got.http_request.body}'}
"""


class Stage:
    """One execution, its callers, and the hand that restarts the machine and moves its clock."""

    def __init__(self, start: Callable[..., Runtime], clock: Clock) -> None:
        self._start = start
        self.clock = clock
        self.restart()
        self.execution = ""

    def restart(self) -> None:
        self.runtime = self._start(clock=self.clock)
        app = flask.Flask("callers")
        app.register_blueprint(blueprint(self.runtime, lambda _: None))
        self.client: FlaskClient = app.test_client()
        self.settle()

    def settle(self) -> None:
        until(self.runtime.idle)

    def play(self, *steps: str) -> None:
        self.runtime.deploy("w", "\n".join(step.strip() for step in steps))
        self.execution = self.runtime.execute("w", None)
        self.settle()
        self.paths = self.listed()

    def listed(self) -> list[str]:
        callbacks = self.runtime.views.callbacks(self.execution, "w")["callbacks"]
        return ["/v1/" + callback["name"] for callback in callbacks]

    def shown(self) -> tuple[int, int]:
        [callback] = self.runtime.views.callbacks(self.execution, "w")["callbacks"]
        return int(callback["waiters"]), len(callback["availablePayloads"])

    def call(self, body: Any = None, method: str = "POST", at: int = 0, **more: Any) -> int:
        more = more or {"json": body}
        code = self.client.open(self.paths[at], method=method, **more).status_code
        self.settle()
        return code

    def later(self, seconds: float) -> None:
        self.clock.jump(self.clock.now() + timedelta(seconds=seconds))
        self.settle()

    @property
    def result(self) -> Any:
        found = self.runtime.wait(self.execution, 5)
        assert found["state"] == "SUCCEEDED", found
        return json.loads(found["result"])


@pytest.fixture(params=["in memory", "at rest"])
def stage(
    request: pytest.FixtureRequest,
    start: Callable[..., Runtime],
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
) -> Stage:
    if request.param == "at rest":
        monkeypatch.setattr(engine, "_LIVES_MAX", 0)
    return Stage(start, clock)


def test_a_call_wakes_who_waits(stage: Stage) -> None:
    stage.play(OPEN, WAIT)
    assert stage.shown() == (1, 0)
    assert stage.call("yes") == 200
    assert stage.result == "yes"


def test_a_call_before_the_wait_is_kept(stage: Stage) -> None:
    stage.play(OPEN, NAP, WAIT)
    assert stage.call("early") == 200
    assert stage.shown() == (0, 1)
    stage.later(31)
    assert stage.result == "early"


def test_a_kept_call_survives_a_restart(stage: Stage) -> None:
    stage.play(OPEN, NAP, WAIT)
    assert stage.call("early") == 200
    stage.restart()
    stage.later(31)
    assert stage.result == "early"


def test_a_second_call_before_the_first_was_used_is_too_much(stage: Stage) -> None:
    stage.play(OPEN, NAP, WAIT)
    assert [stage.call("first"), stage.call("second")] == [200, 429]
    stage.restart()
    assert stage.call("third") == 429
    stage.later(31)
    assert stage.result == "first"


def test_once_the_first_was_used_a_second_is_taken(stage: Stage) -> None:
    again = WAIT.replace("wait:", "one:", 1).split("- r:", maxsplit=1)[0]
    stage.play(OPEN, again, NAP, WAIT)
    assert [stage.call("first"), stage.call("second"), stage.call("third")] == [200, 200, 429]
    stage.later(31)
    assert stage.result == "second"


def test_one_endpoint_serves_round_after_round(stage: Stage) -> None:
    stage.play(
        OPEN,
        "- init: {assign: [{all: []}]}",
        """
- rounds:
    for:
      value: i
      range: [1, 3]
      steps:
        - wait: {call: events.await_callback, args: {callback: '${cb}'}, result: got}
        - keep: {assign: [{all: '${list.concat(all, got.http_request.body)}'}]}
- r: {return: '${all}'}
""",
    )
    for number in (1, 2, 3):
        assert stage.call(number) == 200
    assert stage.result == [1, 2, 3]


def test_after_the_end_there_is_no_callback(stage: Stage) -> None:
    stage.play(OPEN, WAIT)
    assert [stage.call("yes"), stage.call("again")] == [200, 404]
    stage.restart()
    assert stage.call("again") == 404
    assert stage.result == "yes"


def test_a_name_nobody_was_told_is_no_callback(stage: Stage) -> None:
    stage.play(OPEN, WAIT)
    stage.paths.append(stage.paths[0][:-1] + "!")
    assert [stage.call("guess", at=1), stage.call("yes")] == [404, 200]


def test_another_method_is_refused_and_changes_nothing(stage: Stage) -> None:
    stage.play(OPEN, WAIT)
    for method in ("GET", "PUT", "DELETE", "PATCH"):
        assert stage.call(method=method) == 405
    assert stage.shown() == (1, 0)
    assert stage.call("yes") == 200


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH"])
def test_an_endpoint_takes_the_method_it_was_opened_for(stage: Stage, method: str) -> None:
    opened = OPEN.replace("result", f"args: {{http_callback_method: {method}}}, result")
    wait = WAIT.replace("http_request.body", "http_request.method")
    stage.play(opened, wait)
    assert [stage.call(), stage.call(method=method)] == [405, 200]
    assert stage.result == method


def test_nobody_calls_in_time(stage: Stage) -> None:
    stage.play(OPEN, TIMED)
    stage.later(61)
    assert stage.result == "TimeoutError"
    assert stage.call("late") == 404


def test_the_time_runs_on_while_the_machine_is_off(stage: Stage) -> None:
    stage.play(OPEN, TIMED)
    stage.later(40)
    stage.restart()
    assert stage.shown() == (1, 0)
    stage.runtime.stop()
    stage.clock.jump(stage.clock.now() + timedelta(seconds=21))
    stage.restart()
    assert stage.result == "TimeoutError"


def test_a_call_after_the_time_is_kept_for_the_next_wait(stage: Stage) -> None:
    first = TIMED.split("- r:", maxsplit=1)[0].replace("wait:", "first:", 1)
    first = first.replace(
        "{late: {return: '${e.tags[0]}'}}", "{nap: {call: sys.sleep, args: {seconds: 30}}}"
    )
    stage.play(OPEN, first, WAIT)
    stage.later(61)
    assert stage.shown() == (0, 0)
    assert stage.call("late") == 200
    stage.restart()
    stage.later(31)
    assert stage.result == "late"


def test_waits_in_parallel_are_served_in_order(stage: Stage) -> None:
    stage.play(
        OPEN,
        "- init: {assign: [{all: []}]}",
        """
- p:
    parallel:
      shared: [all]
      for:
        value: name
        in: [a, b]
        steps:
          - wait: {call: events.await_callback, args: {callback: '${cb}'}, result: got}
          - keep: {assign: [{all: '${list.concat(all, name + got.http_request.body)}'}]}
- r: {return: '${all}'}
""",
    )
    assert stage.shown() == (2, 0)
    assert stage.call("1") == 200
    stage.restart()
    assert stage.shown() == (1, 0)
    assert stage.call("2") == 200
    assert stage.result == ["a1", "b2"]


def test_two_endpoints_are_answered_in_any_order(stage: Stage) -> None:
    second = OPEN.replace("open", "open2").replace("cb", "other")
    stage.play(
        OPEN,
        second,
        WAIT.split("- r:", maxsplit=1)[0],
        """
- wait2: {call: events.await_callback, args: {callback: '${other}'}, result: more}
- r: {return: ['${got.http_request.body}', '${more.http_request.body}']}
""",
    )
    assert [stage.call("two", at=1), stage.call("one", at=0)] == [200, 200]
    assert stage.result == ["one", "two"]


def test_a_callback_of_another_execution_cannot_be_awaited(stage: Stage) -> None:
    stage.play(OPEN, WAIT)
    stage.play(
        f"- cb: {{assign: [{{cb: {{url: 'http://127.0.0.1{stage.paths[0]}'}}}}]}}",
        TIMED,
    )
    assert stage.result == "ValueError"


def test_a_cancelled_execution_takes_no_calls(stage: Stage) -> None:
    stage.play(OPEN, WAIT)
    stage.runtime.cancel(stage.execution)
    assert stage.call("yes") == 404
    assert stage.listed() == []


@pytest.mark.parametrize(("early", "expected"), [(False, "TimeoutError"), (True, "there")])
def test_a_wait_of_no_time_only_looks(stage: Stage, early: bool, expected: str) -> None:
    stage.play(OPEN, NAP, TIMED.replace("timeout: 60", "timeout: 0"))
    if early:
        assert stage.call("there") == 200
    stage.later(31)
    assert stage.result == expected


def test_a_wait_can_be_retried(stage: Stage) -> None:
    stage.play(
        OPEN,
        """
- wait:
    try: {call: events.await_callback, args: {callback: '${cb}', timeout: 60}, result: got}
    retry: {predicate: '${retry.always}', max_retries: 2, backoff: {initial_delay: 5}}
- r: {return: '${got.http_request.body}'}
""",
    )
    stage.later(61)
    stage.later(6)
    assert stage.shown() == (1, 0)
    assert stage.call("second") == 200
    assert stage.result == "second"


def test_a_subworkflow_waits_for_its_callers_callback(stage: Stage) -> None:
    stage.play(
        """
main:
  steps:
    - open: {call: events.create_callback_endpoint, result: cb}
    - r: {return: '${"got " + asked(cb)}'}
asked:
  params: [cb]
  steps:
    - wait: {call: events.await_callback, args: {callback: '${cb}'}, result: got}
    - r: {return: '${got.http_request.body}'}
"""
    )
    stage.restart()
    assert stage.call("it") == 200
    assert stage.result == "got it"
