"""Spending: of all budgets at once or of none, never beyond any, and each threshold told once."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest

from functions.budgets.ask_to_go_on import ask_to_go_on
from functions.budgets.expire_reservation import expire_reservation
from functions.budgets.notify_threshold import notify_threshold
from functions.budgets.return_block import return_block
from shared.actors import PLATFORM, Role
from shared.approvals.models.approvals import Approval
from shared.budgets.actions import spending
from shared.budgets.actions.spending import Waiting
from shared.budgets.events.blocks import BlockEnds
from shared.budgets.events.budgets import BudgetOverspent, ReservationExpired, ThresholdCrossed
from shared.budgets.models.budgets import Budget
from shared.budgets.rules import limits
from shared.edge.contention import settled
from shared.errors import ApprovalRequired, BudgetExceeded, Conflict, StoreUnavailable
from shared.notifications.models import Notification
from shared.shares import ReservationDeadline
from tests.budgets.conftest import AGENT, USD
from tests.conftest import NOON

CUSTOMER = "customer:acme"


def taken(get, scope, tenant="acme"):
    seen = get(scope, tenant)
    return seen.spent_micro_usd, seen.reserved_micro_usd


def test_what_is_held_is_held_of_every_budget(hold, get):
    hold("one", 300_000)
    assert taken(get, AGENT) == taken(get, CUSTOMER) == (0, 300_000)


def test_what_was_spent_is_settled_in_every_budget_and_the_rest_is_back(hold, settle, get):
    hold("one", 300_000)
    settle("one", micro_usd=120_000)
    assert taken(get, AGENT) == taken(get, CUSTOMER) == (120_000, 0)


def test_where_one_budget_is_short_nothing_is_held_of_any(hold, get, call_as, at_once):
    hold("one", 300_000)
    with pytest.raises(BudgetExceeded) as refused:
        at_once("two", 800_000)
    assert taken(get, AGENT) == taken(get, CUSTOMER) == (0, 300_000)
    said = refused.value
    assert said.members == {
        "scope": AGENT,
        "measure": "micro_usd",
        "limit": USD,
        "spent": 0,
        "reserved": 300_000,
        "retryable": False,
        "reset_at": "2026-01-02T00:00:00.000Z",
    }
    assert said.retry_after_s == 12 * 3600 + 1


def test_said_again_it_is_the_same_and_for_something_else_it_is_refused(hold, get):
    assert hold("one", 300_000).id == hold("one", 300_000).id
    assert taken(get, AGENT) == (0, 300_000)
    with pytest.raises(Conflict):
        hold("one", 200_000)


def test_a_budget_of_a_day_is_whole_again_on_the_next(hold, settle, get, at_once):
    hold("one", 900_000)
    settle("one")
    day = 24 * 60
    hold("two", 900_000, at=day)
    assert get(AGENT, at=day).reserved_micro_usd == 900_000


def test_each_threshold_is_told_once_in_a_window(hold, settle, told):
    hold("one", 690_000)
    assert told(ThresholdCrossed) == []
    settle("one", micro_usd=690_000)
    hold("two", 200_000)
    assert [(one["mark"], one["kind"]) for one in told(ThresholdCrossed)] == [
        (70, "enforcement"),
        (80, "notification"),
        (85, "enforcement"),
    ]
    settle("two", micro_usd=0)
    hold("three", 310_000)
    assert [one["mark"] for one in told(ThresholdCrossed)] == [70, 80, 85, 95, 100]
    assert told(ThresholdCrossed)[-1] == {
        "mark": 100,
        "kind": "enforcement",
        "measure": "micro_usd",
        "spent_bp": 10_000,
        "limit": USD,
        "window": "2026-01-01",
    }


def test_what_is_settled_when_its_day_is_over_counts_in_that_day(hold, settle, told, get):
    late = 12 * 60
    hold("one", 600_000, at=late - 1)
    settle("one", at=late + 1, micro_usd=1_100_000)
    assert [one.fired_at for one in get(AGENT, at=late + 1).thresholds] == [None] * 5
    hold("two", 750_000, at=late + 2)
    passed = [
        (one["window"][-2:], one["mark"]) for one in told(ThresholdCrossed) if one["limit"] == USD
    ]
    assert passed == [("01", mark) for mark in (70, 80, 85, 95, 100)] + [("02", 70)]
    assert [(one["window"], one["beyond"]) for one in told(BudgetOverspent)] == [
        ("2026-01-01", 100_000)
    ]


def test_the_first_spend_of_a_budget_may_pass_several_thresholds(hold, told, breaks):
    hold("one", 990_000)
    assert [one["mark"] for one in told(ThresholdCrossed)] == [70, 80, 85, 95]
    assert breaks() == []


def test_new_work_waits_above_85_percent_and_what_runs_goes_on(hold, settle, at_once):
    hold("one", 860_000)
    settle("one")
    with pytest.raises(ApprovalRequired, match="85 percent"):
        at_once("two", 10_000)
    assert hold("two", 10_000, begins=False).status == "held"


def test_what_was_given_back_counts_no_more(hold, settle):
    hold("one", 860_000)
    settle("one", micro_usd=100_000)
    assert hold("two", 100_000).status == "held"


def test_whether_new_work_begins_is_asked_once_and_a_yes_counts_until_the_window_ends(
    hold, settle, told, reacting, call_as, at_once
):
    hold("one", 860_000)
    settle("one")
    (event,) = (one for one in told(ThresholdCrossed) if one["mark"] == 85)
    for _ in range(2):
        ask_to_go_on(reacting(f"budgets/{AGENT}", tenant="acme"), ThresholdCrossed(**event))
    with call_as(Role.SERVICE, tenant="acme").transaction() as txn:
        (asked,) = txn.loosely("a test").all(Approval)
        budget = txn.get(Budget, AGENT)
    assert (asked.type, asked.governor_scope) == ("financial", "engagement")
    assert budget.going_on_id == asked.id
    with pytest.raises(ApprovalRequired) as refused:
        at_once("two", 10_000)
    assert refused.value.members == {"approval_id": asked.id}


def test_whoever_owns_it_is_told_of_each_threshold_once(hold, told, reacting, call_as):
    hold("one", USD)
    for _ in range(2):
        for event in told(ThresholdCrossed):
            call = reacting(f"budgets/{AGENT}", tenant="acme")
            notify_threshold(call, ThresholdCrossed(**event))
    with call_as(Role.SERVICE, tenant="acme").transaction() as txn:
        found = txn.loosely("a test").all(Notification)
    assert {(one.kind, one.audience) for one in found} == {("budget_threshold", "customer_admin")}
    assert [one.priority for one in found].count("critical") == 1
    assert len(found) == 5


def test_more_than_was_held_takes_what_is_left_and_its_owner_is_told_of_the_rest(
    hold, settle, get, at_once, told, reacting, call_as
):
    hold("one", 400_000)
    hold("two", 400_000)
    assert settle("one", micro_usd=700_000).reservation.beyond[f"{AGENT}.micro_usd"] == 100_000
    assert taken(get, AGENT) == (600_000, 400_000)
    assert [one["mark"] for one in told(ThresholdCrossed) if one["limit"] == USD][-1] == 100
    settle("one", micro_usd=700_000)
    (beyond,) = told(BudgetOverspent)
    assert (beyond["beyond"], beyond["limit"], beyond["reservation_id"]) == (100_000, USD, "one")
    for _ in range(2):
        call = reacting(f"budgets/{AGENT}", tenant="acme")
        notify_threshold(call, BudgetOverspent(**beyond))
    with call_as(Role.SERVICE, tenant="acme").transaction() as txn:
        (found,) = txn.loosely("a test").all(Notification)
    assert (found.audience, found.priority) == ("customer_admin", "critical")
    assert "one took 100000 micro_usd beyond" in found.body
    with pytest.raises(BudgetExceeded):
        at_once("three", 1, begins=False)


def test_what_nobody_settled_goes_back_and_that_is_told(hold, get, reacting, told):
    hold("one", 400_000)
    due = ReservationDeadline(reservation="one")
    expire_reservation(reacting(f"budgets/{AGENT}", tenant="acme", at=10), due)
    assert taken(get, AGENT) == (0, 400_000)
    expire_reservation(reacting(f"budgets/{AGENT}", tenant="acme", at=16), due)
    assert taken(get, AGENT) == (0, 0)
    assert told(ReservationExpired) == [{"reservation_id": "one", "amount": 400_000}]


def test_one_call_and_one_run_have_a_limit_of_their_own(hold, at_once):
    with pytest.raises(ApprovalRequired, match="one call"):
        at_once("one", 2 * USD)
    with pytest.raises(BudgetExceeded, match="in a trial"):
        at_once("one", 2 * USD, trial_id="acme.55555555-5555-4555-8555-555555555555")
    hold("two", 300_000, run_id="run-1")
    with pytest.raises(ApprovalRequired, match="one run"):
        at_once("three", 300_000, run_id="run-1")
    assert hold("three", 300_000, run_id="run-2").status == "held"


def test_a_tenant_waits_for_a_block_of_the_platforms_budget(at_once, block, get):
    assert at_once("one", 10_000) == Waiting(10_000)
    block()
    assert taken(get, "platform", PLATFORM) == (0, USD // 2)
    assert at_once("one", 10_000).status == "held"


def test_what_is_larger_than_a_block_has_one_of_its_own(hold, get):
    hold("one", 10_000)
    hold("two", 600_000)
    assert taken(get, "platform", PLATFORM) == (0, USD // 2 + 600_000)


def test_what_is_left_of_a_block_goes_back(hold, settle, get, reacting):
    hold("one", 100_000)
    ends = BlockEnds(n=1, month="2026-01", amount=USD // 2)
    call = reacting("budget_blocks/block:acme", tenant="acme", at=60)
    return_block(call, ends)
    assert taken(get, "platform", PLATFORM) == (0, USD // 2), "something of it is held"
    settle("one", micro_usd=40_000, at=61)
    return_block(reacting("budget_blocks/block:acme", tenant="acme", at=75), ends)
    assert taken(get, "platform", PLATFORM) == (40_000, 0)


def test_the_platforms_budget_refuses_when_it_is_used_up(hold, at_once, block, call_as, get):
    with call_as(Role.GOVERNOR, at=0).transaction() as txn:
        budget = limits.usual("platform", at=NOON).model_copy(update={"limit_micro_usd": 50_000})
        from shared.budgets.events.budgets import BudgetOpened

        txn.create(
            budget,
            BudgetOpened(
                scope_kind="platform", limit_micro_usd=50_000, limit_tokens=None, limit_calls=None
            ),
        )
    assert hold("one", 40_000).status == "held"
    assert isinstance(at_once("two", 20_000), Waiting)
    block()
    with pytest.raises(BudgetExceeded, match="platform's own") as refused:
        at_once("two", 20_000)
    assert refused.value.members["scope"] == "platform"
    assert get("platform", PLATFORM).reserved_micro_usd <= 50_000


def test_an_agent_of_the_platform_spends_its_budget_directly(at_once, get):
    agent = AGENT.removeprefix("agent:acme.")
    assert at_once("one", 10_000, tenant=PLATFORM, agent_id=agent).status == "held"
    assert taken(get, "platform", PLATFORM) == (0, 10_000)


def test_tokens_and_calls_are_limited_too(hold, at_once, call_as):
    with call_as(Role.CUSTOMER_ADMIN, tenant="acme").transaction() as txn:
        budget = limits.usual(AGENT, at=NOON).model_copy(update={"limit_calls": 2})
        from shared.budgets.events.budgets import BudgetOpened

        txn.create(
            budget,
            BudgetOpened(scope_kind="agent", limit_micro_usd=USD, limit_tokens=None, limit_calls=2),
        )
    hold("one", 10)
    hold("two", 10, begins=False)
    with pytest.raises(BudgetExceeded) as refused:
        at_once("three", 10, begins=False)
    assert refused.value.members["measure"] == "calls"
    assert timedelta(minutes=15) == spending.LONGEST


@pytest.mark.parametrize("way", ["get", "get_all", "commit"])
def test_without_the_store_nothing_is_spent(hold, get, documents, at_once, way):
    hold("one", 100_000)

    def down(*_):
        raise StoreUnavailable("the store does not answer")

    setattr(documents, way, down)
    with pytest.raises(StoreUnavailable):
        at_once("two", 10)
    delattr(documents, way)
    assert taken(get, AGENT) == (0, 100_000)


def until_stored(attempt):
    """Do something as somebody does who tries again for as long as too many change the same."""
    while True:
        try:
            return settled(attempt)
        except StoreUnavailable:
            continue


def test_each_threshold_is_told_once_a_day_however_many_spend_around_midnight(
    hold, settle, at_once, told, get
):
    """Spends of the day before are settled dearer than they were held for, while those of the new day are held."""
    late, new = 12 * 60 - 1, 12 * 60 + 1
    for n in range(8):
        hold(f"old-{n}", 80_000, at=late, begins=False)
    hold("warm", 10_000, at=new, begins=False)
    start = Barrier(8)

    def one(n):
        start.wait()
        try:
            until_stored(lambda _: settle(f"old-{n}", at=new, micro_usd=130_000))
            until_stored(lambda _: hold(f"new-{n}", 125_000, at=new, begins=False))
        except BudgetExceeded:
            return 1
        return 0

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(one, range(8))) == 1
    marks = [(day, mark) for day in ("01", "02") for mark in (70, 80, 85, 95, 100)]
    passed = [
        (one["window"][-2:], one["mark"]) for one in told(ThresholdCrossed) if one["limit"] == USD
    ]
    assert sorted(passed) == marks[:8]
    assert sum(one["beyond"] for one in told(BudgetOverspent) if one["limit"] == USD) == 40_000
    assert taken(get, AGENT) == (USD, 0)
    assert get(AGENT, at=new).reserved_micro_usd == 885_000
