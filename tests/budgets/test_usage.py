"""Use: held before, signed where a model was asked, never counted twice, and summed without reading it all."""

from datetime import timedelta

import pytest

from functions.budgets.count_unknown import count_unknown
from functions.budgets.count_usage import count_usage
from functions.budgets.create_usage_event import create_usage_event
from functions.budgets.expire_reservation import expire_reservation
from functions.budgets.list_usage_events import list_usage_events
from shared.actors import Role
from shared.budgets.events.budgets import BudgetOpened
from shared.budgets.events.unknown import OutcomeLost
from shared.budgets.models.unknown import UnknownSpend
from shared.budgets.models.usage import Metering, MeteringKey, UsageQuery, UsageReport
from shared.budgets.rules import limits, setting, usage
from shared.errors import BudgetExceeded, Conflict, Forbidden, Invalid, NotFound
from shared.projection import Fold
from shared.secrets import TenantSecrets
from shared.shares import ReservationDeadline
from tests.budgets.conftest import AGENT, AGENT_ID
from tests.conftest import NOON
from tests.outside import FakeVault

STORY = "00000000-0000-4000-8000-000000000001"


@pytest.fixture
def secrets():
    return TenantSecrets(FakeVault()).for_tenant("acme")


@pytest.fixture
def report(call_as, block, secrets):
    def report(event_type="integration_call", *, at=0, waits=False, **more):
        said = UsageReport(**{"event_type": event_type, "agent_id": AGENT_ID, **more})

        def send():
            call = call_as(Role.SERVICE, tenant="acme", at=at)
            return create_usage_event(call, said, secrets, secrets)

        came = send()
        if came.outcome == "waiting" and not waits:
            block(at=at)
            came = send()
        return came

    return report


@pytest.fixture
def signed(call_as, secrets):
    """Sign figures as whoever measured them does."""

    def sign(at=0, **figures):
        said = UsageReport(event_type="model_call", agent_id=AGENT_ID, **figures)
        with call_as(Role.SERVICE, tenant="acme").transaction() as txn:
            key = txn.get(MeteringKey, "metering").reference
        issued = NOON + timedelta(minutes=at)
        message = usage.message(said, issued, tenant="acme", correlation_id=STORY)
        return Metering(issued_at=issued, signature=secrets.sign(key, message)[0])

    return sign


@pytest.fixture
def listed(call_as):
    def listed(**query):
        call = call_as(Role.CUSTOMER_USER, tenant="acme")
        return list_usage_events(call, UsageQuery(**query))

    return listed


@pytest.fixture
def fold(documents, signer, told, listed):
    """Count everything that was recorded."""

    def fold():
        for event in listed(limit=100).items:
            call = Fold(
                actor=call_actor(),
                now=event.created_at,
                documents=documents,
                signer=signer,
                tenant="acme",
                operation="tests.fold",
                correlation_id=STORY,
                subject=f"usage_events/{event.id}",
                writable=None,
            )
            count_usage(call, usage.told(event))

    return fold


def call_actor():
    from shared.actors import PLATFORM, Actor

    return Actor(id="service:tests", tenant=PLATFORM, roles=frozenset({Role.SERVICE}))


def precheck(report, id="one", cost=100_000, **more):
    return report("budget_precheck", reservation_id=id, cost_micro_usd=cost, **more)


def test_what_may_be_used_is_held_and_settled_by_what_was(report, get):
    assert precheck(report, tokens_in=100).outcome == "held"
    assert get(AGENT).reserved_micro_usd == 100_000
    event = report(reservation_id="one", cost_micro_usd=30_000, tokens_in=40).event
    assert (get(AGENT).spent_micro_usd, get(AGENT).reserved_micro_usd) == (30_000, 0)
    assert (event.cost_micro_usd, event.uncovered_micro_usd) == (30_000, 0)


def test_until_the_platforms_part_is_there_nothing_is_held(report, get):
    assert precheck(report, waits=True).outcome == "waiting"
    assert get(AGENT).reserved_micro_usd == 0


def test_what_was_settled_is_not_settled_again_as_something_else(report, get):
    precheck(report)
    report(reservation_id="one", cost_micro_usd=30_000)
    with pytest.raises(Conflict):
        report(reservation_id="one", cost_micro_usd=40_000)
    assert get(AGENT).spent_micro_usd == 30_000


def test_what_costs_was_held_before(report):
    with pytest.raises(Invalid, match="held before"):
        report(cost_micro_usd=5)
    with pytest.raises(NotFound):
        report(cost_micro_usd=5, reservation_id="never")
    assert report(cost_micro_usd=0).outcome == "recorded"


def test_a_budget_refuses_before_anything_is_done(report, listed):
    precheck(report, cost=900_000)
    with pytest.raises(BudgetExceeded):
        precheck(report, "two", begins=False, cost=200_000)
    assert listed().items == ()


def test_what_was_settled_is_not_spent_again(report, get, listed):
    """Else one id would stand for any number of spends."""
    precheck(report)
    first = report(reservation_id="one", cost_micro_usd=100_000)
    with pytest.raises(Conflict, match="settled already"):
        precheck(report)
    assert report(reservation_id="one", cost_micro_usd=100_000).event == first.event
    with pytest.raises(Conflict, match="another report"):
        report(reservation_id="one", cost_micro_usd=100_000, action="else")
    assert len(listed().items) == 1
    assert get(AGENT).spent_micro_usd == 100_000


def test_what_may_have_been_done_is_not_tried_again_blindly(report, get, lost_one):
    before = get(AGENT)
    with pytest.raises(Conflict, match="do not try it again"):
        precheck(report)
    assert get(AGENT) == before


def test_what_was_counted_as_spent_is_not_reported_as_another_use(report, reacting, lost_one):
    count_unknown(reacting(f"unknown_spends/{lost_one}", tenant="acme", at=24 * 60), None)
    with pytest.raises(Conflict):
        report(reservation_id="one", cost_micro_usd=100_000)


@pytest.mark.parametrize(
    "other",
    [
        {"agent_id": "acme.55555555-5555-4555-8555-555555555555"},
        {"trial_id": "acme.55555555-5555-4555-8555-555555555555"},
        {"project_id": "acme.55555555-5555-4555-8555-555555555555"},
        {"run_id": "run-2"},
    ],
)
def test_what_was_held_is_settled_by_a_report_of_the_same(report, get, other):
    precheck(report, run_id="run-1")
    with pytest.raises(Conflict, match="something else"):
        report(**{"reservation_id": "one", "cost_micro_usd": 100_000, "run_id": "run-1"} | other)
    assert get(AGENT).reserved_micro_usd == 100_000


STRANGER = "globex.44444444-4444-4444-8444-444444444444"


@pytest.mark.parametrize("name", ["agent_id", "trial_id", "project_id"])
def test_another_tenants_agents_and_trials_are_not_there(report, name):
    for said in ({"event_type": "budget_precheck", "reservation_id": "one"}, {}):
        with pytest.raises(Invalid, match="of this tenant"):
            report(**said, **{name: STRANGER})


def test_one_agent_has_one_budget_however_it_is_spelled(report, get, listed):
    for n, spelled in enumerate(("", "acme.", "platform.")):
        precheck(report, str(n), agent_id=spelled + AGENT_ID.removeprefix("acme."))
        report(agent_id=spelled + AGENT_ID.removeprefix("acme."))
    assert get(AGENT).reserved_micro_usd == 300_000
    assert {one.agent_id for one in listed().items} == {AGENT_ID}
    assert len(listed(agent_id=AGENT_ID.removeprefix("acme.")).items) == 3
    with pytest.raises(NotFound, match="of the platform"):
        get(AGENT.replace("acme", "platform"))


def test_what_had_no_cover_is_told_and_nobody_has_what_was_left(report, get):
    precheck(report, cost=900_000)
    event = report(reservation_id="one", cost_micro_usd=1_200_000).event
    assert event.uncovered_micro_usd == 300_000, "so much the platform's part had not left"
    assert (get(AGENT).spent_micro_usd, get(AGENT).level) == (1_000_000, "blocked")


def test_tokens_beyond_their_limit_are_no_money_beyond_its(report, get, call_as):
    with call_as(Role.CUSTOMER_ADMIN, tenant="acme").transaction() as txn:
        budget = limits.usual(AGENT, at=NOON).model_copy(update={"limit_tokens": 100})
        txn.create(budget, BudgetOpened(scope_kind="agent", **setting.amounts(budget)))
    precheck(report, cost=100_000, tokens_in=50)
    event = report(reservation_id="one", cost_micro_usd=90_000, tokens_in=500).event
    assert event.uncovered_micro_usd == 0
    assert (get(AGENT).spent_tokens, get(AGENT).spent_micro_usd) == (100, 90_000)


def test_the_figures_of_a_model_come_signed_just_now(report, signed):
    precheck(report)
    figures = {"reservation_id": "one", "cost_micro_usd": 30_000, "model": "standard"}

    def refused(rule, **more):
        with pytest.raises(Forbidden) as found:
            report("model_call", **{**figures, **more})
        assert found.value.violations[0].rule == rule

    good = signed(cost_micro_usd=30_000, model="standard")
    refused("metering_required")
    refused("metering_expired", metering=good, at=6)
    refused("metering_invalid", metering=good, cost_micro_usd=3)
    refused("metering_invalid", metering=good.model_copy(update={"signature": "0" * 64}))
    late = signed(at=-5, cost_micro_usd=30_000, model="standard")
    assert report("model_call", **figures, metering=late).outcome == "recorded"


def test_use_is_listed_by_agent_kind_story_and_time(report, listed):
    for minute in range(3):
        report(at=minute)
    report("skill_execution", at=3)
    assert len(listed().items) == 4
    assert len(listed(event_type="skill_execution", agent_id=AGENT_ID).items) == 1
    since = NOON + timedelta(minutes=1)
    assert len(listed(since=since).items) == 3
    assert len(listed(since=since, until=since).items) == 1
    assert len(listed(correlation_id=STORY).items) == 4
    first = listed(limit=3)
    assert len(listed(limit=3, cursor=first.next_cursor).items) == 1


def test_sums_are_what_was_used_by_day_and_month(report, listed, fold):
    precheck(report)
    report(reservation_id="one", cost_micro_usd=30_000, tokens_in=7, cache_hit=True)
    for day in range(3):
        report(at=day * 24 * 60, tokens_out=2)
    fold()
    days = listed(bucket="day", since=NOON, until=NOON + timedelta(days=5)).totals
    assert [(one.start, one.events, one.cost_micro_usd) for one in days] == [
        ("2026-01-01", 2, 30_000),
        ("2026-01-02", 1, 0),
        ("2026-01-03", 1, 0),
    ]
    (month,) = listed(bucket="month", until=NOON + timedelta(days=5)).totals
    assert (month.events, month.tokens_in, month.tokens_out, month.cache_hits) == (4, 7, 6, 1)
    assert listed(bucket="day", event_type="model_call").totals == ()


def test_what_may_have_been_done_stays_held_and_has_an_owner(
    report, get, told, reacting, documents
):
    precheck(report)
    said = {"reservation_id": "one", "outcome_unknown": True}
    assert report(**said).outcome == "unknown"
    assert report(**said).held_until == NOON + timedelta(hours=24)
    (lost,) = told(OutcomeLost)
    assert lost["owner"] == "customer_admin"
    due = ReservationDeadline(reservation="usage:one")
    expire_reservation(reacting(f"budgets/{AGENT}", tenant="acme", at=60), due)
    assert get(AGENT).reserved_micro_usd == 100_000


def test_what_was_found_out_in_time_is_what_counts(report, get, reacting, lost_one):
    report(reservation_id="one", cost_micro_usd=0)
    count_unknown(reacting(f"unknown_spends/{lost_one}", tenant="acme", at=24 * 60), None)
    assert (get(AGENT).spent_micro_usd, get(AGENT).reserved_micro_usd) == (0, 0)


def test_what_nobody_found_out_counts_as_spent(get, reacting, lost_one):
    for _ in range(2):
        count_unknown(reacting(f"unknown_spends/{lost_one}", tenant="acme", at=24 * 60), None)
    assert (get(AGENT).spent_micro_usd, get(AGENT).reserved_micro_usd) == (100_000, 0)


def test_what_is_known_cannot_be_unknown(report):
    precheck(report)
    report(reservation_id="one", cost_micro_usd=5)
    with pytest.raises(Conflict):
        report(reservation_id="one", outcome_unknown=True)


@pytest.fixture
def lost_one(report, call_as):
    """Lose the answer to what was held, and return the id of that."""
    precheck(report)
    report(reservation_id="one", outcome_unknown=True)
    with call_as(Role.SERVICE, tenant="acme").transaction() as txn:
        (found,) = txn.loosely("a test").all(UnknownSpend)
    return found.id
