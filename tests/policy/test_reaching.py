"""Who writes a policy is told what can never come of it."""

import pytest

from shared.policy.rules import acts
from shared.policy.rules.language.reading import read
from shared.policy.rules.policies import said
from shared.policy.rules.reaching import warnings
from tests.policy.language.policies import REFUNDS

KNOWN = {
    "approvals.approve_approval": {"kind": "update", "args": {}, "in_freeze": True},
    "mobile.veto_on_phone": {"kind": "update", "args": {}, "in_freeze": True},
    "budgets.put_budget": {
        "kind": "update",
        "args": {"limit_micro_usd": "number", "window.days": "number"},
    },
    "agents.create_agent": {"kind": "create", "args": {"industry": "text"}},
}


@pytest.fixture(autouse=True)
def known(monkeypatch):
    monkeypatch.setattr(acts, "declared", lambda: KNOWN)
    monkeypatch.setattr("shared.policy.rules.reaching.declared", lambda: KNOWN)


def told(*rules, applies=""):
    head = f"applies to {applies}" if applies else ""
    (policy,) = read(f"policy tried version 1.0.0 {{ {head} {' '.join(rules)} }}")
    return [(one.rule, one.message) for one in warnings(policy)]


@pytest.mark.parametrize(
    "applies",
    [
        'action.name == "approvals.approve_approval"',
        'action.name in ["mobile.veto_on_phone"]',
        'action.name starts_with "approvals."',
        'action.name == "budgets.put_budgt"',
        'action.name == "agents.create_agent" and action.operation == "delete"',
    ],
)
def test_a_policy_that_can_apply_to_nothing_says_so(applies):
    ((rule, message),) = told("rule base when true allow", applies=applies)
    assert rule == "never_applies"
    assert message.startswith("the policy applies to nothing: ")
    ((rule, message),) = told("rule base when true allow", f'rule no when {applies} deny "x"')
    assert (rule, message.startswith("no never matches: ")) == ("never_applies", True)


def test_what_goes_on_whatever_policies_say_is_named():
    ((_, message),) = told('rule no when action.name == "mobile.veto_on_phone" deny "x"')
    assert message.endswith("mobile.veto_on_phone goes on whatever policies of a tenant say")


@pytest.mark.parametrize(
    "when",
    [
        "true",
        'action.name == "budgets.put_budget"',
        'action.name != "approvals.approve_approval"',
        'action.name matches "^(execution|task)[.]start"',
        'action.name == "integration.execute" and args.anything > 5',
        'action.tool == "razorpay.pay"',
        "exists(args.limit_micro_usd)",
        'subject.roles contains "viewer"',
        'action.name == "budgets.put_budget" and args.limit_micro_usd > 5',
        'action.name == "budgets.put_budget" and args.window.days > 5',
        "args.limit_micro_usd > 5",
        "args.amount > 5",
    ],
)
def test_what_may_apply_is_not_warned_of(when):
    assert told(f'rule no when {when} deny "x"') == []


@pytest.mark.parametrize(
    ("when", "message"),
    [
        (
            'action.name == "budgets.put_budget" and args.limit_micro_usdd > 5',
            (
                "no operation that this is about says args.limit_micro_usdd;"
                " did you mean args.limit_micro_usd?"
            ),
        ),
        (
            'action.name == "budgets.put_budget" and args.industry == "HC"',
            "no operation that this is about says args.industry",
        ),
        (
            "args.limit_micro_usdd > 5",
            "no operation says args.limit_micro_usdd; did you mean args.limit_micro_usd?",
        ),
    ],
)
def test_a_member_that_no_operation_says_is_told(when, message):
    assert told(f'rule no when {when} deny "x"') == [("unknown_member", message)]


def test_a_pattern_that_takes_too_long_ends_the_looking_and_nothing_else():
    many = [
        f'rule no-{n} when action.name matches "[a-y._]{{0,{n}}}Z" deny "x"' for n in range(250)
    ]
    assert len(told(*many)) < 250


def test_the_example_of_the_specification_has_nothing_to_be_told():
    assert warnings(said(REFUNDS)) == ()
