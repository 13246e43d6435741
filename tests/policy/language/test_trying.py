"""The tests of a policy say what it should decide, and whether that is so."""

from shared.policy.rules.language.trying import Case, coverage_bp, outcome, own_cases, tried
from tests.policy.language.policies import REFUNDS, ready, refund


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
