"""The tests of a policy say what it should decide, and whether that is so."""

import pytest

from shared.policy.rules.language.conditions import MAX_STEPS
from shared.policy.rules.language.evaluation import PDP_ERROR, findings
from shared.policy.rules.language.patterns import pattern
from shared.policy.rules.language.trying import Case, coverage_bp, outcome, own_cases, tried
from tests.policy.language.policies import REFUNDS, ready, refund, rules


def test_a_policy_passes_its_own_tests_and_says_what_they_reach():
    policy = ready(REFUNDS)
    results = tried(policy, own_cases(policy))
    assert [one.passed for one in results] == [True]
    assert results[0].outcome.by == ("too-high",)
    assert coverage_bp(policy, results) == 10_000
    assert coverage_bp(policy, []) == 0


def test_a_case_fails_by_its_verdict_or_by_its_rule():
    policy = ready(REFUNDS)
    cases = [
        Case("person", refund(amount=60_000), "require_approval", "person"),
        Case("not so", refund(amount=60_000), "deny"),
        Case("not by that", refund(amount=600_000), "deny", "no_rule"),
        Case("not about it", {"action": {"tool": "stripe.refund"}}, "allow"),
        Case(
            "nobody allows",
            {"action": {"tool": "razorpay.x", "operation": "read"}},
            "deny",
            "no_rule",
        ),
        Case("small", refund(amount=6), "allow_with_obligations", "once"),
    ]
    results = tried(policy, cases)
    assert [one.passed for one in results] == [True, False, False, True, True, True]
    assert results[1].outcome.verdict == "require_approval"
    assert not results[3].outcome.applies


def test_steps_are_counted_alike_every_time():
    policy = ready(REFUNDS)
    assert outcome(policy, refund(amount=6)).steps == outcome(policy, refund(amount=6)).steps > 3


def test_a_question_that_takes_too_long_is_denied_however_often_it_is_asked():
    many = [
        f'rule no-{n} when action.name matches "[a-y._]{{0,{n}}}Z" deny "x"' for n in range(30, 200)
    ]
    policy = rules(*many, "rule base when true allow")
    document = {"action": {"name": "integration.execute_something_long_enough"}}
    said = [outcome(policy, document) for _ in range(30)]
    assert {(one.verdict, one.by, one.steps) for one in said} == {("deny", (PDP_ERROR,), MAX_STEPS)}
    assert [dict(findings([policy], document)) for _ in said] == [
        {"tenant/tried": one.said.finding} for one in said
    ]


@pytest.mark.parametrize("said", ["(a|b|ab)*c", "x[a-z]{9}$", r"\\bcat\\b"])
def test_a_pattern_takes_as_many_steps_when_it_was_walked_before(said):
    policy = rules(f'rule no when args.text matches "{said}" deny "x"')
    document = {"args": {"text": "a cat, and abababab another xcatcatcats"}}
    pattern.cache_clear()
    cold, warm = outcome(policy, document), outcome(policy, document)
    assert cold.steps == warm.steps > 10
    # What else was asked in between makes no difference either.
    outcome(policy, {"args": {"text": "xyz cats"}})
    assert outcome(policy, document).steps == cold.steps


def test_what_fails_is_denied_as_it_is_in_force(monkeypatch):
    def fails(_):
        raise RecursionError

    policy = rules("rule base when true allow")
    monkeypatch.setattr(type(policy), "asked", lambda self, document: fails(document))
    assert outcome(policy, {}).verdict == "deny"
    assert outcome(policy, {}).by == (PDP_ERROR,)
