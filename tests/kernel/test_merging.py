"""Of what all bundles find one verdict is made, and it is never weaker than any of them."""

import random
from datetime import UTC, datetime
from itertools import permutations

import pytest

from shared.actors import Actor, Role
from shared.canonical import canonical
from shared.deciding import (
    ApprovalNeeded,
    Finding,
    Obligation,
    Question,
    Reason,
    denial,
    merge,
)

ALLOWED = Finding(allow=True, matched=("rbac/held",))


def reason(rule="INT-01"):
    return Reason(policy="integration", rule=rule, message="not in the manifest", severity="high")


def obliged(type="rate_limit", rule="integration/INT-06", **parameters):
    obligation = Obligation(type=type, parameters=parameters, source_rule=rule)
    return Finding(allow=True, obligations=(obligation,))


def asking(type="execution", **said):
    return Finding(allow=True, approval=ApprovalNeeded(type=type, **said))


def test_what_all_allow_is_allowed():
    merged = merge({"rbac": ALLOWED, "trial": Finding(allow=True, matched=("trial/TRL-01",))})
    assert (merged.verdict, merged.matched) == ("allow", ("rbac/held", "trial/TRL-01"))


def test_nothing_asked_is_denied():
    assert merge({}).verdict == "deny"
    assert [one.rule for one in merge({}).reasons] == ["no_rule"]


def test_one_denial_beats_every_allow_wherever_it_stands():
    no = denial("integration", "INT-05", "the host is not in the list")
    for order in permutations([("a", ALLOWED), ("b", asking()), ("c", no)]):
        merged = merge(dict(order))
        assert merged.verdict == "deny"
        assert [one.rule for one in merged.reasons] == ["INT-05"]
        assert merged.approval is None
        assert not merged.obligations


def test_every_denial_is_told_and_not_only_the_first():
    merged = merge({"a": denial("a", "A-1", "no"), "b": ALLOWED, "c": denial("c", "C-1", "no")})
    assert [one.rule for one in merged.reasons] == ["A-1", "C-1"]


def test_a_bundle_that_does_not_allow_denies_though_it_says_no_reason():
    merged = merge({"rbac": ALLOWED, "data_access": Finding(allow=False)})
    assert merged.verdict == "deny"
    assert [(one.policy, one.rule) for one in merged.reasons] == [("data_access", "no_rule")]


def test_a_bundle_that_allows_and_gives_reasons_against_it_denies():
    assert merge({"odd": Finding(allow=True, reasons=(reason(),))}).verdict == "deny"


def test_reasons_for_an_approval_are_no_denial():
    needed = Finding(
        allow=True, reasons=(reason("INT-02"),), approval=ApprovalNeeded(type="execution")
    )
    merged = merge({"integration": needed, "rbac": ALLOWED})
    assert merged.verdict == "require_approval"
    assert [one.rule for one in merged.reasons] == ["INT-02"]


def test_the_strongest_type_the_longest_chain_and_the_shortest_time_are_needed():
    merged = merge(
        {
            "a": asking("communication", chain="two-step", links=2, within_s=7200),
            "b": asking("financial", within_s=14400),
            "c": asking("execution"),
        }
    )
    assert merged.approval == ApprovalNeeded(
        type="financial", chain="two-step", links=2, within_s=7200
    )


def test_an_approval_keeps_the_obligations():
    merged = merge({"a": asking(), "b": obliged(limit=10, per_s=60, key="tenant")})
    assert merged.verdict == "require_approval"
    assert [one.type for one in merged.obligations] == ["rate_limit"]


@pytest.mark.parametrize(
    ("type", "one", "other", "both"),
    [
        ("rate_limit", {"limit": 10, "per_s": 60}, {"limit": 5, "per_s": 60}, {"limit": 5, "per_s": 60}),
        ("require_idempotency_key", {"window_h": 24}, {"window_h": 48}, {"window_h": 48}),
        ("cap_cost", {"micro_usd": 5, "tokens": 9}, {"micro_usd": 7, "tokens": 3}, {"micro_usd": 5, "tokens": 3}),
        ("step_up_auth", {"max_age_s": 900}, {"max_age_s": 300}, {"max_age_s": 300}),
        (
            "mask_fields",
            {"fields": ["email"], "mask": "last4"},
            {"fields": ["phone", "email"], "mask": "last4"},
            {"fields": ["email", "phone"], "mask": "last4"},
        ),
    ],
)  # fmt: skip
def test_of_two_obligations_the_stricter_holds_in_either_order(type, one, other, both):
    for first, second in [(one, other), (other, one)]:
        merged = merge({"a": obliged(type, **first), "b": obliged(type, **second)})
        assert merged.verdict == "allow_with_obligations"
        (obligation,) = merged.obligations
        assert obligation.parameters == both


def test_limits_of_two_windows_both_hold():
    merged = merge({"a": obliged(limit=10, per_s=60), "b": obliged(limit=100, per_s=3600)})
    assert len(merged.obligations) == 2


def test_two_sandboxes_are_none():
    one = obliged("sandbox_route", route_id="a", target="mock://a")
    same = obliged("sandbox_route", route_id="a", target="mock://a")
    other = obliged("sandbox_route", route_id="b", target="mock://b")
    assert merge({"a": one, "b": same}).verdict == "allow_with_obligations"
    merged = merge({"a": one, "b": other})
    assert [one.rule for one in merged.reasons] == ["route_conflict"]
    assert merged.verdict == "deny"


def test_a_finding_more_never_makes_a_verdict_weaker():
    strength = {"allow": 0, "allow_with_obligations": 1, "require_approval": 2, "deny": 3}
    parts = [
        ALLOWED,
        Finding(allow=False),
        denial("a", "A-1", "no"),
        asking("financial", links=2),
        asking("execution", within_s=60),
        obliged(limit=10, per_s=60),
        obliged("sandbox_route", route_id="a"),
        obliged("sandbox_route", route_id="b"),
    ]
    random_ = random.Random(14)
    for _ in range(500):
        chosen = random_.choices(parts, k=random_.randint(2, 6))
        before = merge({str(n): one for n, one in enumerate(chosen[:-1])})
        after = merge({str(n): one for n, one in enumerate(chosen)})
        assert strength[after.verdict] >= strength[before.verdict], chosen


def question(**said):
    return Question(
        pep="api_gateway",
        actor=Actor(id="ada", tenant="acme", roles=frozenset({Role.CUSTOMER_ADMIN})),
        tenant="acme",
        name="agents.create_agent",
        acts="create",
        now=datetime(2026, 11, 30, 1, 2, 3, tzinfo=UTC),
        environment="dev",
        correlation_id="c",
        args={},
        path={},
        **said,
    )


def test_a_question_is_one_closed_document_of_texts_and_whole_numbers():
    document = question().document({"context": {"freeze": False}})
    assert document["context"]["now"] == "2026-11-30T01:02:03.000Z"
    assert (document["context"]["hour"], document["context"]["weekday"]) == (1, 1)
    assert document["subject"]["trial"] is None
    assert b"." not in canonical([v for v in document["context"].values() if isinstance(v, int)])
    assert question().family == "agents"


@pytest.mark.parametrize(
    "facts", [{"budget": {}}, {"subject": {"roles": ["admin"]}}, {"context": {"now": "2020"}}]
)
def test_a_fact_says_nothing_that_identity_and_declaration_say(facts):
    with pytest.raises(TypeError, match="there is no fact"):
        question().document(facts)
