"""What restricts matches also where nobody knows; what allows does not; and a policy only ever restricts."""

import operator as python
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.actors import Role
from shared.deciding import Finding, Obligation, Reason, merge
from shared.policy.rules.language import nodes
from shared.policy.rules.language.conditions import Asked, condition
from shared.policy.rules.language.evaluation import PDP_ERROR, evaluator, findings
from shared.policy.rules.language.reading import read
from shared.policy.rules.language.stored import Kept, kept, ready
from shared.policy.rules.language.values import all_of, any_of, opposite
from tests.policy.language.policies import DOCUMENTS, POLICIES, REFUNDS, refund, rules
from tests.policy.language.policies import ready as made

SAMPLES = {
    "text": "ab",
    "number": 7,
    "truth": True,
    "null": None,
    "list": ["ab", 7],
    "object": {"ab": 7},
    "undefined": ...,
}
SAME = {(one, one) for one in ("text", "number", "truth", "null", "list")}
ORDERED = {("text", "text"), ("number", "number")}
OF_TEXTS = {("text", "text")}
DEFINED = {
    "==": SAME,
    "!=": SAME,
    **dict.fromkeys(("<", "<=", ">", ">="), ORDERED),
    **dict.fromkeys(("starts_with", "ends_with"), OF_TEXTS),
    # An item of another type is undefined, unless one of its own type is the one.
    "in": {("text", "list"), ("number", "list")},
    "not in": {("text", "list"), ("number", "list")},
    "contains": OF_TEXTS | {("list", "text"), ("list", "number")},
}
HOLDS = {
    "==": python.eq,
    "!=": python.ne,
    "<": python.lt,
    "<=": python.le,
    ">": python.gt,
    ">=": python.ge,
    "in": lambda one, many: one in many,
    "not in": lambda one, many: one not in many,
    "contains": python.contains,
    "starts_with": str.startswith,
    "ends_with": str.endswith,
}


def truth(said, document, *, wide=False):
    (policy,) = read(f"policy a version 1.0.0 {{ rule x when {said} allow }}")
    return condition(policy.rules[0].when, wide=wide)(Asked(document))


@pytest.mark.parametrize("wide", [False, True])
@pytest.mark.parametrize("operator", DEFINED)
def test_every_operator_says_of_every_two_types_what_holds_or_that_it_is_undefined(operator, wide):
    for left, right in product(SAMPLES, SAMPLES):
        both = {"a": SAMPLES[left], "b": SAMPLES[right]}
        args = {name: value for name, value in both.items() if value is not ...}
        expected = None
        if (left, right) in DEFINED[operator]:
            expected = HOLDS[operator](both["a"], both["b"])
        found = truth(f"args.a {operator} args.b", {"args": args}, wide=wide)
        assert found is expected, f"{left} {operator} {right}"


@pytest.mark.parametrize("value", [1, "true", "TRUE ", None, ..., 1.0, [True], {}])
def test_only_what_is_true_is_true(value):
    args = {} if value is ... else {"a": value}
    assert truth("args.a", {"args": args}) is None
    assert truth("args.a == true", {"args": args}) is None
    assert truth("args.a != true", {"args": args}) is None


def test_null_is_asked_for_by_its_word_and_equals_nothing_else():
    assert truth("args.a == null", {"args": {"a": None}}) is True
    assert truth("args.a == null", {"args": {"a": 1}}) is False
    assert truth("args.a != null", {"args": {"a": "x"}}) is True
    assert truth("args.a == null", {"args": {}}) is None
    assert truth("args.a == args.b", {"args": {"a": None, "b": 1}}) is None


@pytest.mark.parametrize(
    ("value", "there"), [(..., False), (None, False), (False, True), ("", True), (0, True)]
)
def test_whether_something_exists_is_never_undefined(value, there):
    args = {} if value is ... else {"a": value}
    assert truth("exists(args.a)", {"args": args}) is there
    assert truth("exists(args.a.b.c)", {"args": args}) is False


@pytest.mark.parametrize(
    ("payees", "there"),
    [
        ([{"approved": True}], True),
        ([{"approved": True}, {"approved": False}], True),
        ([{"approved": True}, {}], None),
        ([{"approved": True}, {"approved": None}], None),
        ([{}], False),
        ([{}, {"approved": None}, 7], False),
        ([], False),
        ("x", False),
    ],
)
def test_something_of_each_item_exists_where_every_one_has_it(payees, there):
    assert truth("exists(args.payees[*].approved)", {"args": {"payees": payees}}) is there
    split = {"args": {"runs": [{"payees": payees}]}}
    assert truth("exists(args.runs[*].payees[*].approved)", split) is there


def test_a_role_is_the_text_that_it_is():
    document = {"subject": {"roles": [Role.CUSTOMER_ADMIN], "role": Role.ADMIN}}
    assert truth('subject.roles contains "customer_admin"', document) is True
    assert truth('subject.roles contains "viewer"', document) is False
    assert truth('"admin" == subject.role', document) is True
    assert truth('subject.role in ["viewer", "admin"]', document) is True


KLEENE = [
    (True, True, True, True),
    (True, None, None, True),
    (True, False, False, True),
    (None, None, None, None),
    (None, False, False, None),
    (False, False, False, False),
]


@pytest.mark.parametrize(("one", "other", "both", "either"), KLEENE)
def test_truth_is_joined_as_kleene_says_in_any_order(one, other, both, either):
    said = {True: "true", False: "false", None: "args.missing"}
    for a, b in ((one, other), (other, one)):
        assert all_of([a, b]) is both
        assert any_of([a, b]) is either
        assert truth(f"{said[a]} and {said[b]}", {}) is both
        assert truth(f"{said[a]} or {said[b]}", {}) is either
    assert opposite(one) is (None if one is None else not one)


@pytest.mark.parametrize(
    ("said", "holds"),
    [
        ("len(args.text) == 5", True),
        ("len(args.list) == 3", True),
        ("len(args.number) == 1", None),
        ('lower(args.text) == "hello"', True),
        ('upper(args.text) == "HELLO"', True),
        ("count(args.list) == 3", True),
        ('count(args.list, "b") == 2', True),
        ("count(args.text) == 1", None),
        ('labels(resource) contains "pii"', True),
        ('has_label(resource, "pii")', True),
        ('has_label(resource, "health")', False),
        ('has_label(args, "pii")', None),
        ("is_email(args.mail)", True),
        ("is_email(args.text)", False),
        ("is_email(args.number)", None),
        ("is_phone(args.phone)", True),
        ("is_card(args.card)", True),
        ("is_card(args.phone)", False),
        ("is_national_id(args.pan)", True),
        ("contains_pii(args.sentence)", True),
        ("contains_pii(args.list)", False),
        ("contains_pii(args.missing)", None),
        ('args.items[*].sku contains "s2"', True),
        ('args.items[*].sku contains "s9"', None),
        ('args.items[0].sku == "s1"', True),
        ('args.items[9].sku == "s1"', None),
        ('args.text matches "^H.*o$"', True),
        ('args.number matches "1"', None),
    ],
)
def test_functions_and_paths_say_what_is_there(said, holds):
    document = {
        "args": {
            "text": "Hello",
            "number": 1,
            "list": ["a", "b", "b"],
            "mail": "asha@example.org",
            "phone": "+91 98450 12345",
            "card": "4111 1111 1111 1111",
            "pan": "ABCPK1234F",
            "sentence": "write to asha@example.org",
            "items": [{"sku": "s1"}, {"sku": "s2"}, {}],
        },
        "resource": {"labels": ["pii", "customer"]},
    }
    assert truth(said, document) is holds


def found(policy, document):
    return next(iter(findings([policy], document).values()), None)


def test_the_example_of_the_specification_decides_as_it_says():
    policy = made(REFUNDS)
    high = found(policy, refund(amount=600_000))
    assert not high.allow
    assert [(one.rule, one.severity) for one in high.reasons] == [("too-high", "high")]
    person = found(policy, refund(amount=60_000))
    assert (person.approval.type, person.approval.chain) == ("financial", "finance-two-step")
    assert person.approval.within_s == 14_400
    small = merge({"platform": Finding(allow=True), "tenant": found(policy, refund(amount=600))})
    assert small.verdict == "allow_with_obligations"
    assert [one.type for one in small.obligations] == ["require_idempotency_key", "redact"]
    assert found(policy, {"action": {"tool": "stripe.refund"}}) is None


@pytest.mark.parametrize("amount", ["600000", None, True, 6e5 + 0.5, [600_000], ...])
def test_what_cannot_be_compared_is_denied(amount):
    document = refund() if amount is ... else refund(amount=amount)
    assert not found(made(REFUNDS), document).allow


@pytest.mark.parametrize(
    "way", [("action", "operation"), ("args", "amount"), ("manifest", "tools")]
)
def test_a_field_that_is_left_out_never_makes_it_pass(way):
    document = refund(amount=600_000)
    del document[way[0]][way[1]]
    assert not found(made(REFUNDS), document).allow


def test_what_restricts_matches_on_what_is_undefined_and_what_allows_does_not():
    said = found(rules('rule a when args.x == 1 allow deny "no"'), {})
    assert said.matched == ("tried/a",)
    assert [one.rule for one in said.reasons] == ["a"]
    only = found(rules("rule a when args.x == 1 allow"), {})
    assert (only.allow, only.matched) == (False, ())


def test_a_policy_that_may_not_apply_restricts_and_need_not_allow():
    policy = rules(
        'rule a when args.x == 1 deny "no"', "rule b when true allow", applies='action.tool == "t"'
    )
    assert found(policy, {"action": {"tool": "other"}}) is None
    assert found(policy, {"args": {"x": 2}}).allow
    assert not found(policy, {"args": {"x": 1}}).allow


def test_no_rule_that_allows_is_a_denial_of_what_the_policy_applies_to():
    merged = merge(findings([rules('rule a when args.x == 1 deny "no"')], {"args": {"x": 2}}))
    assert merged.verdict == "deny"
    assert [one.rule for one in merged.reasons] == ["no_rule"]


def test_a_priority_orders_reasons_and_nothing_else():
    policy = rules(
        'rule low priority 1 when true deny "a"',
        'rule high priority 900 when true deny "b"',
        'rule usual when true deny "c"',
    )
    assert [one.rule for one in found(policy, {}).reasons] == ["high", "usual", "low"]


def test_alerts_and_notes_are_told_of_what_is_true_alone():
    policy = rules('rule a when args.x == 1 alert high "look" note "seen"')
    said = policy.asked(Asked({"args": {"x": 1}}))
    assert [(one.message, one.severity) for one in said.alerts] == [("look", "high")]
    assert [one.message for one in said.notes] == ["seen"]
    assert (said.finding.alerts, said.finding.notes) == (said.alerts, said.notes)
    assert not policy.asked(Asked({})).alerts


def test_what_takes_too_many_steps_is_denied():
    long = rules('rule a when args.x matches "a[ab]{300}c" deny "no"', "rule b when true allow")
    text = format(3**5_000, "b").translate({ord("0"): "a", ord("1"): "b"})
    said = findings([long, rules("rule z when true allow")], {"args": {"x": text}})
    assert [one.rule for one in said["tenant/tried"].reasons] == [PDP_ERROR]


def test_a_policy_that_is_not_what_its_digest_says_is_not_asked():
    one = kept(read(REFUNDS)[0])
    with pytest.raises(ValueError, match="not what its digest says"):
        ready(Kept("0" * 64, one.ast))
    assert ready(one) is ready(Kept(one.policy_hash, one.ast))


STRENGTH = ("allow", "allow_with_obligations", "require_approval", "deny")
BASES = st.sampled_from(
    [
        {"rbac": Finding(allow=True)},
        {"rbac": Finding(allow=False)},
        {
            "rbac": Finding(
                allow=True, obligations=(Obligation(type="sign_payload", source_rule="r"),)
            )
        },
        {
            "rbac": Finding(
                allow=False,
                reasons=(Reason(policy="rbac", rule="r", message="no", severity="high"),),
            )
        },
    ]
)


@settings(max_examples=50)
@given(BASES, st.lists(POLICIES, max_size=2), DOCUMENTS)
def test_whatever_a_tenant_writes_only_restricts(base, policies, document):
    tenants = [
        evaluator(
            nodes.Policy(name=f"p{at}", version="1.0.0", items=one.items, applies=one.applies)
        )
        for at, one in enumerate(policies)
    ]
    before = merge(base)
    after = merge({**base, **findings(tenants, document)})
    assert STRENGTH.index(after.verdict) >= STRENGTH.index(before.verdict)
    if before.verdict == "deny":
        assert set(before.reasons) <= set(after.reasons)
    elif after.verdict != "deny":
        assert {one.type for one in before.obligations} <= {one.type for one in after.obligations}


@settings(max_examples=50)
@given(POLICIES, DOCUMENTS)
def test_the_same_document_is_always_decided_alike(policy, document):
    before = findings([evaluator(policy)], document)
    assert findings([evaluator(policy), evaluator(policy)], document) == before


@pytest.mark.parametrize(
    ("document", "why"),
    [
        ({"args": {"x": 2, "y": 1}}, ""),
        ({"args": {"x": 2}}, ""),
        ({"args": {"y": 1}}, " (the rule counts since args.x is not said here)"),
        ({}, " (the rule counts since args.x, args.y is not said here)"),
        (
            {"args": {"x": "2", "y": 1}},
            (
                " (the rule counts since what it compares is of another type here,"
                " or cannot be looked into)"
            ),
        ),
    ],
)
def test_a_denial_says_when_it_is_one_because_something_is_missing(document, why):
    policy = rules(
        "rule base when true allow",
        'rule no when args.x > 1 or args.y > 9 deny "too much"',
        "rule ask when args.x > 1 or args.y > 9 require approval financial",
    )
    (no,) = found(policy, document).reasons[:1]
    assert no.message == f"too much{why}"


@pytest.mark.parametrize(
    ("context", "verdict"),
    [
        ({}, "require_approval"),
        ({"approval_state": "granted"}, "require_approval"),
        ({"approval_state": "granted", "approval_type": "execution"}, "require_approval"),
        ({"approval_state": "granted", "approval_type": "financial"}, "allow"),
        ({"approval_state": "granted", "approval_type": "constitutional"}, "allow"),
        ({"approval_state": "granted", "approval_type": True}, "require_approval"),
        ({"approval_state": "mismatch", "approval_type": "financial"}, "require_approval"),
        (["granted"], "require_approval"),
    ],
)
def test_what_needs_an_approval_is_let_be_done_with_one_that_is_granted_and_as_strong(
    context, verdict
):
    policy = rules("rule base when true allow", "rule ask when true require approval financial")
    for _ in range(2):
        assert merge({"one": found(policy, {"context": context})}).verdict == verdict
        assert merge({"one": found(policy, {"context": {}})}).verdict == "require_approval"


@pytest.mark.parametrize(("chain", "verdict"), [("two", "allow"), ("default", "require_approval")])
def test_a_chain_that_is_named_is_the_chain_that_agreed(chain, verdict):
    policy = rules(
        "rule base when true allow", "rule ask when true require approval financial chain two"
    )
    known = {"approval_state": "granted", "approval_type": "financial", "approval_chain": chain}
    assert merge({"one": found(policy, {"context": known})}).verdict == verdict
