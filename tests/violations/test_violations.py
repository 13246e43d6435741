"""Violations: opened once, answered in time, closed by whom may."""

from datetime import timedelta

import pytest

from functions.agents.stop_violator import stop_violator
from functions.mobile.acknowledge_violation import Acknowledgement, acknowledge_violation
from functions.mobile.dismiss_violation import Dismissal, dismiss_violation
from functions.mobile.list_violations import ViolationQuery, list_violations
from functions.mobile.notify_violation import notify_violation
from functions.mobile.plan_remediation import RemediationPlan, plan_remediation
from functions.mobile.record_health import record_health
from functions.mobile.remind_violation import remind_violation
from functions.mobile.resolve_violation import Resolution, resolve_violation
from shared.actors import PLATFORM, Role
from shared.agents.events.releases import HealthStatusChanged
from shared.agents.models.agents import Agent
from shared.documents import Query
from shared.errors import Conflict, Forbidden, Invalid, SelfApproval
from shared.notifications.models import Notification
from shared.promises import Due
from shared.store import Transaction
from shared.violations.actions import opening
from shared.violations.events import ViolationOpened, ViolationUnanswered
from shared.violations.models import Finding, OpenedViolation
from shared.violations.rules import lifecycle
from tests.conftest import NOON

AGENT = "00000000-0000-4000-8000-00000000000a"
WORDS = "the sources were certified again"


def finding(**changes):
    usual = {
        "type": "constitutional",
        "code": "SCOPE-DRIFT",
        "severity": "high",
        "description": "It wrote about doses.",
        "actor_id": AGENT,
        "agent_id": AGENT,
    }
    return Finding(**usual | changes)


@pytest.fixture
def opened(reacting):
    def open_it(*, occasion="1", at=0, tenant=PLATFORM, **changes):
        call = reacting(tenant=tenant, at=at)
        new = lifecycle.opened(
            finding(**changes), tenant=tenant, occasion=occasion, by="service:tests", at=call.now
        )
        with call.transaction() as txn:
            return opening.open_violation(txn, new)

    return open_it


@pytest.fixture
def inbox(documents):
    def found(tenant=PLATFORM):
        rows = documents.find(tenant, Query(Notification.collection))
        return [Notification.model_validate(row.data) for row in rows]

    return found


def acknowledge(call, violation):
    return acknowledge_violation(call, violation.id, Acknowledgement())


def plan(call, violation, **changes):
    return plan_remediation(call, violation.id, RemediationPlan(plan=WORDS, **changes))


def resolve(call, violation):
    return resolve_violation(call, violation.id, Resolution(resolution=WORDS))


def event_of(violation):
    f = violation.finding
    return ViolationOpened(
        type=f.type,
        code=f.code,
        severity=f.severity,
        agent_id=f.agent_id,
        automatic_response=f.automatic_response,
    )


def test_finding_the_same_twice_opens_it_once(opened, documents):
    first = opened()
    assert opened(at=3) == first
    assert opened(occasion="2").id != first.id
    assert len(documents.find(PLATFORM, Query(OpenedViolation.collection))) == 2


@pytest.mark.parametrize("code", ["L0-03", "L1-ENT-09", "RC-07", "BUDGET-EXHAUSTED"])
def test_codes_of_the_constitution_and_the_named_ones_are_known(opened, code):
    assert opened(code=code).finding.code == code


def test_another_code_is_refused(opened):
    with pytest.raises(Invalid):
        opened(code="NO-SUCH-CODE")


@pytest.mark.parametrize(
    ("severity", "minutes"), [("critical", 15), ("high", 30), ("medium", 120), ("low", 480)]
)
def test_the_graver_it_is_the_sooner_it_must_be_answered(opened, severity, minutes):
    assert opened(severity=severity).due_at == NOON + timedelta(minutes=minutes)


def test_a_critical_one_goes_from_open_over_a_plan_to_resolved(opened, call_as):
    violation = opened(severity="critical")
    mine = acknowledge(call_as(Role.GOVERNOR, at=5), violation)
    assert (mine.status, mine.owner) == ("acknowledged", "governor")
    assert mine.due_at == NOON + timedelta(hours=24)
    assert acknowledge(call_as(Role.GOVERNOR, at=6), violation) == mine
    with pytest.raises(Conflict):
        resolve(call_as(Role.GOVERNOR, at=7), violation)
    planned = plan(call_as(Role.GOVERNOR, at=8), violation)
    assert (planned.status, planned.remediation_plan) == ("remediating", WORDS)
    assert plan(call_as(Role.GOVERNOR, at=8), violation) == planned
    done = resolve(call_as(Role.GOVERNOR, at=9), violation)
    assert (done.status, done.outcome) == ("resolved", WORDS)
    with pytest.raises(Conflict):
        acknowledge(call_as(Role.GOVERNOR, at=10), violation)


def test_a_lesser_one_needs_no_plan(opened, call_as):
    violation = opened(severity="low")
    acknowledge(call_as(Role.GOVERNOR), violation)
    assert resolve(call_as(Role.GOVERNOR, at=1), violation).status == "resolved"


def test_a_plan_takes_somebody_who_answers_for_it(opened, call_as):
    with pytest.raises(Conflict):
        plan(call_as(Role.GOVERNOR), opened())


def test_only_the_governor_says_that_it_was_none(opened, call_as):
    violation, dismissal = opened(), Dismissal(reason="the probe was wrong")
    with pytest.raises(Forbidden):
        dismiss_violation(call_as(Role.VISION_GUARDIAN), violation.id, dismissal)
    gone = dismiss_violation(call_as(Role.GOVERNOR), violation.id, dismissal)
    assert gone.status == "dismissed"
    with pytest.raises(Conflict):
        dismiss_violation(call_as(Role.GOVERNOR), violation.id, dismissal)


@pytest.mark.parametrize("id", ["ann", AGENT])
def test_whoever_it_is_about_neither_answers_for_it_nor_closes_it(opened, call_as, id):
    violation = opened(severity="low", actor_id="ann")
    with pytest.raises(SelfApproval):
        acknowledge(call_as(Role.GOVERNOR, id=id), violation)
    with pytest.raises(SelfApproval):
        dismiss_violation(
            call_as(Role.GOVERNOR, id=id), violation.id, Dismissal(reason="it was nothing at all")
        )
    acknowledge(call_as(Role.GOVERNOR, id="bob"), violation)
    for close in (plan, resolve):
        with pytest.raises(SelfApproval):
            close(call_as(Role.GOVERNOR, id=id), violation)
    assert resolve(call_as(Role.GOVERNOR, id="bob"), violation).status == "resolved"


def test_they_are_listed_the_newest_first_by_severity_and_time(opened, call_as):
    old, new = opened(), opened(occasion="2", severity="low", at=10)

    def found(**query):
        page = list_violations(call_as(Role.GOVERNOR), ViolationQuery(**query))
        return [one.id for one in page.items]

    assert found() == [new.id, old.id]
    assert found(severity="high") == [old.id]
    assert found(since="2026-01-01T12:05:00.000Z") == [new.id]


@pytest.mark.parametrize(("severity", "told"), [("critical", 1), ("high", 1), ("medium", 0)])
def test_the_governor_is_told_of_what_is_grave(opened, reacting, inbox, severity, told):
    violation = opened(severity=severity)
    for _ in range(2):
        notify_violation(reacting(f"violations/{violation.id}"), event_of(violation))
    assert len(inbox()) == told
    assert all(one.priority == "critical" and "doses" in one.body for one in inbox())


def test_a_customers_violation_is_told_to_their_own_governor(opened, reacting, inbox):
    violation = opened(tenant="acme", agent_id=None)
    call = reacting(f"violations/{violation.id}", tenant="acme")
    notify_violation(call, event_of(violation))
    assert [one.audience for one in inbox("acme")] == ["customer_admin"]


def test_three_in_a_week_ask_for_a_review(opened, reacting, inbox):
    opened(severity="low", at=-60 * 24 * 8)
    for n in range(3):
        violation = opened(occasion=f"{n + 2}", severity="low", at=n)
        notify_violation(reacting(f"violations/{violation.id}", at=n), event_of(violation))
        assert len(inbox()) == (1 if n == 2 else 0)
    assert "review" in inbox()[0].title.lower()


def test_who_does_not_answer_in_time_is_reminded(opened, call_as, reacting, inbox, documents):
    violation = opened(severity="critical")
    (due,) = [Due.model_validate(r.data) for r in documents.find(PLATFORM, Query("dues"))]
    assert due.at == violation.due_at
    unanswered = ViolationUnanswered.model_validate(due.data)
    remind_violation(reacting(due.entity, at=15), unanswered)
    assert [one.title for one in inbox()] == ["Nobody answers for a violation"]
    acknowledge(call_as(Role.GOVERNOR, at=16), violation)
    remind_violation(reacting(due.entity, at=17), unanswered)
    assert len(inbox()) == 1
    overdue = ViolationUnanswered(status="acknowledged")
    remind_violation(reacting(due.entity, at=24 * 60), overdue)
    assert "A plan is overdue" in {one.title for one in inbox()}


class Kept:
    """An agent as far as the reaction looks at it."""

    id, status, tenant_id, workflow_id = AGENT, "deployed", PLATFORM, "w"


@pytest.mark.parametrize(("status", "opens"), [("critical", 1), ("unhealthy", 0), ("healthy", 0)])
def test_a_critical_state_of_health_opens_a_violation_once(
    reacting, documents, monkeypatch, status, opens
):
    get = Transaction.get
    monkeypatch.setattr(
        Transaction, "get", lambda txn, kind, id: Kept if kind is Agent else get(txn, kind, id)
    )
    for _ in range(2):
        event = HealthStatusChanged(status=status, check_type="heartbeat")
        record_health(reacting(f"agents/{AGENT}"), event)
    found = documents.find(PLATFORM, Query(OpenedViolation.collection))
    assert [row.data["finding"]["code"] for row in found] == ["HEALTH-CRITICAL"] * opens


def test_what_is_not_in_service_breaks_no_rule_of_what_is(reacting, documents, monkeypatch):
    monkeypatch.setattr(Kept, "status", "certified")
    monkeypatch.setattr(Transaction, "get", lambda *_: Kept)
    record_health(
        reacting(f"agents/{AGENT}"), HealthStatusChanged(status="critical", check_type="heartbeat")
    )
    assert documents.find(PLATFORM, Query(OpenedViolation.collection)) == []


@pytest.mark.parametrize("changes", [{"severity": "high"}, {"severity": "critical"}])
def test_nobody_is_stopped_for_less_or_who_is_not_there(opened, reacting, documents, changes):
    violation = opened(**changes)
    before = len(documents.find(PLATFORM, Query("events")))
    stop_violator(reacting(f"violations/{violation.id}"), event_of(violation))
    assert len(documents.find(PLATFORM, Query("events"))) == before
