"""What follows from a decision, and from none."""

import pytest

from functions.approvals.approve_approval import Agreement, approve_approval
from functions.approvals.create_approval import create_approval
from functions.approvals.create_veto import Objection, create_veto
from functions.approvals.expire_approval import expire_approval
from functions.approvals.notify_governor import notify_governor
from functions.approvals.release_held import release_held
from functions.approvals.remind_approvers import remind_approvers
from functions.approvals.veto_approval import Objecting, veto_approval
from functions.approvals.wake_workflow import wake_workflow
from functions.mobile.list_notifications import InboxQuery, list_notifications
from functions.policy.set_freeze import set_freeze
from functions.policy.ship_policy_bundles import ship_policy_bundles
from shared.actors import PLATFORM, Role
from shared.approvals.events import lifecycle, use
from shared.approvals.events.vetoes import VetoRecorded
from shared.approvals.models.approvals import Approval
from shared.approvals.models.vetoes import Veto
from shared.documents import Key, Query
from shared.errors import Forbidden, NotFound, PolicyDenied, ProviderDown
from shared.evidence import Entry
from shared.notifications.models import Notification
from shared.policy.models.standing import Freezing
from shared.promises import Due
from shared.waiting import Wait
from tests import answered
from tests.approvals.questions import CALLBACK, approval, minutes, request
from tests.conftest import DEPLOYMENT, FakeEnforcing


@pytest.fixture
def asked(call_as):
    def ask(*, tenant=PLATFORM, **changes):
        call = call_as(Role.SERVICE, tenant=tenant)
        return answered.body(
            create_approval(call, request(callback_url=CALLBACK, **changes), DEPLOYMENT)
        )

    return ask


@pytest.fixture
def stored(documents):
    def all_of(kind, tenant=PLATFORM):
        found = documents.find(tenant, Query(kind.collection))
        return [kind.model_validate(snapshot.data) for snapshot in found]

    return all_of


def subject(asked):
    return f"approvals/{asked.id}"


def test_an_approval_expires_at_its_deadline(asked, reacting, stored):
    new = asked()
    deadline = lifecycle.ApprovalDeadline(decision_version=0)
    expire_approval(reacting(subject(new), at=239), deadline)
    assert stored(Approval) == [new]
    expire_approval(reacting(subject(new), at=240), deadline)
    expire_approval(reacting(subject(new), at=241), deadline)
    assert stored(Approval)[0].status == "expired"
    [entry] = [e for e in stored(Entry) if e.action == "approval.expired"]
    assert entry.category == "approval_timeout"
    told = {"open_since": "2026-01-01T12:00:00.000Z", "reminders": 0}
    assert entry.data == told | {"unused": None, "owner": None}


def promised(stored):
    """Return the promise that is to be kept last, and when."""
    last = max(stored(Due), key=lambda one: one.at)
    return last.action, last.data["decision_version"], last.at


def test_a_yes_sets_no_promise_as_the_one_that_waits_leads_on(asked, call_as, reacting, stored):
    new = asked()
    agreement = Agreement(expected_digest=new.action_digest)
    approve_approval(call_as(Role.GOVERNOR, at=1), new.id, agreement)
    assert promised(stored) == ("approval.mark_reached", 0, minutes(120))
    half = lifecycle.ApprovalMark(percent=50, decision_version=0)
    remind_approvers(reacting(subject(new), at=120), half)
    assert promised(stored) == ("approval.deadline_reached", 1, minutes(240))
    assert stored(Approval)[0].escalations == ()
    expire_approval(reacting(subject(new), at=240), lifecycle.ApprovalDeadline(decision_version=1))
    assert stored(Approval)[0].unused is not None


def test_a_yes_in_the_last_minute_has_its_own_time_to_be_used(asked, call_as, reacting, stored):
    new = asked()
    agreement = Agreement(expected_digest=new.action_digest)
    approve_approval(call_as(Role.GOVERNOR, at=239), new.id, agreement)
    expire_approval(reacting(subject(new), at=240), lifecycle.ApprovalDeadline(decision_version=0))
    assert stored(Approval)[0].status == "approved"
    assert promised(stored) == ("approval.deadline_reached", 1, minutes(299))
    expire_approval(reacting(subject(new), at=299), lifecycle.ApprovalDeadline(decision_version=1))
    assert stored(Approval)[0].status == "expired"


GRANTED = lifecycle.ApprovalGranted(
    approvers=("governor",), decided_at=approval().expires_at, veto_until=approval().expires_at
)
REJECTED = lifecycle.ApprovalRejected(approver="governor", reason="No.")


@pytest.mark.parametrize("event", [GRANTED, REJECTED])
def test_a_decision_wakes_the_waiting_workflow_once(asked, reacting, workflows, stored, event):
    new = asked()
    wake_workflow(reacting(subject(new)), event, workflows)
    assert workflows.woken == [CALLBACK]
    assert stored(Wait) == []
    wake_workflow(reacting(subject(new)), event, workflows)
    assert workflows.woken == [CALLBACK]


def test_a_veto_wakes_whoever_waits_for_what_it_hit(asked, call_as, reacting, workflows):
    new = asked()
    objection = Objection(approval_id=new.id, category="safety", explanation="Not safe at all.")
    veto = create_veto(call_as(Role.GOVERNOR, at=1), objection)
    wake_workflow(reacting(f"vetoes/{veto.id}"), VetoRecorded.of(veto), workflows)
    assert workflows.woken == [CALLBACK]


def test_a_failed_wake_is_not_forgotten(asked, reacting, workflows, stored):
    new = asked()

    def fail(_):
        raise ProviderDown("the engine does not answer")

    workflows.wake = fail
    with pytest.raises(ProviderDown):
        wake_workflow(reacting(subject(new)), GRANTED, workflows)
    assert stored(Wait) == [Wait(id=new.id, url=CALLBACK)]


def test_every_end_of_a_question_wakes():
    reaction = wake_workflow.declared
    assert set(reaction.events) == {
        "approval.granted",
        "approval.rejected",
        "approval.changes_requested",
        "approval.expired",
        "approval.cancelled",
        "veto.recorded",
    }
    assert {event.traits.topic for event in reaction.on} == {"approval-decisions"}


def test_the_governor_is_told_once(asked, reacting, stored):
    new = asked(title="Deploy the healthcare content agent of the first customer")
    for minute in (1, 2):
        told = lifecycle.ApprovalRequested.of(new)
        notify_governor(reacting(subject(new), at=minute), told)
    [notice] = stored(Notification)
    assert notice.audience == "governor"
    assert notice.kind == "approval_pending"
    assert notice.deep_link == f"waooaw://approvals/{new.id}"
    assert len(notice.title) == 50
    assert "2026-01-01T16:00" in notice.body


def test_a_customers_governor_is_told_in_their_own_inbox(asked, reacting, stored):
    new = asked(tenant="acme", governor_scope="engagement")
    notify_governor(reacting(subject(new), tenant="acme"), lifecycle.ApprovalRequested.of(new))
    [notice] = stored(Notification, "acme")
    assert (notice.audience, notice.kind) == ("customer_admin", "approval_request")
    assert notice.id.startswith("acme.")


def test_the_platforms_governor_is_told_of_what_a_customers_asks_and_of_what_became_of_it(
    asked, reacting, stored, call_as
):
    new = asked(tenant="acme", governor_scope="platform")
    notify_governor(reacting(subject(new), tenant="acme"), lifecycle.ApprovalRequested.of(new))
    assert stored(Notification, "acme") == []
    [told] = stored(Notification)
    assert (told.audience, told.subject) == ("governor", f"approvals/{new.id}")
    assert told.deep_link == f"waooaw://approvals/{new.id}"
    assert [one.over for one in list_notifications(call_as(Role.GOVERNOR), InboxQuery()).items] == [
        False
    ]
    approve_approval(
        call_as(Role.GOVERNOR, tenant="acme", own=PLATFORM),
        new.id,
        Agreement(expected_digest=new.action_digest),
    )
    for _ in range(2):
        release_held(
            reacting(subject(new), tenant="acme"), lifecycle.ApprovalCancelled(reason="It is over.")
        )
    inbox = list_notifications(call_as(Role.GOVERNOR), InboxQuery())
    assert (inbox.unread, [(one.over, one.body[:9]) for one in inbox.items]) == (
        0,
        [(True, "governor:")],
    )
    notify_governor(reacting(subject(new), tenant="acme"), lifecycle.ApprovalRequested.of(new))
    assert len(stored(Notification)) == 1


def test_the_platforms_governor_vetoes_in_a_customers_account(asked, call_as, stored):
    new = asked(tenant="acme", governor_scope="platform")
    said = Objecting(category="budget", explanation="Far too expensive.")
    with pytest.raises(NotFound, match="at its own address"):
        create_veto(call_as(Role.GOVERNOR), Objection(approval_id=new.id, **dict(said)))
    with pytest.raises(Forbidden):
        veto_approval(call_as(Role.CUSTOMER_ADMIN, tenant="acme"), new.id, said)
    for _ in range(2):
        made = veto_approval(call_as(Role.GOVERNOR, tenant="acme", own=PLATFORM), new.id, said)
    assert stored(Veto, "acme") == [made]
    assert [one.status for one in stored(Approval, "acme")] == ["vetoed"]


def test_only_who_was_told_in_their_own_inbox_can_have_been_absent(asked, reacting, stored):
    new = asked(
        tenant="acme", governor_scope="platform", gate="step", urgency="hours", window_min=120
    )
    notify_governor(reacting(subject(new), tenant="acme"), lifecycle.ApprovalRequested.of(new))
    mark = lifecycle.ApprovalMark(percent=80, decision_version=0)
    remind_approvers(reacting(subject(new), at=96, tenant="acme"), mark)
    [late] = stored(Approval, "acme")
    assert Role.VISION_GUARDIAN in late.escalations[0].to


def test_everybody_whose_agreement_is_needed_is_told(asked, reacting, stored):
    new = asked(type="constitutional", gate="change")
    notify_governor(reacting(subject(new)), lifecycle.ApprovalRequested.of(new))
    assert {notice.audience for notice in stored(Notification)} == {"governor", "vision_guardian"}


@pytest.mark.parametrize(
    "event", [lifecycle.ApprovalGranted, lifecycle.ApprovalCancelled, use.ApprovalConsumed]
)
def test_what_did_not_happen_is_not_announced(event):
    with pytest.raises(ValueError, match="was not"):
        event.of(approval())


def test_an_event_arrives_as_it_was_sent(asked, call_as, documents):
    new = asked()
    objection = Objection(approval_id=new.id, category="budget", explanation="Far too expensive.")
    create_veto(call_as(Role.GOVERNOR), objection)
    found = documents.find(PLATFORM, Query(Entry.collection))
    entries = {snapshot.data["action"]: snapshot.data["data"] for snapshot in found}
    veto = VetoRecorded.model_validate(entries["veto.recorded"])
    assert (veto.category, veto.approval_id) == ("budget", new.id)
    assert (
        lifecycle.ApprovalRequested.model_validate(entries["approval.requested"]).gate == "stage-6"
    )
    assert documents.get(Key(PLATFORM, Wait.collection, new.id))


@pytest.mark.parametrize("told", [True, False])
def test_only_who_was_told_can_have_been_absent(asked, reacting, stored, told):
    """The Vision Guardian stands in where the Governor had a notice and did not answer."""
    new = asked(gate="step", urgency="hours", window_min=120)
    if told:
        notify_governor(reacting(subject(new)), lifecycle.ApprovalRequested.of(new))
    mark = lifecycle.ApprovalMark(percent=80, decision_version=0)
    remind_approvers(reacting(subject(new), at=96), mark)
    [late] = stored(Approval)
    assert (Role.VISION_GUARDIAN in late.escalations[0].to) == told


def test_in_a_freeze_the_vision_guardian_stands_in_for_nobody(asked, call_as, reacting, stored):
    ship_policy_bundles(reacting(), FakeEnforcing())
    new = asked(gate="step", urgency="hours", window_min=120)
    notify_governor(reacting(subject(new)), lifecycle.ApprovalRequested.of(new))
    mark = lifecycle.ApprovalMark(percent=80, decision_version=0)
    remind_approvers(reacting(subject(new), at=96), mark)
    agreement = Agreement(expected_digest=new.action_digest)
    for on in (True, False):
        said = Freezing(on=on, reason="An incident is looked into first.")
        set_freeze(call_as(Role.GOVERNOR, at=97), said)
        call = call_as(Role.VISION_GUARDIAN, at=98)
        if on:
            with pytest.raises(PolicyDenied) as refused:
                approve_approval(call, new.id, agreement)
            assert refused.value.violations[0].rule == "frozen"
            assert stored(Approval)[0].status == "escalated"
        else:
            granted = approve_approval(call, new.id, agreement)
            assert granted.decided_via == "vision_guardian_override"
