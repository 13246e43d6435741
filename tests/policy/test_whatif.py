"""What was decided is decided again with other rules, and what would be otherwise is shown."""

from datetime import timedelta

import pytest

from shared.deciding import Decision, Finding, denial, merge
from shared.errors import Invalid
from shared.policy.models.violations import ViolationsQuery
from shared.policy.rules.language.evaluation import findings
from shared.policy.rules.violations import report, violations, window
from shared.policy.rules.whatif import looser, tried
from tests.conftest import NOON
from tests.policy.language.policies import rules

LIMIT = 'rule base when true allow rule high when args.amount > {} deny "too much" severity high'


def document(amount, who="u.acme", name="budgets.put_budget"):
    return {
        "action": {"name": name},
        "subject": {"principal_id": who},
        "resource": {"id": "budget-1"},
        "args": {"amount": amount},
    }


def decided(amount, *policies, at=0, who="u.acme", base=None, **named):
    said = document(amount, who, **named)
    merged = merge({"rbac": base or Finding(allow=True), **findings(policies, said)})
    return Decision(
        decision_id=f"d-{amount}-{at}-{who}",
        verdict=merged.verdict,
        reasons=merged.reasons,
        obligations=merged.obligations,
        matched=merged.matched,
        approval=merged.approval,
        bundle="b",
        engine="opa/1",
        input=said,
        input_digest="0" * 64,
        evaluated_at=NOON + timedelta(minutes=at),
        pep="api_gateway",
    )


def test_a_draft_shows_what_it_would_deny():
    past = [decided(amount) for amount in (5, 15, 25)]
    seen = tried(rules(LIMIT.format(10)), None, past, more=True)
    assert (seen.looked_at, seen.applied_to, seen.changed, seen.more) == (3, 3, 2, True)
    assert [(one.before, one.after, one.rules) for one in seen.changes] == [
        ("allow", "deny", ("tried/high",))
    ] * 2
    assert [(one.what, one.count) for one in seen.by_rule] == [("tried/high", 2)]
    assert [(one.what, one.count) for one in seen.by_verdict] == [("allow->deny", 2)]
    assert not seen.looser


@pytest.mark.parametrize("name", ["approvals.approve_approval", "mobile.veto_on_phone"])
def test_what_policies_are_not_asked_about_is_not_counted(name):
    seen = tried(rules(LIMIT.format(10)), None, [decided(15, name=name)], more=False)
    assert (seen.looked_at, seen.applied_to, seen.changed) == (1, 0, 0)


def test_a_new_version_shows_what_it_would_no_longer_deny():
    old, new = rules(LIMIT.format(10)), rules(LIMIT.format(20))
    past = [decided(amount, old) for amount in (5, 15, 25)]
    seen = tried(new, old, past, more=False)
    assert [(one.before, one.after, one.rules) for one in seen.changes] == [
        ("deny", "allow", ("tried/high",))
    ]
    assert seen.looser
    assert tried(rules(LIMIT.format(7)), old, past, more=False).changed == 0


def test_what_others_denied_stays_denied():
    old = rules(LIMIT.format(10))
    past = [decided(15, old, base=denial("rbac", "RBA-01", "not yours"))]
    assert tried(None, old, past, more=False).changed == 0
    assert tried(None, old, [decided(15, old)], more=False).looser


def test_an_obligation_or_an_approval_of_the_old_version_goes_with_it():
    old = rules("rule base when true allow rule sign when true oblige sign_payload")
    assert [
        (one.before, one.after) for one in tried(None, old, [decided(1, old)], more=False).changes
    ] == [("allow_with_obligations", "allow")]
    old = rules("rule base when true allow rule ask when true require approval financial")
    seen = tried(None, old, [decided(1, old)], more=False)
    assert [(one.before, one.after) for one in seen.changes] == [("require_approval", "allow")]
    assert seen.looser


@pytest.mark.parametrize(
    ("before", "after", "weaker"),
    [
        ("deny", "allow", True),
        ("deny", "require_approval", True),
        ("require_approval", "allow_with_obligations", True),
        ("allow_with_obligations", "allow", False),
        ("allow", "deny", False),
        ("deny", "deny", False),
    ],
)
def test_rules_are_looser_where_a_no_or_a_question_would_be_less(before, after, weaker):
    assert looser(lambda _: before, lambda _: after, [{}]) is weaker
    assert not looser(lambda _: before, lambda _: after, [])


def test_denials_are_counted_by_what_they_have_in_common():
    policy = rules(LIMIT.format(10))
    past = [decided(20, policy, at=at) for at in range(6)] + [
        decided(1, policy),
        decided(30, policy, who="v.acme", at=90),
    ]
    found = tuple(violations(past))
    seen = report(found, since=NOON, to=NOON + timedelta(days=1), complete=True, group_by=None)
    assert (seen.total, seen.denials, seen.policies, seen.subjects) == (7, 7, 1, 2)
    assert [(one.what, one.count) for one in seen.by_subject] == [("u.acme", 6), ("v.acme", 1)]
    assert [(one.what, one.count) for one in seen.by_severity] == [("high", 7)]
    assert [one.count for one in seen.hourly] == [6, 1]
    assert [one.count for one in seen.daily] == [7]
    assert [one.what for one in seen.top_resources] == ["budget-1"]
    assert len(seen.recommendations) == 3
    only = report(found, since=NOON, to=NOON, complete=True, group_by="kind")
    assert [(one.what, one.count) for one in only.by_kind] == [("request_denied", 7)]
    assert only.by_subject == ()


def test_a_report_is_of_a_week_unless_it_is_said_and_of_a_month_at_most():
    since, to = window(ViolationsQuery(), at=NOON)
    assert (to, to - since) == (NOON, timedelta(days=7))
    for wrong in (
        {"from": NOON, "to": NOON},
        {"from": NOON - timedelta(days=32)},
    ):
        with pytest.raises(Invalid):
            window(ViolationsQuery.model_validate(wrong), at=NOON)
