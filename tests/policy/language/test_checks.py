"""What can never have the effect that it says is told before it is relied on."""

import pytest

from shared.policy.rules.language.checks import problems, untested
from shared.policy.rules.language.problems import Unreadable
from shared.policy.rules.language.reading import read
from tests.policy.language.policies import REFUNDS

TESTED = 'test "t" { given {} expect deny by x }'


def found(*said, head=""):
    (policy,) = read(f"policy tried version 1.0.0 {{ {head} {' '.join(said)} }}")
    return problems(policy)


def test_nothing_is_wrong_with_the_example_of_the_specification():
    assert problems(read(REFUNDS)[0]) == ()


@pytest.mark.parametrize(
    ("said", "rule", "told"),
    [
        ("rule x when true allow rule x when true allow", "named_twice", "given twice"),
        ("rule x when len() == 1 allow", "arguments", "takes 1"),
        ("rule x when lenn(args.a) == 1 allow", "unknown_function", "did you mean len?"),
        ('rule x when exists("a") allow', "arguments", "asks for a path"),
        ("rule x when arg.a == 1 allow", "unknown_path", "did you mean args?"),
        ('rule x when action.tol == "a" allow', "unknown_path", "did you mean tool?"),
        (r'rule x when args.a matches "(a)\\1" allow', "pattern", "does not refer back"),
        ('rule x when args.a matches "(?=a)" allow', "pattern", "look-around"),
        ("rule x when args.a matches args.b allow", "pattern", "in quotes"),
        ('rule x when args.a in "abc" allow', "types", "asks for a list"),
        ("rule x when args.a starts_with 1 allow", "types", "asks for a text"),
        ("rule x when args.a > true allow", "types", "compares numbers"),
        ('rule x when "a" allow', "no_truth", "neither true nor false"),
        ("rule x when args.a and null allow", "no_truth", "neither true nor false"),
        ('rule x when true deny "a" rule y when args.a allow', "unreachable", "denies everything"),
        ('rule x when 1 < 2 deny "a" rule y when args.a allow', "unreachable", "denies everything"),
        ("redact x field args.a with hash", "not_output", "begins with output."),
        ('redact x pattern "a**" with hash', "pattern", "repeated again"),
        ("flow x forbid pi -> log", "unknown_label", "did you mean pii?"),
        ("flow x forbid pii -> publish", "unknown_sink", "did you mean external.publish?"),
        ('test "t" { given {} expect deny by y }', "unknown_rule", "no rule y"),
    ],
)
def test_each_mistake_is_told_with_its_place(said, rule, told):
    (one,) = (one for one in found(said) if not one.warning)
    assert one.rule == rule
    assert told in one.message
    assert (one.line, one.column) >= (1, 30)


def test_names_of_the_platforms_bundles_are_not_taken():
    (policy,) = read("policy rbac version 1.0.0 { rule x when true allow }")
    assert [one.rule for one in problems(policy) if not one.warning] == ["reserved_name"]
    with pytest.raises(Unreadable) as told:
        read("policy tried version 1.0.0 {\n  bundle trial\n  rule x when true allow\n}")
    assert [(one.rule, one.line, one.column) for one in told.value.problems] == [
        ("unknown_bundle", 2, 3)
    ]


def test_a_policy_without_tests_or_without_a_yes_is_warned_about():
    assert {one.rule for one in found('rule x when args.a deny "a"')} == {"no_allow", "no_tests"}
    assert all(one.warning for one in found('rule x when args.a deny "a"'))


def test_each_rule_that_denies_needs_a_test_that_expects_it():
    said = 'rule x when args.a deny "a" rule y when args.b deny "b" rule z when true allow'
    (policy,) = read(f"policy tried version 1.0.0 {{ {said} {TESTED} }}")
    assert untested(policy) == ("y",)
    assert [(one.rule, one.warning) for one in problems(policy)] == [("untested", True)]
