"""
Nothing that a workflow is given wedges it: every call comes to a value of the language or to an error of it.

`FUZZED_CALLS` and `SEED` say how many calls are made, and which; `python -m benchmarks.fuzz_workflows` makes a million, and
`python -m benchmarks.fuzz_errors` raises and answers 200,000 values.
"""

import json
import os
import random
import resource
import sys
from pathlib import Path

from benchmarks.fuzz_errors import Errors
from benchmarks.fuzz_workflows import Fuzz, Values
from local.clock import Clock
from local.workflows import Home, Runtime
from local.workflows.errors import Failure
from local.workflows.functions import FUNCTIONS, REQUIRED
from local.workflows.values import from_json, to_json

CALLS = int(os.environ.get("FUZZED_CALLS", "6000"))
SEED = int(os.environ.get("SEED", "1"))
EXECUTIONS = 40


def test_every_call_comes_to_a_value_or_an_error_of_the_language() -> None:
    found = Fuzz(SEED).run(CALLS)
    sys.stdout.write(f"{found.calls} calls: {found.values} values, {dict(found.tags)}")
    assert found.flaws == []
    assert found.values > CALLS // 10
    assert set(found.tags) >= {"TypeError", "ValueError"}


def test_whoever_walks_through_a_value_measures_it_first() -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    found = Fuzz(SEED).share()
    taken_mb = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024
    sys.stdout.write(
        f"{found.calls} calls, {taken_mb} MB; {found.slowest_s:.2f} s: {found.slowest}"
    )
    assert found.flaws == []
    assert found.slowest_s < 1
    assert taken_mb < 200


def test_whatever_is_raised_is_handled_retried_or_told() -> None:
    found = Errors(SEED).run("raise", CALLS // 5)
    sys.stdout.write(f"{found.calls} raised: {dict(found.tags)}")
    assert found.flaws == []


def test_whatever_a_service_answers_who_polls_ends_or_asks_again() -> None:
    found = Errors(SEED).run("poll", CALLS // 5)
    sys.stdout.write(f"{found.calls} polled: {found.values} ended, {dict(found.tags)}")
    assert found.flaws == []
    assert found.values > 0
    assert set(found.tags) >= {"ResponseTypeError", "OperationError", "HttpError", "TimeoutError"}


def test_every_execution_ends_whatever_it_is_started_with(tmp_path: Path) -> None:
    values = Values(random.Random(SEED))
    names = [
        name for name, one in sorted(FUNCTIONS.items()) if not one.waits and "sys." not in name
    ]
    runtime = Runtime(tmp_path, clock=Clock(), home=Home(""))
    runtime.start()
    for number in range(EXECUTIONS):
        try:
            argument = from_json(to_json(values.any()))
            runtime.deploy("fuzz", _program(names[number::EXECUTIONS] or names[:1]))
            execution = runtime.execute("fuzz", {"a": argument})
        except (Failure, ValueError):
            continue
        found = runtime.wait(execution, 20)
        assert found["state"] in {"SUCCEEDED", "FAILED"}, found
        assert "a defect of the engine" not in found.get("error", {}).get("payload", "")
    assert runtime.trouble() == ""
    runtime.stop()


def _program(names: list[str]) -> str:
    """Write a workflow that calls functions with its argument, and returns what came of it or the argument."""
    steps = []
    for at, name in enumerate(names):
        needed = [key for key, default in FUNCTIONS[name].parameters.items() if default is REQUIRED]
        call = {"call": name, "args": dict.fromkeys(needed, "${a.a}"), "result": f"r{at}"}
        handled = {"as": "e", "steps": [{f"e{at}": {"assign": [{f"r{at}": "${e}"}]}}]}
        steps.append({f"s{at}": {"try": call, "except": handled}})
    steps.append({"last": {"return": ["${a}", *(f"${{r{at}}}" for at in range(len(names)))]}})
    return json.dumps({"main": {"params": ["a"], "steps": steps}})
