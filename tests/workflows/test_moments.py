"""What the functions of time, of the log and of other executions do beyond their answers."""

import importlib.resources
import json
import logging
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from local.clock import Clock
from local.workflows import Runtime, retries
from local.workflows.functions import FUNCTIONS
from local.workflows.functions.times import time_format, time_parse

from .conftest import Failed, Web, outcome, until
from .test_journal import changed
from .waiting import WAIT, call, waiting

Start = Callable[..., Runtime]

CONNECTOR = "googleapis.workflowexecutions.v1.projects.locations.workflows.executions.run"
SLOW = "- nap: {call: sys.sleep, args: {seconds: 7200}}\n- r: {return: late}"
TWICE = """
main:
  params: [n]
  steps:
    - odd: {switch: [{condition: '${n == 13}', raise: {tags: [Unlucky], message: no}}]}
    - r: {return: '${n * 2}'}
"""


def _each(arguments: str, more: str = "") -> str:
    args = f"{{workflow_id: child, arguments: {arguments}{more}}}"
    return f"""
- all:
    try: {{call: experimental.executions.map, args: {args}, result: found}}
    except: {{as: e, steps: [{{r: {{return: '${{e.tags[0]}}'}}}}]}}
- r2: {{return: '${{found}}'}}
"""


@pytest.mark.parametrize(
    ("severity", "level"),
    [
        ("DEFAULT", logging.INFO),
        ("DEBUG", logging.DEBUG),
        ("INFO", logging.INFO),
        ("NOTICE", logging.INFO),
        ("WARNING", logging.WARNING),
        ("ERROR", logging.ERROR),
        ("CRITICAL", logging.CRITICAL),
        ("ALERT", logging.CRITICAL),
        ("EMERGENCY", logging.CRITICAL),
    ],
)
def test_an_entry_has_the_level_of_its_severity(
    shared_runtime: Runtime, caplog: pytest.LogCaptureFixture, severity: str, level: int
) -> None:
    caplog.set_level("DEBUG", logger="workflows.log")
    source = f"- l: {{call: sys.log, args: {{data: x, severity: {severity}}}}}"
    outcome(shared_runtime, source)
    assert [one.levelno for one in caplog.records if one.name == "workflows.log"] == [level]


@pytest.mark.parametrize(
    ("args", "text"),
    [
        ("{data: words}", "words"),
        ("{data: 1.5}", "1.5"),
        ("{text: true}", "true"),
        ("{text: [1, ä]}", '[1,"ä"]'),
        ("{json: {m: {n: null}}}", '{"m":{"n":null}}'),
        ("[words, ERROR]", "words"),
        ("['${null}', ERROR, '${null}', {m: 1}]", '{"m":1}'),
        (r'{text: "two\nlines"}', r"two\nlines"),
    ],
)
def test_an_entry_says_what_was_given(
    shared_runtime: Runtime, caplog: pytest.LogCaptureFixture, args: str, text: str
) -> None:
    caplog.set_level("INFO", logger="workflows.log")
    outcome(shared_runtime, f"- l: {{call: sys.log, args: {args}}}")
    [line] = [one.getMessage() for one in caplog.records if one.name == "workflows.log"]
    assert line.split(": ", 1)[1] == text


def test_the_delays_are_those_of_the_page() -> None:
    backoff = {"initial_delay": 1, "max_delay": 60, "multiplier": 2}
    policy = retries.policy({"max_retries": 8, "backoff": backoff})
    assert [policy.delay_s(at) for at in range(8)] == [1, 2, 4, 8, 16, 32, 60, 60]
    endless = retries.policy({"backoff": {**backoff, "multiplier": 1e9}})
    assert endless.delay_s(99) == 60
    never = retries.policy({"backoff": {**backoff, "initial_delay": 0, "multiplier": 1e9}})
    assert never.delay_s(99) == 0


def test_what_is_written_in_any_zone_can_be_read() -> None:
    zones = importlib.resources.files("tzdata").joinpath("zones").read_text().split()
    assert len(zones) > 500
    for zone in zones:
        for moment in (-60_000_000_000, -2_500_000_000, 0, 1_720_788_633.25, 250_000_000_000):
            assert time_parse(time_format(moment, zone)) == moment, zone


def test_built_in_variables_cannot_be_set(start: Start) -> None:
    runtime = start(env={"GOOGLE_CLOUD_PROJECT_ID": "other", "OWN": "platform's"})
    names = ("GOOGLE_CLOUD_PROJECT_ID", "GOOGLE_CLOUD_WORKFLOW_ID", "OWN")
    found = ", ".join(f"'${{sys.get_env(\"{name}\")}}'" for name in names)
    env = {"GOOGLE_CLOUD_WORKFLOW_ID": "other", "OWN": "workflow's"}
    runtime.deploy("w", f"- r: {{return: [{found}]}}", env=env)
    result = runtime.wait(runtime.execute("w", None), 5)["result"]
    assert json.loads(result) == ["local", "w", "workflow's"]


def test_who_sleeps_until_a_moment_wakes_at_it(runtime: Runtime, clock: Clock) -> None:
    moment = (clock.now() + timedelta(days=364)).replace(microsecond=0)
    time = moment.strftime("%Y-%m-%dT%H:%M:%S")
    runtime.deploy("w", f"- n: {{call: sys.sleep_until, args: {{time: '{time}.5Z'}}}}")
    execution = runtime.execute("w", None)
    until(runtime.idle)
    assert runtime.next_deadline() == moment.replace(microsecond=500_000)
    clock.jump(moment + timedelta(seconds=1))
    assert runtime.wait(execution, 5)["state"] == "SUCCEEDED"


@pytest.mark.parametrize(
    ("call", "minutes"),
    [
        ("experimental.executions.run, args: {workflow_id: child}", 30),
        ("experimental.executions.map, args: {workflow_id: child, arguments: [1, 2]}", 30),
        (
            "experimental.executions.map, args: {workflow_id: child, arguments: [1], timeout: 60.0}",
            1,
        ),
        (
            f"{CONNECTOR}, args: {{workflow_id: child}}",
            30,
        ),
        (
            f"{CONNECTOR}, args: {{workflow_id: child, connector_params: {{timeout: 600}}}}",
            10,
        ),
    ],
)
def test_a_child_that_takes_too_long_is_not_awaited(
    start: Start, clock: Clock, call: str, minutes: float
) -> None:
    source = f"""
- c:
    try: {{call: {call}}}
    except: {{as: e, steps: [{{r: {{return: '${{e.tags[0]}}'}}}}]}}
"""
    runtime = start()
    runtime.deploy("child", SLOW)
    runtime.deploy("parent", source)
    execution = runtime.execute("parent", None)
    until(runtime.idle)
    runtime = start()
    until(runtime.idle)
    deadline = runtime.next_deadline()
    assert deadline is not None
    assert timedelta(minutes=minutes - 0.5) < deadline - clock.now() < timedelta(minutes=minutes)
    clock.jump(deadline)
    assert json.loads(runtime.wait(execution, 5)["result"]) == "TimeoutError"
    states = [row["state"] for row in runtime.journal.read("SELECT state FROM executions")]
    assert "ACTIVE" in states, "the child goes on"


def test_a_moment_that_is_too_far_away_is_so_after_a_crash(start: Start) -> None:
    runtime = start()
    source = """
- n:
    try: {call: sys.sleep_until, args: {time: '9999-12-31T23:59:59Z'}}
    except: {as: e, steps: [{r: {return: '${e.tags[0]}'}}]}
"""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("local.workflows.operations.Operations.expired", lambda *_: None)
        runtime.deploy("w", source)
        execution = runtime.execute("w", None)
        until(runtime.idle)
        runtime.stop()
    assert json.loads(start().wait(execution, 5)["result"]) == "ValueError"


def test_a_child_that_nobody_awaits_goes_on(runtime: Runtime) -> None:
    args = "{workflow_id: child, argument: 4, connector_params: {skip_polling: true}}"
    call = f"{{call: {CONNECTOR}, args: {args}, result: x}}"
    runtime.deploy("child", SLOW)
    assert outcome(runtime, f"- c: {call}\n- r: {{return: '${{x}}'}}") is None
    until(runtime.idle)
    [child] = runtime.journal.read("SELECT state FROM executions WHERE workflow = 'child'")
    assert child["state"] == "ACTIVE"
    with pytest.raises(Failed) as failed:
        outcome(runtime, f"- c: {call}".replace("child,", "nobody,"))
    assert failed.value.payload["code"] == 404


def test_a_child_that_ended_in_time_is_in_time(start: Start, clock: Clock) -> None:
    runtime = start()
    runtime.deploy("child", SLOW.replace("7200", "60"))
    run = "{call: experimental.executions.run, args: {workflow_id: child}, result: x}"
    runtime.deploy("parent", f"- c: {run}\n- r: {{return: '${{x}}'}}")
    execution = runtime.execute("parent", None)
    until(runtime.idle)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("local.workflows.operations.Operations.child_ended", lambda *_: None)
        clock.jump(clock.now() + timedelta(minutes=2))
        until(runtime.idle)
        runtime.stop()
    clock.jump(clock.now() + timedelta(days=1))
    assert json.loads(start().wait(execution, 5)["result"]) == "late"


def test_executions_that_were_started_together_are_awaited_after_a_restart(
    start: Start, clock: Clock
) -> None:
    source = TWICE.replace(
        "    - r:", "    - nap: {call: sys.sleep, args: {seconds: 60}}\n    - r:"
    )
    runtime = start()
    runtime.deploy("child", source)
    runtime.deploy("parent", _each("[1, 2, 3]"))
    execution = runtime.execute("parent", None)
    until(runtime.idle)
    runtime = start()
    until(runtime.idle)
    clock.jump(clock.now() + timedelta(minutes=2))
    assert json.loads(runtime.wait(execution, 5)["result"]) == [2, 4, 6]
    assert len(runtime.journal.read("SELECT id FROM executions")) == 4


def test_an_execution_starts_for_each_argument(runtime: Runtime) -> None:
    runtime.deploy("child", TWICE)
    many = list(range(50, 75))
    assert outcome(runtime, _each("[3, 1.5, 2]")) == [6, 3.0, 4]
    assert outcome(runtime, _each(json.dumps(many))) == [2 * n for n in many]
    assert outcome(runtime, _each("[1, 13, 2]")) == "ExecutionError"
    ended = [row["state"] for row in runtime.journal.read("SELECT state FROM executions")]
    assert ended.count("FAILED") == 1


def test_what_is_positional_is_in_the_order_of_the_page() -> None:
    parameters = {
        "sys.log": ["data", "severity", "text", "json", "timeout"],
        "sys.get_env": ["name", "default"],
        "events.await_callback": ["callback", "timeout"],
        "experimental.executions.run": ["workflow_id", "location", "project_id", "argument"],
        "experimental.executions.map": [
            "workflow_id",
            "arguments",
            "timeout",
            "location",
            "project_id",
        ],
        "time.format": ["seconds", "timezone"],
    }
    assert {name: list(FUNCTIONS[name].parameters) for name in parameters} == parameters


def test_what_an_earlier_release_began_keeps_its_moments(
    start: Start, web: Web, tmp_path: Path
) -> None:
    source = WAIT.replace(
        "    - r2: {return: '${got.http_request.body}'}",
        """
    - log: {call: sys.log, args: {data: null}}
    - nap: {call: sys.sleep_until, args: {time: 2024-W19-3}}
    - r2: {return: ['${time.format(0, "GMT")}', '${time.parse("2024-05-08")}', '${sys.get_env("X", 1)}']}
""",
    )
    runtime = start()
    execution, url = waiting(runtime, web, source)
    changed(runtime, tmp_path, "UPDATE executions SET engine_version = '1'")
    runtime = start()
    call(runtime, url)
    result = json.loads(runtime.wait(execution, 5)["result"])
    assert result == ["1970-01-01T00:00:00.000000+00:00", 1715126400.0, 1]
