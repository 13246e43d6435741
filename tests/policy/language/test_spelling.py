"""A no is said to a thing in all its spellings, and a yes to the letter (rulings 76 and 82)."""

import pytest

from shared.deciding import merge
from shared.policy.rules.language.evaluation import findings
from tests.policy.language.policies import rules

TOOL = "razorpay.create_refund"
SPELLINGS = [
    TOOL,
    "Razorpay.Create_Refund",
    "razorpay.createRefund",
    "razorpay/create-refund",
    " razorpay.create_refund ",
    "razorpay.create_refund.",
    "razorpay.create_refund...",
    "razorpay%2Ecreate_refund",
    "razorpay%252Ecreate%255Frefund",
    "".join(chr(ord(one) + 0xFEE0) for one in "razorpay") + ".create_refund",
    TOOL.replace("a", "\u0430"),
    "razor\u200bpay.create_refund",
    "razorpay.créate_refund",
    "razorpay . create _ refund",
    "razorpay\u00a0create\u2014refund",
    "razorpay%25252Ecreate_refund",
    "%252572azorpay.create_refund",
]
DENIALS = [
    f'action.tool == "{TOOL}"',
    f'action.tool in ["other", "{TOOL}"]',
    'action.tool starts_with "razorpay."',
    'action.tool ends_with "create_refund"',
    'action.tool contains "create_refund"',
    'action.tool matches "^razorpay.create"',
    f'not action.tool != "{TOOL}"',
    f'not (action.tool not in ["{TOOL}"])',
    f'lower(action.tool) == "{TOOL}"',
]


def verdict(policy, tool):
    return merge(findings([policy], {"action": {"tool": tool}})).verdict


@pytest.mark.parametrize("spelled", SPELLINGS)
@pytest.mark.parametrize("said", DENIALS)
def test_a_no_reaches_every_spelling(said, spelled):
    policy = rules(f'rule no when {said} deny "not this"', "rule base when true allow")
    # A pattern that asks for a separator is not found where there is none.
    if "matches" in said and spelled == "razorpay.createRefund":
        return
    assert verdict(policy, spelled) == "deny"


@pytest.mark.parametrize("other", ["stripe.refund", "razorpay.get_payment", "create", "refund"])
def test_a_no_reaches_nothing_else(other):
    policy = rules(f'rule no when action.tool == "{TOOL}" deny "x"', "rule base when true allow")
    assert verdict(policy, other) == "allow"


@pytest.mark.parametrize("spelled", SPELLINGS[1:])
@pytest.mark.parametrize("said", [f'action.tool == "{TOOL}"', f'action.tool in ["{TOOL}"]'])
def test_a_yes_is_to_the_letter(said, spelled):
    policy = rules(f"rule yes when {said} allow")
    assert verdict(policy, TOOL) == "allow"
    assert verdict(policy, spelled) == "deny"


@pytest.mark.parametrize("spelled", SPELLINGS)
@pytest.mark.parametrize(
    "said", ['action.tool != "{}"', 'not action.tool == "{}"', 'action.tool not in ["{}"]']
)
def test_a_yes_to_all_but_one_is_to_none_of_its_spellings(said, spelled):
    policy = rules(f"rule yes when {said.format(TOOL)} allow")
    assert verdict(policy, spelled) == "deny"
    assert verdict(policy, "stripe.refund") == "allow"


@pytest.mark.parametrize("spelled", SPELLINGS)
def test_a_policy_applies_to_every_spelling(spelled):
    policy = rules('rule no when true deny "x"', applies='action.tool starts_with "razorpay."')
    assert verdict(policy, spelled) == "deny"


@pytest.mark.parametrize(
    ("one", "other"), [("1.5", "15"), ("10", "1 0"), ("", "..."), ("...", "---")]
)
def test_figures_are_told_apart_by_what_separates_them(one, other):
    policy = rules(f'rule no when args.x == "{one}" deny "x"', "rule base when true allow")
    assert merge(findings([policy], {"args": {"x": other}})).verdict == "allow"
    assert merge(findings([policy], {"args": {"x": one}})).verdict == "deny"


def test_a_text_too_long_to_be_looked_into_is_not_let_through():
    policy = rules(f'rule no when action.tool == "{TOOL}" deny "x"', "rule base when true allow")
    assert verdict(policy, TOOL.upper() + "." * 20_000) == "deny"


@pytest.mark.parametrize(
    "spelled",
    [
        *(
            "razor pay",
            "razor.pay",
            "razor_pay",
            "razor%2Epay",
            "r a z o r p a y",
            "Razor-Pay.refund",
        ),
        *("razor%2525252Epay", "RAZORPAY", "r%61zorpay", "\uff52azorpay"),
    ],
)
@pytest.mark.parametrize("said", ["^razorpay", "^RazorPay", "^[r]azor(p|q)ay", "^R[A]ZORPAY"])
def test_a_no_by_a_pattern_reaches_every_spelling(said, spelled):
    policy = rules(
        f'rule no when action.tool matches "{said}" deny "not this"', "rule base when true allow"
    )
    assert verdict(policy, spelled) == "deny"
    assert verdict(policy, "stripe.refund") == "allow"


def test_a_yes_by_a_pattern_is_to_the_letter():
    policy = rules('rule yes when action.tool matches "^razorpay" allow')
    assert verdict(policy, "razorpay.pay") == "allow"
    assert verdict(policy, "Razorpay.pay") == verdict(policy, "razor.pay") == "deny"


@pytest.mark.parametrize("said", ['== "x"', 'starts_with "x"', 'matches "^x"', 'in ["x"]'])
def test_what_was_encoded_over_and_over_is_not_let_through(said):
    policy = rules(f'rule no when action.tool {said} deny "x"', "rule base when true allow")
    assert verdict(policy, f"%{'25' * 5}78") == "deny"
    assert verdict(policy, f"%{'25' * 40}41") == "deny"
    assert verdict(policy, "a") == "allow"


LABELLED = [
    'has_label(resource, "secret") == {0}',
    'has_label(resource, "secret") != {1}',
    "{0} == has_label(resource, 'secret')",
    'has_label(resource, "secret") in [{0}]',
]
NONE_COUNTED = [
    'count(resource.labels, "secret") == 0',
    'count(resource.labels, "secret") < 1',
    'not count(resource.labels, "secret") >= 1',
    'count(resource.labels, "secret") in [0]',
    'not has_label(resource, "secret")',
]


@pytest.mark.parametrize("label", ["secret", "SECRET", "Secret ", "se-cret"])
@pytest.mark.parametrize(
    "said", [*(one.format("false", "true") for one in LABELLED), *NONE_COUNTED]
)
def test_a_yes_to_what_bears_no_label_is_to_none_of_its_spellings(said, label):
    policy = rules(f"rule yes when {said} allow")
    found = findings([policy], {"resource": {"labels": ["customer", label]}})
    assert merge(found).verdict == "deny"
    assert merge(findings([policy], {"resource": {"labels": ["customer"]}})).verdict == "allow"


@pytest.mark.parametrize("label", ["SECRET", "Secret ", "se-cret"])
@pytest.mark.parametrize(
    "said",
    [
        *(one.format("false", "true") for one in LABELLED),
        *(one.format("true", "false") for one in LABELLED),
        *NONE_COUNTED,
        'count(resource.labels, "secret") > 0',
        'has_label(resource, "secret")',
    ],
)
def test_a_no_is_said_where_either_reading_of_a_label_says_it(said, label):
    policy = rules(f'rule no when {said} deny "x"', "rule base when true allow")
    assert merge(findings([policy], {"resource": {"labels": [label]}})).verdict == "deny"
