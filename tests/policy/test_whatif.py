"""What was decided is decided again with other rules, and what would be otherwise is shown."""

from datetime import timedelta

import pytest

from shared.deciding import Decision, Finding, denial, merge
from shared.errors import Invalid
from shared.obligations import Obligation
from shared.policy.models.violations import ViolationsQuery
from shared.policy.rules import bundles
from shared.policy.rules.language.evaluation import findings
from shared.policy.rules.violations import report, violations, window
from shared.policy.rules.whatif import tried
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


ALL = "rule base when true allow "
ASKED = ALL + "rule ask when true require approval {}"
SIGNED = ALL + "rule sign when true oblige sign_payload"
ADDRESS = "redact address field output.address with remove"


@pytest.mark.parametrize(
    ("old", "new", "verdicts", "dropped"),
    [
        (SIGNED, None, ("allow_with_obligations", "allow"), ("sign_payload",)),
        (SIGNED, ALL, ("allow_with_obligations", "allow"), ("sign_payload",)),
        (
            f"{SIGNED} rule ask when true require approval financial",
            ASKED.format("financial"),
            ("require_approval", "require_approval"),
            ("sign_payload",),
        ),
        (
            SIGNED,
            ASKED.format("financial"),
            ("allow_with_obligations", "require_approval"),
            ("sign_payload",),
        ),
        (
            f"{SIGNED} {ADDRESS}",
            SIGNED,
            ("allow_with_obligations", "allow_with_obligations"),
            ("redact",),
        ),
        (ASKED.format("financial"), None, ("require_approval", "allow"), ()),
        (
            ASKED.format("financial"),
            ASKED.format("artifact"),
            ("require_approval", "require_approval"),
            (),
        ),
    ],
)
def test_what_asks_less_than_before_is_looser(old, new, verdicts, dropped):
    old = rules(old)
    seen = tried(rules(new) if new else None, old, [decided(1, old)], more=False)
    (change,) = seen.changes
    assert ((change.before, change.after), change.dropped) == (verdicts, dropped)
    assert seen.looser
    assert change.weaker
    assert change.rules


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (SIGNED, f"{SIGNED} {ADDRESS}"),
        (SIGNED, f'{ALL} rule no when true deny "not now"'),
        (ALL, SIGNED),
        (ASKED.format("artifact"), ASKED.format("financial")),
        (SIGNED, SIGNED),
    ],
)
def test_what_asks_as_much_or_more_is_not_looser(old, new):
    old = rules(old)
    seen = tried(rules(new), old, [decided(1, old)], more=False)
    assert not seen.looser
    assert not any(one.weaker for one in seen.changes)


def test_a_set_of_bundles_that_masks_less_is_looser():
    def found(*fields):
        mask = Obligation(
            type="mask_fields", parameters={"fields": list(fields)}, source_rule="TRL-05"
        )
        return [{"trial": Finding(allow=True, obligations=(mask,) if fields else ())}]

    recorded = [decided(1)]
    for now in (["email"], []):
        seen = bundles.tried(found("email", "phone"), found(*now), recorded, more=False, apart=None)
        (change,) = seen.changes
        assert (change.dropped, change.rules) == (("mask_fields",), ("trial/TRL-05",))
        assert seen.looser
    more = bundles.tried(found("email"), found("phone", "email"), recorded, more=False, apart=None)
    assert (more.looser, more.changed) == (False, 0)


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
