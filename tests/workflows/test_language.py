"""What steps mean."""

from typing import Any

import pytest

from local.workflows import Runtime

from .conftest import outcome

PROGRAMS: dict[str, tuple[str, Any, Any]] = {
    "a_list_of_steps_is_main": ("- r: {return: 1}", None, 1),
    "no_return_is_null": ("- a: {assign: [{x: 1}]}", None, None),
    "main_receives_the_whole_argument": (
        "main:\n  params: [a]\n  steps:\n    - r: {return: '${a}'}",
        {"x": [1, None, 2.5]},
        {"x": [1, None, 2.5]},
    ),
    "an_omitted_argument_is_null": (
        "main:\n  params: [a]\n  steps:\n    - r: {return: '${a == null}'}",
        None,
        True,
    ),
    "assignments_see_the_earlier_ones": (
        "- a: {assign: [{x: 1}, {y: '${x + 1}'}, {x: '${y * 10}'}]}\n- r: {return: ['${x}', '${y}']}",
        None,
        [20, 2],
    ),
    "values_are_copied_not_shared": (
        """
        - a:
            assign:
              - x: {l: [1, 2]}
              - y: ${x}
              - y.l[0]: 9
              - z: ${x.l}
              - z[1]: 8
        - r: {return: ['${x}', '${y}', '${z}']}
        """,
        None,
        [{"l": [1, 2]}, {"l": [9, 2]}, [1, 8]],
    ),
    "targets_may_be_computed": (
        """
        - a:
            assign:
              - m: {}
              - k: b
              - m.a.x: 1
              - m["odd key!"]: 2
              - m[k + "3"]: 3
              - l: [0, 0, 0]
              - i: 1
              - l[i + 1]: 5
              - m.list: ${l}
              - m.list[0]: {deep: 1}
              - m.list[0].deep: 2
        - r: {return: '${m}'}
        """,
        None,
        {"a": {"x": 1}, "odd key!": 2, "b3": 3, "list": [{"deep": 2}, 0, 5]},
    ),
    "map_keys_may_be_computed": (
        "- a: {assign: [{k: name}, {m: {'${k}': 1, 2: two}}]}\n- r: {return: '${m}'}",
        None,
        {"name": 1, "2": "two"},
    ),
    "yes_and_dates_are_strings": (
        "- r: {return: [yes, no, on, 2024-01-01, True, ~, 0x10, 1e2, .5]}",
        None,
        ["yes", "no", "on", "2024-01-01", True, None, 16, 100.0, 0.5],
    ),
    "nothing_is_interpolated": ("- r: {return: 'hello ${1}'}", None, "hello ${1}"),
    "the_first_true_condition_wins": (
        """
        - a: {assign: [{x: 5}]}
        - s:
            switch:
              - condition: ${x < 3}
                next: small
              - condition: ${x < 10}
                assign: [{size: medium}]
                next: done
              - condition: true
                next: large
        - small: {return: small}
        - large: {return: large}
        - done: {return: '${size}'}
        """,
        None,
        "medium",
    ),
    "no_condition_goes_to_the_step_s_next": (
        """
        - s: {switch: [{condition: false, return: no}], next: c}
        - b: {return: b}
        - c: {return: c}
        """,
        None,
        "c",
    ),
    "a_condition_may_return_or_hold_steps": (
        """
        - s:
            switch:
              - condition: true
                steps:
                  - a: {assign: [{x: 1}]}
                  - t: {switch: [{condition: '${x == 1}', return: '${x + 1}'}]}
        - r: {return: no}
        """,
        None,
        2,
    ),
    "a_jump_may_leave_nested_steps": (
        """
        - a:
            steps:
              - b: {next: d}
              - c: {return: c}
        - e: {return: e}
        - d: {return: d}
        """,
        None,
        "d",
    ),
    "a_loop_by_jumping_back": (
        """
        - init: {assign: [{i: 0}]}
        - more: {assign: [{i: '${i + 1}'}]}
        - check: {switch: [{condition: '${i < 10}', next: more}]}
        - r: {return: '${i}'}
        """,
        None,
        10,
    ),
    "a_for_changes_its_parent_s_variables": (
        """
        - init: {assign: [{sum: 0}, {ix: []}]}
        - loop:
            for:
              value: v
              index: i
              in: [10, 20, 30]
              steps:
                - add: {assign: [{sum: '${sum + v}'}, {ix: '${list.concat(ix, i)}'}]}
        - r: {return: ['${sum}', '${ix}']}
        """,
        None,
        [60, [0, 1, 2]],
    ),
    "a_range_includes_both_ends": (
        """
        - init: {assign: [{l: []}, {n: 4}]}
        - loop: {for: {value: v, range: [1, '${n}'], steps: [{a: {assign: [{l: '${list.concat(l, v)}'}]}}]}}
        - half: {for: {value: v, range: '${[0.5, 2]}', steps: [{b: {assign: [{l: '${list.concat(l, v)}'}]}}]}}
        - none: {for: {value: v, range: [3, 2], steps: [{c: {assign: [{l: null}]}}]}}
        - r: {return: '${l}'}
        """,
        None,
        [1, 2, 3, 4, 0.5, 1.5],
    ),
    "break_and_continue_address_the_innermost_loop": (
        """
        - init: {assign: [{l: []}]}
        - outer:
            for:
              value: x
              in: [1, 2, 3]
              steps:
                - inner:
                    for:
                      value: y
                      in: [1, 2, 3, 4]
                      steps:
                        - skip: {switch: [{condition: '${y == 2}', next: continue}]}
                        - stop: {switch: [{condition: '${y == 4}', next: break}]}
                        - note: {assign: [{l: '${list.concat(l, x * 10 + y)}'}]}
                - out: {switch: [{condition: '${x == 2}', next: break}]}
        - r: {return: '${l}'}
        """,
        None,
        [11, 13, 21, 23],
    ),
    "keys_iterate_a_map": (
        """
        - init: {assign: [{m: {1: 10, 2: 20, 3: 30}}, {sum: 0}]}
        - loop: {for: {value: k, in: '${keys(m)}', steps: [{a: {assign: [{sum: '${sum + m[k]}'}]}}]}}
        - r: {return: '${sum}'}
        """,
        None,
        60,
    ),
    "next_end_ends_without_a_result": (
        "- a: {assign: [{x: 1}], next: end}\n- r: {return: 1}",
        None,
        None,
    ),
    "subworkflows_take_names_positions_and_defaults": (
        """
        main:
          steps:
            - a: {call: greet, args: {last: B, first: A}, result: x}
            - b: {call: greet, args: {first: A}, result: y}
            - r: {return: ['${x}', '${y}', '${greet("C")}', '${greet("C", "D") + "!"}']}
        greet:
          params: [first, last: Unknown]
          steps:
            - r: {return: '${first + " " + last}'}
        """,
        None,
        ["A B", "A Unknown", "C Unknown", "C D!"],
    ),
    "a_recursion_computes": (
        """
        main: {steps: [{r: {return: '${fib(7)}'}}]}
        fib:
          params: [n]
          steps:
            - s: {switch: [{condition: '${n < 2}', return: '${n}'}]}
            - r: {return: '${fib(n - 1) + fib(n - 2)}'}
        """,
        None,
        13,
    ),
    "a_subworkflow_may_wait_inside_an_expression": (
        """
        main: {steps: [{r: {return: '${slow(1) + slow(2)}'}}]}
        slow:
          params: [x]
          steps:
            - s: {call: sys.sleep, args: {seconds: 0.001}}
            - r: {return: '${x * 10}'}
        """,
        None,
        30,
    ),
    "the_environment_is_readable": (
        """
        - r: {return: ['${sys.get_env("GOOGLE_CLOUD_PROJECT_ID")}', '${sys.get_env("GOOGLE_CLOUD_LOCATION")}', '${sys.get_env("NOPE")}', '${sys.get_env("NOPE", "d")}']}
        """,
        None,
        ["local", "local", None, "d"],
    ),
}


@pytest.mark.parametrize("claim", PROGRAMS)
def test(claim: str, shared_runtime: Runtime) -> None:
    source, argument, expected = PROGRAMS[claim]
    assert outcome(shared_runtime, source, argument) == expected
