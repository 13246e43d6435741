"""Rules that nobody knows are tried in a process of their own, which ends."""

from dataclasses import replace

import pytest

from shared.deciding import found
from shared.edge.bundles import shipped
from shared.edge.effort import excessive
from shared.edge.judging import apart, asked, behaviour, judged
from shared.edge.proving import unproven
from shared.edge.rego_tests import RegoTests
from shared.errors import Invalid
from tests.conftest import NOON
from tests.policy.trials import RULES, text
from tests.ruled import engine, rego

TWICE = "package trial_test\n\ntest_trl_01_yes_it_is := true\n\ntest_trl_01_no_it_is_not := false\n"
NO_TESTS = {"trial/trial_test.rego": "package trial_test\n"}


def spoiled(rule):
    rules = shipped()
    return replace(rules, modules={**rules.modules, RULES: f"{text(RULES)}\n{rule}\n"})


def test_what_is_found_in_another_process_is_told_here():
    (found,) = apart(shipped(), {"trial/trial_test.rego": TWICE}, NOON)
    assert (found.rule, found.field) == ("tests_failed", "tests")
    assert found.message == "trial_test.test_trl_01_no_it_is_not is not true"


ENDLESS = f"""
numbers := [{", ".join(map(str, range(5_000)))}]

deny contains shape.because("TRL-02", "low", "never") if {{
	some a in numbers
	some b in numbers
	some c in numbers
	a + b + c == -1
}}"""
DOUBLED = "\n".join(f'text_{n + 1} := concat("", [text_{n}, text_{n}])' for n in range(20))
# All at once: to fill so much memory little by little may take as long as rules that do not end.
LARGE = f"""
text_0 := "text"
{DOUBLED}
text_30 := concat("", [{", ".join(["text_20"] * 512)}])
deny contains shape.because("TRL-02", "low", "never") if count(text_30) == -1
"""
AN_ACT = rego().samples["trial"]["a message to a customer"]


def test_rules_that_do_not_end_are_refused_in_time():
    (found,) = apart(spoiled(ENDLESS), {}, NOON)
    assert (found.rule, found.field) == ("endless", "modules")


OF_MUCH = """
some_of := array.slice(input.args.labels, 0, 300)

deny contains shape.because("TRL-02", "low", "never") if {
	some a in input.args.labels
	some b in some_of
	%s
	a + b == -1
}
"""


def test_rules_that_take_too_long_with_as_much_as_may_be_asked_are_refused():
    (found,) = excessive(spoiled(OF_MUCH % "true"), ["trial"], NOON, lambda **_: None)
    assert (found.rule, found.field) == ("endless", "modules")
    assert "bytes of what may be asked, and 500 are allowed" in found.message
    (found,) = apart(spoiled(OF_MUCH % "some c in input.args.labels; c != b"), NO_TESTS, NOON)
    assert (found.rule, found.field) == ("endless", "modules")


def test_what_recorded_acts_are_asked_is_found_in_another_process_as_it_is_here():
    act = AN_ACT
    assert asked(shipped(), [act, act]) == (found(engine(), act),) * 2
    assert asked(shipped(), []) == ()


@pytest.mark.parametrize(("rule", "rules"), [("endless", ENDLESS), ("too_much", LARGE)])
def test_rules_that_do_not_end_with_a_recorded_act_or_take_all_memory_are_ended(rule, rules):
    with pytest.raises(Invalid) as refused:
        asked(spoiled(rules), [AN_ACT])
    assert [one.rule for one in refused.value.violations] == [rule]


@pytest.mark.parametrize("nested", ["[" * 20_000, "[ # ]\n" * 200, '["]", ' * 200, "((" * 51])
def test_what_is_nested_deep_is_refused_before_anything_reads_it(nested):
    asked_for = []
    told = judged(
        spoiled(f"x := {nested}"),
        shipped(),
        {"trial"},
        {},
        NOON,
        lambda *said: asked_for.append(said) or (),
    )
    assert ("too_deep", "modules") in {(one.rule, one.field) for one in told.wrong}
    assert asked_for == []


INSIDES = """package trial_test

import data.trial

# with data.nothing as it stands in a comment
said := "with data.nothing as"

test_trl_01_yes_a if trial.decision with input as {}
test_trl_01_yes_b if trial.decision with input.args.with as 1 with data.trial.deny as {"x"}
test_trl_01_yes_c if {
	x := [1 | trial.decision with # of
		data["limits"].trial as {}]
	x == [1] with count as said
}
helped := 1 if trial.decision with data as {}
"""


def test_a_test_makes_up_what_is_asked_and_nothing_that_decides():
    rules = spoiled("p if trial_ with data.roles as {}\ntrial_ := 1")
    told = list(behaviour(rules, {"trial/trial_test.rego": INSIDES}, NOON))
    assert {one.rule for one in told} == {"replaced"}
    lines = text(RULES).count("\n") + 2
    assert [(one.field, one.message.partition(":")[0]) for one in told] == [
        ("modules", f"trial/trial.rego, line {lines}, replaces data.roles"),
        *(
            ("tests", f"trial/trial_test.rego, line {line}, replaces {what}")
            for line, what in (
                (9, "data.trial.deny"),
                (12, 'data["limits"].trial'),
                (13, "count"),
                (15, "data"),
            )
        ),
    ]


SEES = """package trial_test

import data.trial

test_trl_01_yes_a if {
	not input.tests
	trial.decision
}
"""


def test_a_test_sees_nothing_of_how_it_is_asked():
    tests = {"trial/trial_test.rego": SEES}
    assert RegoTests({**shipped().modules, **tests}, shipped().data).passed() == {
        "trial_test.test_trl_01_yes_a": True
    }
    told = {
        one.message
        for one in unproven(
            "trial",
            shipped().modules,
            {
                "trial/trial_test.rego": SEES.replace(
                    "input.tests", "input.decision.allow"
                ).replace("trial.decision", "not renamed")
                + "\nrenamed if { some code, other in input.codes; code != other }\n"
            },
            shipped().data,
        )
    }
    assert (
        "trial_test.test_trl_01_yes_a is true whatever trial decides, so it proves nothing" in told
    )
    assert any("fails where TRL-01 is not said" in one for one in told)
