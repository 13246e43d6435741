"""What Python would raise is an error that the workflow can handle, and what would be too large is never built."""

import json
import textwrap
import time
import tracemalloc
from types import SimpleNamespace
from typing import Any

import flask
import pytest

from local.clock import Clock
from local.workflows import Runtime, memory
from local.workflows.boundary import within
from local.workflows.errors import DivergenceError, Fatal, LoadError, Raised
from local.workflows.history import Recorder
from local.workflows.interpreter import Machine
from local.workflows.loader import load
from local.workflows.outcomes import unhandled
from local.workflows.strands import Strand
from local.workflows.values import (
    MEMORY_LIMIT,
    STRING_LIMIT,
    from_json,
    measured,
    room,
    size,
    to_json,
)

from .conftest import Failed, Web, outcome

CAUGHT = """
main:
  params: [a]
  steps:
    - t:
        try: {steps: STEPS}
        except: {as: e, steps: [{handled: {return: "${e.tags[0]}"}}]}
    - done: {return: went on}
"""


def caught(runtime: Runtime, steps: list[Any], argument: object = None) -> Any:
    """Run steps in a `try`; return the tag of their error."""
    return outcome(runtime, CAUGHT.replace("STEPS", json.dumps(steps)), argument)


DEEP = [
    {"a": {"assign": [{"l": []}]}},
    {
        "b": {
            "for": {
                "value": "v",
                "range": [1, 7000],
                "steps": [{"c": {"assign": [{"l": ["${l}"]}]}}],
            }
        }
    },
]


@pytest.mark.parametrize(
    ("step", "tag"),
    [
        ({"call": "http.get", "args": {"url": "http://127.0.0.1:9", "body": "${l}"}}, "Recursion"),
        ({"assign": [{"x": "${l == l}"}]}, "Recursion"),
        ({"assign": [{"x": "${json.encode_to_string(l)}"}]}, "Recursion"),
    ],
    ids=["request", "operator", "function"],
)
def test_values_nested_too_deeply_are_an_error_to_handle(
    shared_runtime: Runtime, step: Any, tag: str
) -> None:
    assert caught(shared_runtime, [*DEEP, {"d": step}]) == f"{tag}Error"


@pytest.mark.parametrize(
    ("policy", "tag"),
    [
        ({"max_retries": '${double("inf")}'}, "ValueError"),
        ({"max_retries": '${double("nan")}'}, "ValueError"),
        ({"max_retries": "${[1]}"}, "TypeError"),
        ("${1}", "TypeError"),
        ({"predicate": "${1}"}, "TypeError"),
    ],
)
def test_a_retry_policy_of_anything_is_an_error_to_handle(
    shared_runtime: Runtime, policy: Any, tag: str
) -> None:
    failing = {"assign": [{"x": "${1 / 0}"}]}
    assert caught(shared_runtime, [{"again": {"try": failing, "retry": policy}}]) == tag


def test_half_a_surrogate_pair_goes_through_and_is_no_text(shared_runtime: Runtime) -> None:
    given = {"note": "\ud800"}
    assert (
        outcome(shared_runtime, "main: {params: [a], steps: [{r: {return: '${a}'}}]}", given)
        == given
    )
    steps = [{"s": {"assign": [{"x": "${text.to_upper(a.note)}"}]}}]
    assert caught(shared_runtime, steps, given) == "ValueError"


def test_each_kind_of_exception_has_an_error_of_the_language() -> None:
    def fails(error: Exception) -> None:
        raise error

    for error, tag in (
        (TypeError("secret"), "TypeError"),
        (AttributeError("secret"), "TypeError"),
        (ValueError("secret"), "ValueError"),
        (UnicodeEncodeError("utf-8", "secret", 0, 1, "secret"), "ValueError"),
        (OverflowError("secret"), "ValueError"),
        (ZeroDivisionError("secret"), "ZeroDivisionError"),
        (KeyError("secret"), "KeyError"),
        (IndexError("secret"), "IndexError"),
        (RecursionError("secret"), "RecursionError"),
        (OSError("secret"), "SystemError"),
    ):
        with pytest.raises(Raised) as found:
            within("f", fails, error)
        assert found.value.value["tags"][0] == tag
        assert "secret" not in found.value.message
    with pytest.raises(Fatal):
        within("f", fails, MemoryError())
    # What the engine says to itself is not the workflow's to handle.
    with pytest.raises(DivergenceError):
        within("f", fails, DivergenceError("x"))


def test_a_value_that_holds_itself_many_times_is_refused_at_once() -> None:
    value: Any = [1]
    for _ in range(60):
        value = [value, value]
    started = time.process_time()
    assert size(value) > MEMORY_LIMIT
    for walk in (measured, to_json):
        with pytest.raises(Fatal):
            walk(value)
    assert time.process_time() - started < 5


def test_there_is_room_up_to_the_limits_and_no_more() -> None:
    room(STRING_LIMIT)
    room(MEMORY_LIMIT, list)
    with pytest.raises(Fatal) as string:
        room(STRING_LIMIT + 1)
    with pytest.raises(Fatal) as value:
        room(MEMORY_LIMIT + 1, list)
    assert string.value.value["tags"] == ["ResourceLimitError"]
    assert value.value.value["tags"] == ["MemoryLimitExceededError"]


@pytest.mark.parametrize("text", ["NaN", "-Infinity", "1e999", "1" + "0" * 400])
def test_numbers_that_no_json_has_are_no_json(text: str) -> None:
    with pytest.raises(ValueError, match=r"JSON|double"):
        from_json(text)


LARGE = json.dumps([1] * 450_000, separators=(",", ":"))


@pytest.mark.parametrize("result", ["", ", result: got"], ids=["not kept", "kept"])
def test_an_answer_that_no_step_keeps_takes_no_room(
    runtime: Runtime, web: Web, result: str
) -> None:
    web.answers["large"] = lambda: flask.Response(LARGE, mimetype="application/json")
    source = (
        f"- a: {{call: http.get, args: {{url: '{web.url}/large'}}{result}}}\n- b: {{return: 1}}"
    )
    runtime.deploy("large", source)
    execution = runtime.execute("large", None)
    found = runtime.wait(execution, 20)
    [operation] = runtime.views.operations(execution)
    if result:
        assert json.loads(found["error"]["payload"])["tags"] == ["ResourceLimitError"]
    else:
        assert found["state"] == "SUCCEEDED"
    assert len(operation["value"]) < 200


def test_a_loop_that_doubles_what_it_holds_ends_at_the_limit(shared_runtime: Runtime) -> None:
    steps = [
        {"a": {"assign": [{"x": [1]}, {"y": 0}]}},
        {"b": {"assign": [{"x": ["${x}", "${x}"]}, {"y": "${y + 1}"}], "next": "b"}},
    ]
    with pytest.raises(Failed) as found:
        caught(shared_runtime, steps)
    assert found.value.payload["tags"] == ["MemoryLimitExceededError"]


PASSED_ON = """
main:
  params: [a]
  steps:
    - before: {assign: [{x: null}, {m: null}, {l: null}]}
    - loop:
        for:
          value: v
          range: [1, 25]
          steps:
            - keep: {assign: [{x: '${a}'}, {m: {of: '${x}'}}, {m.n: '${v}'}, {x: '${m.of}'}]}
            - give: {call: same, args: {it: '${x}'}, result: x}
            - each: {switch: [{condition: '${len(x) > 0}', assign: [{l: ['${x}']}, {x: '${l[0]}'}]}]}
            - safe: {try: {assign: [{x: '${map.get(m, "of")}'}]}, except: {as: e, steps: [{again: {raise: '${e}'}}]}}
    - last: {return: '${x}'}
same:
  params: [it]
  steps:
    - back: {return: '${it}'}
"""


def test_two_megabytes_that_go_through_a_hundred_steps_are_never_copied(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # The limit of the language is a quarter of it.
    monkeypatch.setattr(memory, "MEMORY_LIMIT", 2**40)
    program = load(PASSED_ON, "f")
    tracemalloc.start()
    given = list(range(300, 60_300))
    held = tracemalloc.get_traced_memory()[0]
    machine = Machine(program, Recorder(Clock().microseconds, 0, (), parts=True))
    running = machine.main(given, Strand("0", lambda _: None))  # type: ignore[arg-type, return-value]
    with pytest.raises(StopIteration) as ended:
        while True:
            next(running)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert ended.value.value is given
    assert machine.steps > 100
    assert held > 2_000_000
    assert peak < 2 * held


def test_a_list_that_grows_to_the_limit_takes_as_long_as_its_elements() -> None:
    """Measuring the variables must not make of a loop what takes the square of its length."""
    source = """
    - a: {assign: [{x: '${a}'}]}
    - b: {for: {value: v, range: [1, COUNT], steps: [{c: {assign: [{y: '${v}'}]}}]}}
    """
    steps = textwrap.dedent(source).replace("\n", "\n    ")

    def taken(size: int, count: int) -> float:
        program = load(f"main:\n  params: [a]\n  steps:{steps}".replace("COUNT", str(count)), "f")
        machine = Machine(program, Recorder(Clock().microseconds, 0, (), parts=True))
        live: Any = SimpleNamespace(replaying=False)
        # Two variables hold it.
        running = machine.main([1] * (size // 2), Strand("0", lambda _: live))
        began = time.thread_time()
        for _ in running:
            pass
        return time.thread_time() - began

    # Twice as many steps beside a variable at the limit take twice as long, and little longer than beside a small one.
    # The least of three, as whoever is interrupted takes longer.
    few, many, small = (
        min(taken(size, count) for _ in range(3))
        for size, count in [(60_000, 5000), (60_000, 10_000), (10, 10_000)]
    )
    assert many < 4 * few
    assert many < 3 * small + 0.5


@pytest.mark.parametrize("tags", [7, True, "Mine", {"Mine": 1}, None, [["a"]]])
def test_an_error_with_any_tags_leaves_a_parallel_step(shared_runtime: Runtime, tags: Any) -> None:
    raising = {"one": {"steps": [{"r": {"raise": "${a}"}}]}}
    other = {"two": {"steps": [{"q": {"assign": [{"z": 1}]}}]}}
    steps = [{"p": {"parallel": {"branches": [raising, other]}}}]
    assert caught(shared_runtime, steps, {"message": "m", "tags": tags}) == "UnhandledBranchError"


def test_the_tags_of_all_branches_together_are_bounded() -> None:
    failure = Raised({"message": "m", "tags": [str(n) for n in range(30_000)]})
    with pytest.raises(Fatal, match="a million tags"):
        unhandled([("0", failure)] * 100_000)


@pytest.mark.parametrize(
    "source",
    [
        r'- "a\ud800": {return: 1}',
        r'- a: {parallel: {branches: [{"b\ud800": {steps: [c: {assign: [x: 1]}]}}, {d: {steps: [c: {assign: [y: 1]}]}}]}}',
        r'- a: {assign: [m: {"\ud800": 1}]}',
        r'- a: {return: 1, next: "\ud800"}',
        r'- a: {call: "\ud800"}',
        r'- a: {assign: ["x\ud800": 1]}',
    ],
)
def test_a_name_that_no_text_can_hold_is_refused_with_the_source(source: str) -> None:
    with pytest.raises(LoadError):
        load(source, "f.yaml", anew=True)
