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
    "a_misspelt_function": (
        "- a: {call: http.gett, args: {url: x}}",
        (
            "w.yaml:1:7: cannot call 'http.gett': it is neither a subworkflow nor a function of the "
            "standard library; did you mean 'http.get'?"
        ),
    ),
    "a_misspelt_step": (
        "- start: {next: finsh}\n- finish: {return: 1}",
        "w.yaml:1:17: 'next' names the unknown step 'finsh'; did you mean 'finish'?",
    ),
    "a_misspelt_variable": (
        "- a: {assign: [{order: 1}]}\n- b: {return: '${oder}'}",
        (
            "w.yaml:2:18: symbol 'oder' is neither a variable nor a sub-workflow name; "
            "did you mean 'order'?"
        ),
    ),
    "a_function_of_call_steps_in_an_expression": (
        "- a: {return: '${http.get(\"http://x\")}'}",
        "w.yaml:1:18: 'http.get' can only be called by a call step",
    ),
    "an_expression_that_is_too_long": (
        "- a: {return: '${" + "1 + " * 100 + "1}'}",
        "w.yaml:1:18: the expression has 401 characters; the limit is 400",
    ),
    "a_map_in_an_expression": (
        "- a: {return: '${{\"x\": 1}}'}",
        "w.yaml:1:18: token recognition error at: '{'",
    ),
    "a_key_without_its_quotes": (
        "- a: {assign: [{m: {'b!c': 1}}]}\n- d: {return: '${m[b!c]}'}",
        "w.yaml:2:21: token recognition error at: '!'",
    ),
    "not_in": ("- a: {return: '${1 not in [1]}'}", "w.yaml:1:20: unexpected not"),
    "an_expression_that_ends_early": (
        "- a: {return: '${1 + }'}",
        "w.yaml:1:22: unexpected the end of the expression",
    ),
    "more_arguments_than_a_function_has": (
        "- a: {return: '${len([1], 2)}'}",
        "w.yaml:1:18: 'len' takes 1 to 1 arguments; it is given 2",
    ),
    "more_listed_arguments_than_a_subworkflow_has": (
        "main: {steps: [{a: {call: f, args: [1, 2]}}]}\nf: {params: [x], steps: [{b: {return: 1}}]}",
        "w.yaml:1:21: 'f' takes 1 arguments; it is given 2",
    ),
    "eleven_parameters": (
        f"main: {{steps: [{{a: {{return: 1}}}}]}}\nf: {{params: {[f'p{i}' for i in range(11)]}, steps: [{{b: {{return: 1}}}}]}}",
        "w.yaml:2:13: params of 'f' must have 0 to 10 entries; it has 11",
    ),
    "two_parameters_of_one_name": (
        "main: {steps: [{a: {return: 1}}]}\nf: {params: [x, x], steps: [{b: {return: 1}}]}",
        "w.yaml:2:17: there are two parameters 'x'",
    ),
    "fifty_one_conditions": (
        "- a: {switch: [" + "{condition: true, next: end}, " * 51 + "]}",
        "w.yaml:1:15: switch must have 1 to 50 entries; it has 51",
    ),
    "eleven_branches": (
        "- p: {parallel: {branches: ["
        + ", ".join(f"{{b{i}: {{steps: [{{c{i}: {{call: sys.log}}}}]}}}}" for i in range(11))
        + "]}}",
        "w.yaml:1:28: branches must have 2 to 10 entries; it has 11",
    ),
    "no_steps": ("main: {steps: []}", "w.yaml:1:15: steps must have 1 to 100000 entries; it has 0"),
    "a_routine_without_steps": (
        "main: {steps: [{a: {return: 1}}]}\nf: {params: [x]}",
        "w.yaml:2:1: the routine 'f' has no steps",
    ),
    "an_unknown_key_of_a_routine": (
        "main: {steps: [{a: {return: 1}}], retries: 1}",
        "w.yaml:1:35: the routine 'main' has no key 'retries'",
    ),
    "a_step_of_two_keys": (
        "- a: {return: 1}\n  next: end",
        "w.yaml:1:3: a step must be a map with one key",
    ),
    "a_step_that_does_nothing": ("- a: {}", "w.yaml:1:3: the step 'a' does nothing"),
    "a_reserved_name": ("- end: {return: 1}", "w.yaml:1:3: a step cannot be named 'end'"),
    "except_without_try": (
        "- a: {call: sys.log, except: {as: e}}",
        "w.yaml:1:22: the step 'a' cannot have the key 'except'",
    ),
    "an_unknown_key_of_except": (
        "- a: {try: {call: sys.log}, except: {as: e, finally: []}}",
        "w.yaml:1:45: except cannot have the key 'finally'",
    ),
    "a_call_of_main": (
        "main: {steps: [{a: {call: main}}]}",
        "w.yaml:1:21: 'main' cannot be called",
    ),
    "a_name_of_other_letters": (
        "- a: {for: {value: my-value, in: [1], steps: [{b: {next: continue}}]}}",
        "w.yaml:1:20: the value of a loop must be a name of letters, digits and underscores",
    ),
    "a_range_of_three": (
        "- a: {for: {value: v, range: [1, 9, 2], steps: [{b: {next: continue}}]}}",
        "w.yaml:1:30: range must be a list of two numbers",
    ),
    "an_integer_of_65_bits": (
        "- a: {return: 9223372036854775808}",
        "w.yaml:1:15: 9223372036854775808 does not fit into 64 bits",
    ),
    "a_tab_that_indents": (
        "- a:\n\treturn: 1",
        "w.yaml:2:1: a tab cannot indent a line: use spaces",
    ),
    "a_colon_in_a_plain_text": (
        '- a:\n    return: ${"a: " + b}',
        (
            "w.yaml:2:17: mapping values are not allowed here: "
            "quote a text or an expression that has ': ' in it, or mend the indentation"
        ),
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
    "a_policy_of_an_unknown_key": (
        "- a: {try: {call: sys.log}, retry: {bogus: 1}}",
        "w.yaml:1:36: retry has no key 'bogus'",
    ),
    "a_misspelt_key_beside_an_expression": (
        "- a: {try: {call: sys.log}, retry: {predicate: '${retry.always}', max_retry: 1}}",
        "w.yaml:1:36: retry has no key 'max_retry'",
    ),
    "a_backoff_of_an_unknown_key": (
        "- a: {try: {call: sys.log}, retry: {max_retries: '${1 + 1}', backoff: {delay: 1}}}",
        "w.yaml:1:36: backoff has no key 'delay'",
    ),
    "a_policy_that_is_a_string": (
        "- a: {try: {call: sys.log}, retry: yes please}",
        "w.yaml:1:36: retry must be a map; got: string",
    ),
    "a_number_of_retries_that_is_none": (
        "- a: {try: {call: sys.log}, retry: {predicate: '${retry.always}', max_retries: many}}",
        "w.yaml:1:36: max_retries must be a integer or double; got: string",
    ),
    "a_negative_delay": (
        "- a: {try: {call: sys.log}, retry: {backoff: {initial_delay: -1}}}",
        "w.yaml:1:36: initial_delay must lie between 0 and 31536000",
    ),
    "a_limit_that_is_no_number": (
        "- p: {parallel: {concurrency_limit: x, for: {value: v, in: [1], steps: [{b: {call: sys.log}}]}}}",
        "w.yaml:1:37: concurrency_limit must be a positive integer",
    ),
    "a_limit_of_none": (
        "- p: {parallel: {concurrency_limit: 0, for: {value: v, in: [1], steps: [{b: {call: sys.log}}]}}}",
        "w.yaml:1:37: concurrency_limit must be a positive integer",
    ),
    "a_range_of_strings": (
        "- a: {for: {value: v, range: [a, 3], steps: [{b: {next: continue}}]}}",
        "w.yaml:1:30: range must be a list of two numbers",
    ),
    "a_range_of_a_string_and_what_is_computed": (
        "- a: {for: {value: v, range: ['${1 + 1}', b], steps: [{b: {next: continue}}]}}",
        "w.yaml:1:30: range must be a list of two numbers",
    ),
    "a_loop_over_a_string": (
        "- a: {for: {value: v, in: abc, steps: [{b: {next: continue}}]}}",
        "w.yaml:1:27: 'in' of a loop must be a list; got: string",
    ),
    "a_loop_of_one_name": (
        "- a: {for: {value: v, index: v, in: [1], steps: [{b: {next: continue}}]}}",
        "w.yaml:1:30: 'v' is the value of the loop already",
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


def test_what_was_deployed_before_goes_on_loading() -> None:
    for source in (
        "- a: {try: {call: sys.log}, retry: {bogus: 1}}",
        "- a: {for: {value: v, index: v, range: [a, 3], steps: [{b: {next: continue}}]}}",
        "- p: {parallel: {concurrency_limit: 0, for: {value: v, in: x, steps: [{b: {call: sys.log}}]}}}",
    ):
        with pytest.raises(LoadError):
            load(source, "w.yaml")
        load(source, "w.yaml", anew=False)


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
    capsys.readouterr()
    bad.write_text("- a: {call: gke.request}\n- b: {return: 1, next: end}")
    assert check([bad]) == 0
    warned = capsys.readouterr().out.splitlines()
    assert warned[0].startswith(f"{bad}:1:7: warning: no connector 'gke.request' is known here")
    assert warned[1:] == [
        "    - a: {call: gke.request}",
        f"{bad}:2:18: warning: 'next' is never reached after 'return'",
        "    - b: {return: 1, next: end}",
    ]
    assert run(bad, "null", trace=False) == 1
    printed = capsys.readouterr()
    assert "this machine cannot call gke.request: its method is in no table here" in printed.out
    assert printed.err.splitlines() == warned


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


@pytest.mark.parametrize("escape", ["U00110000", "UFFFFFFFF", "U80000000"])
def test_an_escape_of_no_character_is_refused_with_its_place(escape: str) -> None:
    with pytest.raises(LoadError, match="an escape names no character"):
        load(f'- a: {{return: "\\{escape}"}}', "f")
