"""How errors are raised, retried, handled and reported, and what branches do with them."""

import json
import textwrap
from typing import Any

import pytest

from local.workflows import Runtime

from .conftest import Failed, ended, outcome

PROGRAMS: dict[str, tuple[str, Any, Any]] = {
    "a_raised_string_is_the_error_itself": (
        """
        - t:
            try: {steps: [{x: {raise: boom}}]}
            except: {as: e, steps: [{r: {return: '${e}'}}]}
        """,
        None,
        "boom",
    ),
    "a_raised_map_is_unchanged": (
        """
        - t:
            try: {steps: [{x: {raise: {code: 55, message: mine}}}]}
            except: {as: e, steps: [{s: {switch: [{condition: '${e.code == 55}', return: '${e}'}]}}]}
        """,
        None,
        {"code": 55, "message": "mine"},
    ),
    "an_except_may_jump_out": (
        """
        - t:
            try: {steps: [{x: {raise: boom}}]}
            except: {as: e, steps: [{keep: {assign: [{seen: 1}]}}, {x2: {next: after}}]}
        - between: {return: no}
        - after: {return: yes}
        """,
        None,
        "yes",
    ),
    "an_error_in_a_subworkflow_reaches_the_caller_s_except": (
        """
        main:
          steps:
            - t:
                try: {call: f}
                except: {as: e, steps: [{r: {return: '${e.tags}'}}]}
        f: {steps: [{x: {return: '${1 / 0}'}}]}
        """,
        None,
        ["ZeroDivisionError"],
    ),
    "try_without_error_goes_on": (
        """
        - t:
            try: {steps: [{x: {assign: [{a: 1}]}}]}
            except: {as: e, steps: [{r: {return: no}}]}
        - r2: {return: '${a}'}
        """,
        None,
        1,
    ),
    "a_retry_repeats_the_whole_body": (
        """
        main:
          steps:
            - init: {assign: [{n: 0}]}
            - t:
                try:
                  steps:
                    - count: {assign: [{n: '${n + 1}'}]}
                    - fail: {switch: [{condition: '${n < 3}', raise: again}]}
                retry: {predicate: '${wanted}', max_retries: 5, backoff: {initial_delay: 0.001, max_delay: 1, multiplier: 2}}
            - r: {return: '${n}'}
        wanted:
          params: [e]
          steps: [{r: {return: '${e == "again"}'}}]
        """,
        None,
        3,
    ),
    "retries_end_and_except_sees_the_last_error": (
        """
        - init: {assign: [{n: 0}]}
        - t:
            try:
              steps:
                - count: {assign: [{n: '${n + 1}'}]}
                - fail: {raise: {attempt: '${n}'}}
            retry: {predicate: '${retry.always}', max_retries: 2, backoff: {initial_delay: 0.001, max_delay: 1, multiplier: 1}}
            except: {as: e, steps: [{r: {return: '${e.attempt}'}}]}
        """,
        None,
        3,
    ),
    "a_predicate_may_refuse": (
        """
        - init: {assign: [{n: 0}]}
        - t:
            try: {steps: [{count: {assign: [{n: '${n + 1}'}]}}, {fail: {raise: x}}]}
            retry: {predicate: '${http.default_retry_predicate}', max_retries: 5, backoff: {initial_delay: 1, max_delay: 1, multiplier: 1}}
            except: {steps: [{r: {return: '${n}'}}]}
        """,
        None,
        1,
    ),
    "branches_share_what_they_name": (
        """
        - init: {assign: [{a: 1}, {b: 2}]}
        - p:
            parallel:
              shared: [a, b]
              branches:
                - one: {steps: [{x: {assign: [{a: '${a + 10}'}]}}]}
                - two: {steps: [{y: {assign: [{mine: '${b * 2}'}, {b: '${mine}'}]}}]}
        - r: {return: ['${a}', '${b}']}
        """,
        None,
        [11, 4],
    ),
    "a_parallel_for_sums_exactly": (
        """
        - init: {assign: [{total: 0}]}
        - p:
            parallel:
              shared: [total]
              concurrency_limit: 3
              for:
                value: v
                in: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]
                steps:
                  - nap: {call: sys.sleep, args: {seconds: 0.001}}
                  - add: {assign: [{total: '${total + v}'}]}
        - r: {return: '${total}'}
        """,
        None,
        55,
    ),
    "nested_parallels_join": (
        """
        - init: {assign: [{n: 0}]}
        - p:
            parallel:
              shared: [n]
              for:
                value: x
                range: [1, 25]
                steps:
                  - q:
                      parallel:
                        shared: [n]
                        for: {value: y, in: [1, 2], steps: [{nap: {call: sys.sleep, args: {seconds: 0}}}, {add: {assign: [{n: '${n + 1}'}]}}]}
        - r: {return: '${n}'}
        """,
        None,
        50,
    ),
    "an_empty_parallel_for_goes_on": (
        "- p: {parallel: {for: {value: v, in: [], steps: [{a: {assign: [{x: 1}]}}]}}}\n- r: {return: 1}",
        None,
        1,
    ),
    "all_branches_finish_before_their_errors_are_raised": (
        """
        - init: {assign: [{n: 0}]}
        - t:
            try:
              steps:
                - p:
                    parallel:
                      shared: [n]
                      branches:
                        - bad: {steps: [{x: {raise: {message: oops, tags: [Mine]}}}]}
                        - good: {steps: [{nap: {call: sys.sleep, args: {seconds: 0.01}}}, {add: {assign: [{n: 1}]}}]}
            except: {as: e, steps: [{r: {return: ['${n}', '${e.tags}', '${len(e.branches)}', '${e.branches[0].id}', '${e.branches[0].error.payload.message}', '${e.truncated}']}}]}
        """,
        None,
        [1, ["UnhandledBranchError", "Mine"], 1, "bad", "oops", False],
    ),
}


@pytest.mark.parametrize("claim", PROGRAMS)
def test(claim: str, shared_runtime: Runtime) -> None:
    source, argument, expected = PROGRAMS[claim]
    assert outcome(shared_runtime, source, argument) == expected


FAILURES: dict[str, tuple[str, str]] = {
    "a_condition_must_be_a_boolean": ("- s: {switch: [{condition: 1, return: 1}]}", "TypeError"),
    "in_must_be_a_list": (
        "- s: {for: {value: v, in: '${1}', steps: [{a: {assign: [{x: 1}]}}]}}",
        "TypeError",
    ),
    "writing_past_a_list_s_end": ("- a: {assign: [{l: [1]}, {'l[1]': 2}]}", "IndexError"),
    "a_variable_not_yet_assigned": (
        "- s: {switch: [{condition: false, assign: [{x: 1}]}]}\n- r: {return: '${x}'}",
        "KeyError",
    ),
    "calls_nested_too_deeply": (
        "main: {steps: [{r: {return: '${f(1)}'}}]}\nf: {params: [n], steps: [{r: {return: '${f(n + 1)}'}}]}",
        "RecursionError",
    ),
    "parallels_nested_too_deeply": (
        """
        main: {steps: [{p: {parallel: {for: {value: v, in: [1], steps: [{q: {parallel: {for: {value: w, in: [1], steps: [{c: {call: f}}]}}}}]}}}}]}
        f: {steps: [{p: {parallel: {for: {value: v, in: [1], steps: [{a: {assign: [{x: 1}]}}]}}}}]}
        """,
        "ParallelNestingError",
    ),
    "bytes_are_no_result": ("- r: {return: '${text.encode(\"x\")}'}", "TypeError"),
}


@pytest.mark.parametrize("claim", FAILURES)
def test_fails(claim: str, shared_runtime: Runtime) -> None:
    source, tag = FAILURES[claim]
    with pytest.raises(Failed) as caught:
        outcome(shared_runtime, source)
    assert tag in caught.value.payload["tags"]


@pytest.mark.parametrize(
    "source",
    [
        "- a: {assign: [{x: 0}]}\n- b: {assign: [{x: '${x + 1}'}], next: b}",
        """
        - a: {assign: [{s: "0123456789012345678901234567890123456789"}]}
        - b: {assign: [{s: '${s + s}'}], next: b}
        """,
        """
        - a: {assign: [{l: []}, {s: "0123456789012345678901234567890123456789"}]}
        - b: {assign: [{l: '${list.concat(l, s)}'}], next: b}
        """,
    ],
    ids=["steps", "string", "memory"],
)
def test_a_passed_limit_cannot_be_caught(shared_runtime: Runtime, source: str) -> None:
    indented = "\n".join(" " * 12 + line for line in textwrap.dedent(source).splitlines())
    program = (
        f"- t:\n    try:\n        steps:\n{indented}\n"
        "    except: {as: e, steps: [{r: {return: caught}}]}"
    )
    found = ended(shared_runtime, program)
    assert found["state"] == "FAILED"
    tags = json.loads(found["error"]["payload"])["tags"]
    assert tags[0] in {"ResourceLimitError", "MemoryLimitExceededError"}


def test_an_uncaught_error_says_where_it_happened(shared_runtime: Runtime) -> None:
    found = ended(
        shared_runtime,
        """\
        main:
          steps:
            - outer:
                call: f
        f:
          steps:
            - first: {assign: [{x: 1}]}
            - inner: {return: '${x / 0}'}
        """,
    )
    error: dict[str, Any] = found["error"]
    assert error["context"] == (
        'division by zero\nin step "inner", routine "f", line: 8\n'
        'in step "outer", routine "main", line: 4'
    )
    assert json.loads(error["payload"])["tags"] == ["ZeroDivisionError"]
    places = [(e["step"], e["routine"]) for e in error["stackTrace"]["elements"]]
    assert places == [("inner", "f"), ("outer", "main")]
    assert error["stackTrace"]["elements"][0]["position"]["line"] == "8"
