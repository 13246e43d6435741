"""Budgets as they are set: less counts at once, more is a Governor's to grant."""

from types import SimpleNamespace

import pytest

from functions.approvals.approve_approval import Agreement, approve_approval
from functions.budgets.carry_approval import carry_approval
from functions.budgets.get_budget import get_budget
from functions.budgets.put_budget import put_budget
from shared import reservations
from shared.actors import PLATFORM, Role
from shared.answers import Accepted, CreatedHere
from shared.approvals.models.approvals import Approval
from shared.budgets.models.budgets import Budget, BudgetSetting
from shared.budgets.rules import limits
from shared.errors import Forbidden, Invalid, VersionConflict
from tests.conftest import NOON

AGENT = "agent:acme.44444444-4444-4444-8444-444444444444"
USD = 1_000_000


@pytest.fixture
def put(call_as):
    def put(scope, limit, *roles, tenant="acme", own=None, id="", seen="", at=0, **more):
        call = call_as(
            *(roles or (Role.CUSTOMER_ADMIN,)),
            tenant=tenant,
            own=own,
            id=id,
            at=at,
            if_match=frozenset({seen}),
            addressed=frozenset({scope}),
        )
        setting = BudgetSetting(limit_micro_usd=limit, reason="as the owner wants it", **more)
        return put_budget(call, scope, setting)

    return put


@pytest.fixture
def get(call_as):
    def get(scope, tenant="acme", at=0):
        return get_budget(call_as(Role.CUSTOMER_ADMIN, tenant=tenant, at=at), scope)

    return get


@pytest.fixture
def grant(call_as, reacting):
    """Let an approval be granted by somebody else than who asked, and be carried out."""

    def grant(asked, at=1):
        role = {"platform": Role.GOVERNOR, "engagement": Role.CUSTOMER_ADMIN}
        who = role[asked.governor_scope]
        own = PLATFORM if who is Role.GOVERNOR else "acme"
        with call_as(Role.SERVICE, tenant="acme").transaction() as txn:
            digest = txn.get(Approval, asked.approval_id).action_digest
        call = call_as(who, tenant="acme", own=own, id="somebody.else", at=at)
        approve_approval(call, asked.approval_id, Agreement(expected_digest=digest))
        event = SimpleNamespace()
        carry_approval(reacting(f"approvals/{asked.approval_id}", tenant="acme", at=at), event)

    return grant


def test_a_budget_that_nobody_set_is_the_usual_one(get):
    seen = get(AGENT)
    assert (seen.limit_micro_usd, seen.window, seen.level) == (USD, "day", "normal")
    assert [(one.percent, one.action) for one in seen.thresholds] == [
        (70, "warn"),
        (80, "notify"),
        (85, "approve"),
        (95, "notify"),
        (100, "block"),
    ]
    assert seen.resets_at == NOON.replace(day=2, hour=0)
    assert get("customer:acme").limit_micro_usd == 10 * USD
    assert get("platform", PLATFORM).limit_micro_usd == 100 * USD


def test_less_counts_at_once(put, get):
    made = put(AGENT, USD // 2)
    assert isinstance(made, CreatedHere)
    assert get(AGENT).limit_micro_usd == USD // 2
    assert put(AGENT, USD // 4, seen=made.result.tag).limit_micro_usd == USD // 4


def test_who_saw_another_version_changes_nothing(put, get):
    made = put(AGENT, USD // 2).result
    put(AGENT, USD // 3, seen=made.tag)
    with pytest.raises(VersionConflict):
        put(AGENT, USD // 5, seen=made.tag)
    assert get(AGENT).limit_micro_usd == USD // 3


def test_more_is_asked_and_counts_when_it_is_granted(put, get, grant):
    asked = put(AGENT, 2 * USD)
    assert isinstance(asked, Accepted)
    raising = asked.result.raising
    assert asked.location == f"/v1/approvals/{raising.approval_id}"
    assert get(AGENT).limit_micro_usd == USD
    grant(raising)
    assert get(AGENT).limit_micro_usd == 2 * USD
    assert get(AGENT).raising is None


def test_what_was_asked_before_the_owner_lowered_it_raises_nothing(put, get, grant):
    asked = put(AGENT, 2 * USD)
    put(AGENT, USD // 2, seen=asked.result.tag)
    grant(asked.result.raising)
    assert get(AGENT).limit_micro_usd == USD // 2


def test_a_raise_above_fifty_dollars_a_month_is_the_platforms_to_grant(put):
    # A dollar a day more is thirty a month.
    assert put(AGENT, 2 * USD).result.raising.governor_scope == "engagement"
    assert put("customer:acme", 61 * USD).result.raising.governor_scope == "platform"


def test_raises_of_one_month_add_up(put, grant, get):
    first = put(AGENT, 2 * USD).result
    grant(first.raising)
    again = put(AGENT, 3 * USD, seen=get(AGENT).tag).result
    assert again.raising.governor_scope == "platform"


def test_raises_of_all_budgets_of_a_customer_add_up_granted_or_not(put):
    """Else whoever splits a raise over agents needs nobody above them."""
    scopes = [f"agent:acme.{n}4444444-4444-4444-8444-444444444444" for n in range(3)]
    asked = [put(scope, 2 * USD, at=n).result.raising for n, scope in enumerate(scopes)]
    assert [one.governor_scope for one in asked] == ["engagement", "platform", "platform"]
    month = 31 * 24 * 60
    assert put(AGENT, 2 * USD, at=month).result.raising.governor_scope == "engagement"


@pytest.mark.parametrize(
    "more",
    [{"limit_tokens": 10**12}, {"limit_tokens": 500_001, "limit_calls": 1}, {"limit_micro_usd": 1}],
)
def test_what_has_no_price_is_the_platforms_to_grant(put, more):
    scope = AGENT.replace("agent", "project")
    money = more.pop("limit_micro_usd", None)
    assert put(scope, money, **more).result.raising.governor_scope == "platform"


def test_the_same_wish_is_one_question(put):
    first = put(AGENT, 2 * USD)
    again = put(AGENT, 2 * USD, seen=first.result.tag)
    assert again.location == first.location
    assert again.result.raising.governor_scope == "engagement"


def test_nobody_sets_anothers_budget(put):
    with pytest.raises(Forbidden, match="whoever pays"):
        put(AGENT, USD // 2, Role.ADMIN, own=PLATFORM)
    with pytest.raises(Forbidden, match="Governor"):
        put("platform", USD, Role.ADMIN, tenant=PLATFORM)


def test_the_platforms_own_is_its_governors_to_raise(put):
    made = put("platform", 200 * USD, Role.GOVERNOR, tenant=PLATFORM)
    assert made.result.limit_micro_usd == 200 * USD


def test_a_budget_limits_money_wherever_it_did(put):
    with pytest.raises(Invalid, match="limit_micro_usd"):
        put(AGENT, None, limit_tokens=5)
    with pytest.raises(Invalid):
        put(AGENT, None)


def test_a_lower_limit_counts_for_what_is_under_way(put, get, call_as):
    put(AGENT, USD // 2)
    with call_as(Role.SERVICE, tenant="acme").transaction() as txn:
        budget = txn.get(Budget, AGENT)
        limit = limits.limits(budget, at=NOON)["micro_usd"]
        until = NOON.replace(hour=13)
        reservations.reserve(txn, "one", {limit: 340_000}, about=budget, until=until)
    put(AGENT, USD // 4, seen=get(AGENT).tag)
    seen = get(AGENT)
    assert (seen.level, seen.utilisation_bp) == ("blocked", 13_600)
    assert [one.percent for one in seen.thresholds if one.fired_at] == [70, 80, 85, 95, 100]
