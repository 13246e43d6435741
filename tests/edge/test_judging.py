"""Rules that nobody knows are tried in a process of their own, which ends."""

from dataclasses import replace

from shared.edge.bundles import shipped
from shared.edge.judging import apart
from tests.conftest import NOON
from tests.policy.trials import RULES, text

TWICE = "package trial_test\n\ntest_trl_01_yes_it_is := true\n\ntest_trl_01_no_it_is_not := false\n"


def spoiled(rule):
    rules = shipped()
    return replace(rules, modules={**rules.modules, RULES: f"{text(RULES)}\n{rule}\n"})


def test_what_is_found_in_another_process_is_told_here():
    (found,) = apart(shipped(), {"trial/trial_test.rego": TWICE}, NOON)
    assert (found.rule, found.field) == ("tests_failed", "tests")
    assert found.message == "trial_test.test_trl_01_no_it_is_not is not true"


def test_rules_that_do_not_end_are_refused_in_time():
    many = ", ".join(map(str, range(5_000)))
    endless = f"""
numbers := [{many}]

deny contains shape.because("TRL-02", "low", "never") if {{
	some a in numbers
	some b in numbers
	some c in numbers
	a + b + c == -1
}}"""
    (found,) = apart(spoiled(endless), {}, NOON, within_s=3)
    assert (found.rule, found.field) == ("endless", "modules")
