"""What is refused before anything runs, and where the problem is said to be."""

import textwrap
from pathlib import Path

import pytest

from local.workflows import LoadError
from local.workflows.loader import load

PROBLEMS = {
    "a_jump_to_an_unknown_step": (
        "- a:\n    assign: [{x: 1}]\n    next: nowhere",
        "w.yaml:3:11: 'next' names the unknown step 'nowhere'",
    ),
    "a_jump_into_a_loop": (
        "- a:\n    for: {value: v, in: [1], steps: [{b: {assign: [{x: 1}]}}]}\n- c: {next: b}",
        "w.yaml:3:13: 'next' names the unknown step 'b'",
    ),
    "an_unknown_symbol": (
        "- a:\n    return: ${1 + varC}",
        "w.yaml:2:19: symbol 'varC' is neither a variable nor a sub-workflow name",
    ),
    "a_token_error": (
        "- a:\n    return: ${1 ; 2}",
        "w.yaml:2:17: token recognition error at: ';'",
    ),
    "an_expression_that_is_not_the_whole_value": (
        "- a: {return: '${1} and more'}",
        "w.yaml:1:15: an expression must be the whole value: ${1} and more",
    ),
    "a_loop_variable_outside_of_its_loop": (
        "- a: {for: {value: v, in: [1], steps: [{b: {assign: [{x: '${v}'}]}}]}}\n- c: {return: '${v}'}",
        "w.yaml:2:18: symbol 'v' is neither a variable nor a sub-workflow name",
    ),
    "a_variable_of_a_loop_s_body_outside_of_it": (
        "- a: {for: {value: v, in: [1], steps: [{b: {assign: [{x: '${v}'}]}}]}}\n- c: {return: '${x}'}",
        "w.yaml:2:18: symbol 'x' is neither a variable nor a sub-workflow name",
    ),
    "an_error_outside_of_its_except": (
        (
            "- a:\n    try: {call: sys.log, args: {text: x}}\n"
            "    except: {as: e, steps: [{b: {assign: [{x: '${e}'}]}}]}\n- c: {return: '${e}'}"
        ),
        "w.yaml:4:18: symbol 'e' is neither a variable nor a sub-workflow name",
    ),
    "a_variable_of_the_caller": (
        "main: {steps: [{a: {assign: [{x: 1}]}}, {b: {call: f}}]}\nf: {steps: [{c: {return: '${x}'}}]}",
        "w.yaml:2:29: symbol 'x' is neither a variable nor a sub-workflow name",
    ),
    "a_variable_written_without_being_shared": (
        (
            "- a: {assign: [{x: 1}]}\n"
            "- p: {parallel: {branches: [{b: {steps: [{c: {assign: [{x: 2}]}}]}}, "
            "{d: {steps: [{e: {assign: [{y: 1}]}}]}}]}}"
        ),
        "w.yaml:2:57: the variable 'x' is written in a parallel branch but is not shared",
    ),
    "a_variable_of_a_sibling_branch": (
        (
            "- p: {parallel: {branches: [{b: {steps: [{c: {assign: [{x: 2}]}}]}}, "
            "{d: {steps: [{e: {assign: [{y: '${x}'}]}}]}}]}}"
        ),
        "w.yaml:1:104: symbol 'x' is neither a variable nor a sub-workflow name",
    ),
    "a_return_out_of_a_branch": (
        "- p: {parallel: {for: {value: v, in: [1], steps: [{b: {return: 1}}]}}}",
        "w.yaml:1:56: 'return' cannot leave a parallel branch",
    ),
    "a_jump_out_of_a_branch": (
        "- p: {parallel: {for: {value: v, in: [1], steps: [{b: {next: q}}]}}}\n- q: {return: 1}",
        "w.yaml:1:62: 'next' names the unknown step 'q'",
    ),
    "break_outside_of_a_loop": (
        "- a: {next: break}",
        "w.yaml:1:13: 'next: break' is outside of a loop",
    ),
    "nested_loops_over_one_name": (
        "- a: {for: {value: v, in: [1], steps: [{b: {for: {value: v, in: [1], steps: [{c: {next: continue}}]}}}]}}",
        "w.yaml:1:45: 'v' is already the variable of an enclosing loop",
    ),
    "an_unknown_function": (
        "- a: {call: http.fetch}",
        (
            "w.yaml:1:7: cannot call 'http.fetch': "
            "it is neither a subworkflow nor a function of the standard library"
        ),
    ),
    "an_unknown_argument": (
        "- a: {call: http.get, args: {url: x, uri: y}}",
        "w.yaml:1:7: 'http.get' has no argument 'uri'",
    ),
    "a_missing_argument": (
        "- a: {call: http.get}",
        "w.yaml:1:7: 'http.get' needs the argument 'url'",
    ),
    "a_subworkflow_s_missing_argument": (
        "main: {steps: [{a: {call: f}}]}\nf: {params: [x, y: 1], steps: [{b: {return: '${x}'}}]}",
        "w.yaml:1:21: 'f' needs the argument 'x'",
    ),
    "two_steps_of_one_name": (
        "- a: {assign: [{x: 1}]}\n- a: {assign: [{x: 2}]}",
        "w.yaml:2:3: there are two steps named 'a'",
    ),
    "a_repeated_key": ("- a: {return: 1, return: 2}", "w.yaml:1:18: the key 'return' occurs twice"),
    "an_unknown_key": (
        "- a: {assing: []}",
        "w.yaml:1:7: the step 'a' cannot have the key 'assing'",
    ),
    "args_without_call": (
        "- a: {assign: [{x: 1}], args: {}}",
        "w.yaml:1:25: the step 'a' cannot have the key 'args'",
    ),
    "two_bodies": (
        "- a: {return: 1, raise: x}",
        "w.yaml:1:3: the step 'a' has both 'return' and 'raise'",
    ),
    "a_for_with_two_sources": (
        "- a: {for: {value: v, in: [1], range: [1, 2], steps: [{b: {next: continue}}]}}",
        "w.yaml:1:7: for needs exactly one of 'in' and 'range'",
    ),
    "too_many_assignments": (
        "- a:\n    assign: [" + ", ".join(f"{{x{i}: 1}}" for i in range(51)) + "]",
        "w.yaml:2:13: assign must have 1 to 50 entries; it has 51",
    ),
    "an_assignment_to_nothing": (
        "- a: {assign: [{'f(1)': 1}]}",
        "w.yaml:1:17: cannot assign to 'f(1)'",
    ),
    "no_main": ("f: {steps: [{a: {return: 1}}]}", "w.yaml:1:1: there is no routine 'main'"),
    "main_with_two_parameters": (
        "main: {params: [a, b], steps: [{c: {return: 1}}]}",
        "w.yaml:1:16: params of 'main' must have 0 to 1 entries; it has 2",
    ),
    "not_yaml": ("- a: {return: 1", "w.yaml:1:16: expected ',' or '}', but got '<stream end>'"),
    "nothing": ("", "w.yaml:1:1: the source is empty"),
    "a_scalar": ("hello", "w.yaml:1:1: a source is a list of steps or a map with 'main'"),
    "a_try_alone": ("- a: {try: {call: sys.log}}", "w.yaml:1:7: try needs 'retry' or 'except'"),
    "a_policy_of_branches": (
        "- p: {parallel: {exception_policy: stop, for: {value: v, in: [1], steps: [{b: {call: sys.log}}]}}}",
        "w.yaml:1:36: exception_policy can only be 'continueAll'",
    ),
    "a_shared_variable_from_nowhere": (
        "- p: {parallel: {shared: [x], for: {value: v, in: [1], steps: [{b: {call: sys.log}}]}}}",
        "w.yaml:1:7: the shared variable 'x' does not exist outside",
    ),
}


@pytest.mark.parametrize("problem", PROBLEMS)
def test_refuses(problem: str) -> None:
    source, message = PROBLEMS[problem]
    with pytest.raises(LoadError) as caught:
        load(source, "w.yaml")
    assert message in str(caught.value).splitlines()


def test_all_problems_are_said_at_once() -> None:
    with pytest.raises(LoadError) as caught:
        load("- a: {next: x}\n- b: {next: y}\n- c: {return: '${z}'}", "w.yaml")
    assert [p.position.line for p in caught.value.problems] == [1, 2, 3]


def test_aliases_cannot_blow_a_source_up() -> None:
    bomb = "a0: &a0 [x, x]\n" + "\n".join(
        f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 9)
    )
    with pytest.raises(LoadError, match="too large"):
        load(bomb, "w.yaml")
    with pytest.raises(LoadError, match="too large or nested too deeply"):
        load("main: &a [*a]", "w.yaml")


def test_a_source_over_128_kb_is_refused() -> None:
    with pytest.raises(LoadError, match="128 KB"):
        load("- a: {return: '" + "x" * 140_000 + "'}", "w.yaml")


WARNINGS = {
    "an_effect_without_a_key": (
        "- a: {call: http.post, args: {url: 'http://x', headers: {A: b}}}",
        "no Idempotency-Key",
    ),
    "a_token_without_an_audience": (
        "- a: {call: http.get, args: {url: 'http://x', auth: {type: OIDC}}}",
        "without 'audience'",
    ),
    "a_right_side_that_can_fail": (
        "- a: {assign: [{m: null}]}\n- b: {return: '${m != null and m.x == 1}'}",
        "both sides of 'and'",
    ),
    "the_order_of_strings": ('- a: {return: \'${"a" < "b"}\'}', "order of strings"),
    "an_interpolation": ("- a: {return: 'hello ${x}'}", "stays as it is"),
}


@pytest.mark.parametrize("warning", WARNINGS)
def test_warns_of(warning: str) -> None:
    source, message = WARNINGS[warning]
    assert any(message in str(found) for found in load(source, "w.yaml").warnings)


def test_a_careful_source_has_no_warnings() -> None:
    source = textwrap.dedent(
        """
        main:
          params: [order]
          steps:
            - send:
                call: http.post
                args:
                  url: ${sys.get_env("API") + "/v1/orders"}
                  auth: {type: OIDC, audience: '${sys.get_env("API")}'}
                  headers: {Idempotency-Key: '${order.id}'}
        """
    )
    assert load(source, "w.yaml").warnings == []


def test_the_commands_say_where_and_why(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from local.workflows.command import check, run

    good, bad = tmp_path / "good.yaml", tmp_path / "bad.yaml"
    good.write_text("main: {params: [a], steps: [{r: {return: '${a.x + 1}'}}]}")
    bad.write_text("- a: {next: x}")
    assert run(good, '{"x": 1}', trace=True) == 0
    printed = capsys.readouterr()
    assert printed.out == "2\n"
    assert "main.r" in printed.err
    assert run(good, "{}", trace=False) == 1
    assert "key not found: x" in capsys.readouterr().out
    assert run(bad, "null", trace=False) == 2
    assert f"{bad}:1:13: 'next' names the unknown step 'x'" in capsys.readouterr().err
    assert check([good]) == 0
    assert check([good, bad]) == 2


def test_the_example_of_the_documentation_runs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from local.workflows.command import check, run

    text = Path("docs/workflows.md").read_text()
    greet = tmp_path / "greet.yaml"
    greet.write_text(text.partition("```yaml\n")[2].partition("```")[0])
    assert check([greet]) == 0
    assert run(greet, '{"name": "Ada"}', trace=False) == 0
    assert capsys.readouterr().out.startswith('"hello Ada, you are projects/p/')
