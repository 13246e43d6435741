"""What the Governor is told, and on which occasion."""

from datetime import timedelta

import pytest

from functions.mobile.notify_agent import notify_agent
from functions.mobile.notify_auto_approval import notify_auto_approval
from functions.mobile.notify_escalation import notify_escalation
from functions.mobile.read_notification import read_notification
from functions.mobile.remind_veto import remind_veto
from shared.actors import PLATFORM, Role
from shared.agents.events.lifecycle import AgentStateChanged
from shared.agents.events.releases import AgentRolledBack
from shared.agents.models.agents import Agent
from shared.approvals.events.lifecycle import ApprovalEscalated, ApprovalGranted
from shared.documents import Query
from shared.notifications.events import VetoWindowClosing
from shared.notifications.models import Notification
from shared.promises import Due
from tests.conftest import NOON
from tests.mobile.phone import approved, asked


@pytest.fixture
def inbox(documents):
    def found(tenant=PLATFORM):
        rows = documents.find(tenant, Query(Notification.collection))
        return [Notification.model_validate(row.data) for row in rows]

    return found


@pytest.mark.parametrize(("level", "priority"), [(1, "high"), (2, "critical")])
def test_an_escalation_reminds_the_first_and_tells_the_next(
    call_as, reacting, inbox, level, priority
):
    approval = asked(call_as)
    event = ApprovalEscalated(level=level, to=("deputy_governor",), trigger="50")
    for _ in range(2):
        notify_escalation(reacting(f"approvals/{approval.id}"), event)
    found = inbox()
    assert {one.audience for one in found} == {"governor", "deputy_governor"}
    assert {(one.kind, one.priority) for one in found} == {("approval_escalated", priority)}


def test_what_was_answered_meanwhile_is_not_reminded_of(call_as, reacting, inbox):
    approval = asked(call_as)
    approved(call_as, approval)
    event = ApprovalEscalated(level=1, to=("deputy_governor",), trigger="50")
    notify_escalation(reacting(f"approvals/{approval.id}"), event)
    assert inbox() == []


@pytest.fixture
def granted(call_as, reacting, documents):
    def grant(auto=True):
        done = approved(call_as, asked(call_as))
        event = ApprovalGranted(
            approvers=(),
            auto=auto,
            seed_id="GEN-004" if auto else None,
            decided_at=done.decided_at,
            veto_until=done.veto_until,
        )
        notify_auto_approval(reacting(f"approvals/{done.id}"), event)
        rows = documents.find(PLATFORM, Query(Due.collection))
        action = VetoWindowClosing.traits.action
        return done, [Due.model_validate(r.data) for r in rows if r.data["action"] == action]

    return grant


def test_what_a_precedent_approved_is_told_silently_and_again_before_it_is_too_late(
    granted, reacting, inbox
):
    done, (due,) = granted()
    (told,) = inbox()
    assert (told.kind, told.priority) == ("seed_auto_approval", "low")
    assert due.at == done.veto_until - timedelta(hours=2)
    for _ in range(2):
        remind_veto(reacting(due.entity), VetoWindowClosing.model_validate(due.data))
    reminder = next(one for one in inbox() if one.kind == "veto_window_closing")
    assert reminder.deep_link == f"waooaw://approvals/{done.id}/veto"
    assert len(inbox()) == 2


def test_who_looked_at_it_is_not_reminded(granted, call_as, reacting, inbox):
    _, (due,) = granted()
    read_notification(call_as(Role.GOVERNOR), inbox()[0].id)
    remind_veto(reacting(due.entity), VetoWindowClosing.model_validate(due.data))
    assert len(inbox()) == 1


def test_what_a_person_approved_is_no_news_to_them(granted, inbox):
    _, dues = granted(auto=False)
    assert (inbox(), dues) == ([], [])


@pytest.fixture
def agent(monkeypatch):
    from shared.store import Transaction

    get = Transaction.get

    def lookup(txn, kind, id):
        return Agent.model_construct(name="Writer") if kind is Agent else get(txn, kind, id)

    monkeypatch.setattr(Transaction, "get", lookup)
    return "agents/00000000-0000-4000-8000-00000000000a"


def changed(before, after):
    return AgentStateChanged(
        agent_id="a", from_state=before, to_state=after, reason="SCOPE-DRIFT", actor="genesis"
    )


@pytest.mark.parametrize(
    ("event", "title"),
    [
        (changed("deployed", "suspended"), "Suspended: Writer"),
        (changed("suspended", "deployed"), "Back in service: Writer"),
        (
            AgentRolledBack(
                trigger="incident",
                scope="deployment",
                from_version="1.1.0",
                restored_version="1.0.0",
                outcome="rolled_back",
            ),
            "Rolled back: Writer",
        ),
    ],
)
def test_the_governor_is_told_when_an_agent_stops_or_starts_again(
    agent, reacting, inbox, event, title
):
    notify_agent(reacting(agent), event)
    (told,) = inbox()
    assert (told.title, told.kind, told.created_at) == (title, "agent_status", NOON)


def test_other_changes_of_an_agent_are_no_news(agent, reacting, inbox):
    notify_agent(reacting(agent), changed("draft", "certified"))
    assert inbox() == []
