"""What expressions mean."""

import ast
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from local.workflows import LoadError, Runtime
from local.workflows.errors import Raised
from local.workflows.syntax import parse

from .conftest import Failed, outcome


def value(runtime: Runtime, expression: str, argument: object = None) -> Any:
    quoted = expression.replace("'", "''")
    return outcome(
        runtime, f"main:\n  params: [a]\n  steps:\n    - r: {{return: '${{{quoted}}}'}}", argument
    )


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("1 + 2 * 3", 7),
        ("(1 + 2) * 3", 9),
        ("7.5 % 2", 1.5),
        ("-(-3)", 3),
        ("not true or true", True),
        ("not (true or true)", False),
        ("1 < 2 and 2 < 3", True),
        ("true OR false AND false", True),
        ("'it' + \"'s\"", "it's"),
        (r'"a\nb\"c"', 'a\nb"c'),
        ("[1, 2, [3]][2][0]", 3),
        ("a.k", [10, 20]),
        ('a["k"][1]', 20),
        ("a.k[a.one]", 20),
        ("false and 1 / 0 == 1", False),
        ("true or a.missing", True),
        ("1e3", 1000.0),
    ],
)
def test_an_expression_has_its_documented_value(
    shared_runtime: Runtime, expression: str, expected: Any
) -> None:
    found = value(
        shared_runtime, expression, {"k": [10, 20], "one": 1, "odd key!": 1, "m": {"x": 7}}
    )
    assert found == expected
    assert type(found) is type(expected)


@pytest.mark.parametrize(
    ("expression", "tag"),
    [
        ("1.0 % 0", "ZeroDivisionError"),
        ("a.one.x", "TypeError"),
        ("'x' in null", "TypeError"),
    ],
)
def test_a_wrong_expression_raises_its_documented_error(
    shared_runtime: Runtime, expression: str, tag: str
) -> None:
    with pytest.raises(Failed) as caught:
        value(shared_runtime, expression, {"k": [10, 20], "one": 1})
    assert tag in caught.value.payload["tags"]


def test_the_message_of_in_is_the_documented_one(shared_runtime: Runtime) -> None:
    with pytest.raises(Failed) as caught:
        value(shared_runtime, "1 in null")
    assert (
        caught.value.payload["message"]
        == "The argument of 'in' must be a dict or an array; got: null"
    )


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("1 +", "unexpected the end of the expression"),
        ("1 & 2", "token recognition error at: '&'"),
        ("'a", "token recognition error at: '''"),
        ("x not in a", "unexpected not"),
        ("{}", "token recognition error at: '{'"),
        ("nope", "symbol 'nope' is neither a variable nor a sub-workflow name"),
        ("nope.x(1)", "cannot call 'nope.x'"),
        ("len()", "'len' takes 1 to 1 arguments; it is given 0"),
        ("sys.sleep(1)", "'sys.sleep' can only be called by a call step"),
        ("a.b.c[1](2)", "only a function can be called"),
        ("9223372036854775808", "does not fit into 64 bits"),
        ("1" + " + 1" * 100, "the expression has 401 characters; the limit is 400"),
        ("(" * 90 + "1" + ")" * 90, "nested too deeply"),
    ],
)
def test_a_malformed_expression_is_refused_at_load(
    shared_runtime: Runtime, expression: str, message: str
) -> None:
    with pytest.raises(LoadError, match="w") as caught:
        value(shared_runtime, expression)
    assert message in str(caught.value)


_numbers = st.integers(-50, 50)
_arithmetic = st.recursive(
    _numbers.map(lambda n: f"({n})" if n < 0 else str(n)),
    lambda inner: st.builds(
        lambda left, operator, right, closed: (
            f"({left} {operator} {right})" if closed else f"{left} {operator} {right}"
        ),
        inner,
        st.sampled_from(["+", "-", "*", "//", "%", "<", "==", "!=", ">="]),
        inner,
        st.booleans(),
    ),
    max_leaves=12,
)


@given(_arithmetic)
def test_operators_bind_as_documented(text: str) -> None:
    """Python binds these operators alike, but chains comparisons, which are left out here."""
    tree = ast.parse(text, mode="eval")
    chained = any(isinstance(n, ast.Compare) and len(n.ops) > 1 for n in ast.walk(tree))
    compared = any(
        isinstance(side, ast.Compare)
        for n in ast.walk(tree)
        if isinstance(n, ast.BinOp | ast.Compare)
        for side in ast.iter_child_nodes(n)
    )
    assume(not chained and not compared)
    scope: Any = None
    try:
        expected = eval(text)
    except ZeroDivisionError:
        with pytest.raises(Raised, match="division by zero"):
            parse(text).value(scope)
    else:
        assert parse(text).value(scope) == expected
