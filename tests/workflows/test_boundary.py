"""What Python would raise is an error that the workflow can handle, and what would be too large is never built."""

import json
import time
from typing import Any

import pytest

from local.workflows import Runtime
from local.workflows.boundary import within
from local.workflows.errors import DivergenceError, Fatal, Raised
from local.workflows.values import (
    MEMORY_LIMIT,
    STRING_LIMIT,
    from_json,
    measured,
    room,
    size,
    to_json,
)

from .conftest import outcome

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
        ({"max_retries": [1]}, "TypeError"),
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
