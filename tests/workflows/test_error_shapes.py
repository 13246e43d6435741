"""
What an error looks like from outside, and where in the source it says that it happened.

The pages show three: an expression that fails (docs/access-execution-results), an execution that another one
started (docs/tutorials/execute-workflows-parallel), and a raised string (there too). The position of an
expression is that of `${…}`; of anything else, that of the keyword of what failed.
"""

import json
import textwrap
from dataclasses import dataclass
from typing import Any

import pytest

from local.workflows import Runtime

from .conftest import Failed, ended, outcome

Place = tuple[str, str, int, int, int]


@dataclass(frozen=True)
class Shape:
    """A source, and the error that it ends with: its first line, its payload, and step, routine, line, column and length."""

    source: str
    first: str
    payload: Any
    places: tuple[Place, ...]


def at(step: str, line: int, column: int, length: int, routine: str = "main") -> Place:
    return step, routine, line, column, length


IN = "The argument of 'in' must be a dict or an array; got: null"
SHAPES = {
    # docs/access-execution-results: column 26, length 24, and its line in the context.
    "an_expression": Shape(
        """\
        main:
            params: [input]
            steps:
            - checkSearchTermInInput:
                switch:
                    - condition: ${"searchTerm" in input}
                      return: 1
        """,
        IN,
        {"message": IN, "tags": ["TypeError"]},
        (at("checkSearchTermInInput", 6, 26, 24),),
    ),
    # docs/tutorials/execute-workflows-parallel, the child: line 18 is that of the keyword.
    "a_raised_string": Shape(
        """\
        main:
          params: [args]
          steps:
            - init:
                assign:
                - iteration: 2
            - wait:
                call: sys.sleep
                args:
                  seconds: 0
            - check_iteration_even_or_odd:
                switch:
                - condition: ${iteration % 2 == 0}
                  next: raise_error
            - return_message:
                return: ${"Hello world" + iteration}
            - raise_error:
                raise: ${"Error with iteration " + iteration}
        """,
        'RuntimeError: "Error with iteration 2"',
        "Error with iteration 2",
        (at("raise_error", 18, 9, 5),),
    ),
    "a_raised_map_with_a_message": Shape(
        "- step_a:\n    raise: {code: 55, message: Something went wrong.}",
        "Something went wrong.",
        {"code": 55, "message": "Something went wrong."},
        (at("step_a", 2, 5, 5),),
    ),
    # Chosen: what has no message is shown whole, as a raised string is.
    "a_raised_map_without_one": Shape(
        "- step_a:\n    raise: {b: 1, a: [2]}",
        'RuntimeError: {"a":[2],"b":1}',
        {"a": [2], "b": 1},
        (at("step_a", 2, 5, 5),),
    ),
    # syntax/raising-errors: an error is a string or a map.
    "a_raised_number": Shape(
        "- step_a:\n    raise: 5",
        "raise needs a string or a map; got: integer",
        {"message": "raise needs a string or a map; got: integer", "tags": ["TypeError"]},
        (at("step_a", 2, 5, 5),),
    ),
    "a_call_itself": Shape(
        "- s:\n    try:\n      call: sys.sleep\n      args: {seconds: -1}\n    retry: ${http.default_retry}",
        "seconds must lie between 0 and 31536000 seconds",
        {"message": "seconds must lie between 0 and 31536000 seconds", "tags": ["ValueError"]},
        (at("s", 3, 7, 4),),
    ),
    "an_argument_of_a_call": Shape(
        "- s:\n    call: sys.sleep\n    args: {seconds: '${1 / 0}'}",
        "division by zero",
        {"message": "division by zero", "tags": ["ZeroDivisionError"]},
        (at("s", 3, 21, 8),),
    ),
    # Public captures of the log have both tags, and the first in the message.
    "a_key_that_is_not_there": Shape(
        "- s:\n    assign:\n      - m: {a: 1}\n      - x: ${m.taskCount}",
        "KeyError: key not found: taskCount",
        {"message": "KeyError: key not found: taskCount", "tags": ["KeyError", "LookupError"]},
        (at("s", 4, 12, 14),),
    ),
    "routines_innermost_first": Shape(
        """\
        main:
          steps:
            - outer:
                call: f
        f:
          steps:
            - inner:
                return: ${g()}
        g:
          steps:
            - innermost:
                for: {value: v, in: [1], steps: [{a: {assign: [{x: '${v / 0}'}]}}]}
        """,
        "division by zero",
        {"message": "division by zero", "tags": ["ZeroDivisionError"]},
        (
            at("a", 12, 60, 8, "g"),
            at("inner", 8, 17, 6, "f"),
            at("outer", 4, 9, 4),
        ),
    ),
}


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_an_uncaught_error_has_the_documented_shape(shared_runtime: Runtime, shape: Shape) -> None:
    error = ended(shared_runtime, shape.source)["error"]
    lines = [
        f'in step "{step}", routine "{routine}", line: {line}'
        for step, routine, line, *_ in shape.places
    ]
    assert error["context"] == "\n".join([shape.first, *lines])
    assert json.loads(error["payload"]) == shape.payload
    assert error["stackTrace"]["elements"] == [
        {
            "step": step,
            "routine": routine,
            "position": {"line": str(line), "column": str(column), "length": str(length)},
        }
        for step, routine, line, column, length in shape.places
    ]


def test_an_execution_that_ended_shows_its_last_step(shared_runtime: Runtime) -> None:
    found = ended(shared_runtime, SHAPES["an_expression"].source)
    assert found["status"] == {
        "currentSteps": [{"routine": "main", "step": "checkSearchTermInInput"}]
    }


RUN = "googleapis.workflowexecutions.v1.projects.locations.workflows.executions.run"


@pytest.mark.parametrize(
    ("function", "tag"),
    [(RUN, "OperationError"), ("experimental.executions.run", "ExecutionError")],
)
def test_a_failed_child_is_told_whole(shared_runtime: Runtime, function: str, tag: str) -> None:
    child = textwrap.dedent(SHAPES["a_raised_string"].source)
    shared_runtime.deploy("workflow-child", child)
    step = {"call": function, "args": {"workflow_id": "workflow-child", "argument": {"i": 2}}}
    with pytest.raises(Failed) as failed:
        outcome(shared_runtime, json.dumps([{"run": step}]))
    assert failed.value.error["context"].startswith("Execution failed or cancelled.\nin step")
    error = failed.value.payload
    assert (error["message"], error["tags"]) == ("Execution failed or cancelled.", [tag])
    operation = error["operation"]
    assert (operation["argument"], operation["state"]) == ('{"i":2}', "FAILED")
    assert operation["name"].startswith("projects/local/locations/local/workflows/workflow-child/")
    assert operation["workflowRevisionId"].startswith("000001-")
    assert operation["startTime"] <= operation["endTime"]
    assert operation["duration"].endswith("s")
    assert operation["error"] == {
        "payload": '"Error with iteration 2"',
        "context": 'RuntimeError: "Error with iteration 2"\nin step "raise_error", routine "main", line: 18',
        "stackTrace": {
            "elements": [
                {
                    "step": "raise_error",
                    "routine": "main",
                    "position": {"line": "18", "column": "9", "length": "5"},
                }
            ]
        },
    }


def test_a_child_that_is_not_there_is_not_found(shared_runtime: Runtime) -> None:
    step = {"call": RUN, "args": {"workflow_id": "nobody"}}
    with pytest.raises(Failed, match="HTTP server responded with error code 404") as failed:
        outcome(shared_runtime, json.dumps([{"run": step}]))
    error = failed.value.payload
    assert error["tags"] == ["HttpError"]
    assert error["body"]["error"] == {
        "code": 404,
        "message": "there is no workflow 'nobody'",
        "status": "NOT_FOUND",
    }


def test_branches_tell_their_errors_as_values(shared_runtime: Runtime) -> None:
    source = """\
    - both:
        parallel:
          branches:
            - one:
                steps:
                  - first:
                      raise: {message: oops, tags: [Mine]}
            - two:
                steps:
                  - second:
                      assign: [{x: 1}]
    """
    with pytest.raises(Failed) as failed:
        outcome(shared_runtime, source)
    sentence = "UnhandledBranchError: One or more branches or iterations encountered an unhandled runtime error"
    assert failed.value.error["context"] == f'{sentence}\nin step "both", routine "main", line: 2'
    assert failed.value.payload == {
        "message": sentence,
        "tags": ["UnhandledBranchError", "Mine"],
        "branches": [
            {
                "id": "one",
                "error": {
                    "context": 'RuntimeError: "branch error"\nin step "first", routine "main", line: 7',
                    "payload": {"message": "oops", "tags": ["Mine"]},
                },
            }
        ],
        "truncated": False,
    }


BYTES = """
main:
  steps:
    - s: {raise: {data: '${base64.decode("AAH/")}', call: '${f}'}}
f: {steps: [{r: {return: 1}}]}
"""


def test_an_error_that_json_has_no_word_for_is_still_json(shared_runtime: Runtime) -> None:
    found = ended(shared_runtime, BYTES)
    assert json.loads(found["error"]["payload"]) == {"data": "AAH/", "call": "f"}


_GET = "call: http.get, args: {url: '%s'}"


@pytest.mark.parametrize(
    ("step", "message"),
    [
        ("assign: [{x: '${json.decode(\"{\")}'}]", "data is not JSON from line 1, column 2"),
        (
            "assign: [{x: '${json.decode(a)}'}]",
            "data is no JSON, or nests or holds what no value can",
        ),
        (
            "assign: [{x: '${base64.decode(\"a\")}'}]",
            "data is not base64 of RFC 4648 section 4",
        ),
        (
            'assign: [{x: \'${text.match_regex("a", "(")}\'}]',
            "not a regular expression of RE2: missing ): (",
        ),
        (
            _GET % "http://127.0.0.1:9/",
            "could not connect (nobody listens there): GET http://127.0.0.1:9/",
        ),
        (
            _GET % "http://nobody.invalid/",
            "could not connect (its name is not known): GET http://nobody.invalid/",
        ),
        (
            _GET % "http://[x/",
            "this request cannot be sent: http://[x/ is no address of HTTP",
        ),
    ],
)
def test_a_message_repeats_nothing_of_python(
    shared_runtime: Runtime, step: str, message: str
) -> None:
    source = f"""
    main:
      params: [a]
      steps:
        - t: {{try: {{{step}}}, except: {{as: e, steps: [{{r: {{return: '${{e.message}}'}}}}]}}}}
    """
    assert outcome(shared_runtime, source, '"\\ud800"') == message
