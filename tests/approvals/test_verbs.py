"""The verbs that do not answer at once, and what time does, through the API and its reactions."""

import pytest

from functions.approvals.approve_approval import Agreement, approve_approval
from functions.approvals.check_veto import check_veto
from functions.approvals.confirm_approval import confirm_approval
from functions.approvals.create_approval import create_approval
from functions.approvals.create_veto import Objection, create_veto
from functions.approvals.defer_approval import Rest, defer_approval
from functions.approvals.delegate_approval import Handover, delegate_approval
from functions.approvals.escalate_approval import Urging, escalate_approval
from functions.approvals.expire_approval import expire_approval
from functions.approvals.list_approvals import ApprovalQuery, list_approvals
from functions.approvals.remind_approvers import remind_approvers
from functions.approvals.wake_workflow import wake_workflow
from functions.approvals.watch_veto import watch_veto
from functions.approvals.watch_veto_window import watch_veto_window
from shared.actors import PLATFORM, Role
from shared.approvals.events import lifecycle
from shared.approvals.events.use import ApprovalConsumed
from shared.approvals.events.vetoes import VetoEffectDue, VetoRecorded, VetoWindowClosed
from shared.approvals.models.approvals import Approval
from shared.approvals.models.parts import Attachment
from shared.approvals.models.vetoes import Veto
from shared.approvals.rules import binding, decisions
from shared.documents import Query
from shared.errors import Conflict, Forbidden
from shared.evidence import Entry
from shared.notifications.models import Notification
from shared.promises import Due
from tests import answered
from tests.approvals.questions import RUN, WHY, another, minutes, needed, person, rule
from tests.conftest import DEPLOYMENT

PAGE = Attachment(name="log.txt", content_type="text/plain", size=10, sha256="0" * 64)


@pytest.fixture
def asked(call_as):
    def ask(*, at=0, **changes):
        given = {"gate": "step", "window_min": 100} | changes
        return answered.body(
            create_approval(call_as(Role.SERVICE, at=at), another(**given), DEPLOYMENT)
        )

    return ask


@pytest.fixture
def stored(documents):
    def all_of(kind):
        found = documents.find(PLATFORM, Query(kind.collection))
        return [kind.model_validate(snapshot.data) for snapshot in found]

    return all_of


@pytest.fixture
def told(stored):
    return lambda action: [e for e in stored(Entry) if e.action == action]


def promises(stored):
    return {
        (due.action.partition(".")[2], due.at, due.data.get("decision_version"))
        for due in stored(Due)
    }


def use(call_as, approval, at=2):
    """Use an approval up, as whoever carries it out does."""
    with call_as(Role.SERVICE, at=at).transaction() as txn:
        before = txn.get(Approval, approval.id)
        used = binding.consume(before, by=RUN, question=needed(before), at=minutes(at))
        return txn.save(used, ApprovalConsumed.of(used))


def grant(call_as, approval, at=1):
    body = Agreement(expected_digest=approval.action_digest)
    return approve_approval(call_as(Role.GOVERNOR, at=at), approval.id, body)


def test_a_delegation_tells_from_whom_to_whom(asked, call_as, told, stored):
    new = asked()
    body = Handover(to="deputy_governor", reason=WHY, until=minutes(50))
    after = delegate_approval(call_as(Role.GOVERNOR, at=1), new.id, body)
    assert after.status == "delegated"
    back = Handover(to="governor", reason="I am back in the office.")
    delegate_approval(call_as(Role.GOVERNOR, at=2), new.id, back)
    entries = sorted(told("approval.delegated"), key=lambda entry: entry.eseq)
    assert [entry.data for entry in entries] == [
        {"from": "governor", "to": "deputy_governor", "depth": 1},
        {"from": "governor", "to": "governor", "depth": 0},
    ]
    assert {entry.topic for entry in entries} == {"approval-requests"}
    [kept] = stored(Approval)
    assert kept.delegations[0].until == minutes(50)
    assert kept.model_dump(mode="json")["delegations"][0]["to"] == "deputy_governor"


def test_an_escalation_by_hand_tells_who_is_asked(asked, call_as, told):
    new = asked()
    escalate_approval(call_as(Role.VISION_GUARDIAN, at=1), new.id, Urging(reason=WHY))
    [entry] = told("approval.escalated")
    assert entry.data == {"level": 1, "to": ["deputy_governor"], "trigger": "manual"}
    assert (entry.category, entry.topic) == ("escalation", "approval-requests")
    with pytest.raises(Forbidden):
        escalate_approval(call_as(Role.VIEWER, at=2), new.id, Urging(reason=WHY))


def test_a_deferral_tells_until_when(asked, call_as, told, stored):
    new = asked()
    defer_approval(call_as(Role.GOVERNOR, at=1), new.id, Rest(until=minutes(101)))
    [entry] = told("approval.deferred")
    until = "2026-01-01T13:41:00.000Z"
    assert entry.data == {"approver": "governor", "until": until, "defer_count": 1}
    assert ("mark_reached", minutes(151), 1) in promises(stored)


def test_one_promise_leads_to_the_next_up_to_the_deadline(asked, reacting, stored, told):
    new = asked()
    subject = f"approvals/{new.id}"
    assert promises(stored) == {("mark_reached", minutes(50), 0)}
    mark = lifecycle.ApprovalMark(percent=50, decision_version=0)
    remind_approvers(reacting(subject, at=50), mark)
    assert ("mark_reached", minutes(80), 1) in promises(stored)
    remind_approvers(reacting(subject, at=51), mark)
    assert len(told("approval.escalated")) == 1
    remind_approvers(
        reacting(subject, at=80), lifecycle.ApprovalMark(percent=80, decision_version=1)
    )
    assert ("deadline_reached", minutes(100), 2) in promises(stored)
    expire_approval(reacting(subject, at=100), lifecycle.ApprovalDeadline(decision_version=2))
    [entry] = told("approval.expired")
    assert entry.data["reminders"] == 2


def test_a_mark_that_asks_nobody_new_still_leads_on(asked, call_as, reacting, stored, told):
    new = asked()
    escalate_approval(call_as(Role.GOVERNOR, at=1), new.id, Urging(reason=WHY))
    mark = lifecycle.ApprovalMark(percent=50, decision_version=1)
    remind_approvers(reacting(f"approvals/{new.id}", at=50), mark)
    assert ("mark_reached", minutes(80), 1) in promises(stored)
    assert len(told("approval.escalated")) == 1


def test_a_thing_that_nobody_looked_at_says_so(asked, reacting, stored):
    new = asked(type="artifact", approval_class="draft.review:HC:x")
    expire_approval(
        reacting(f"approvals/{new.id}", at=100), lifecycle.ApprovalDeadline(decision_version=0)
    )
    assert stored(Approval)[0].unreviewed


def test_identical_requests_share_a_card_and_are_found_by_it(asked, call_as):
    first, same, other = asked(), asked(), asked(approval_class="agent.deploy:HC:OTHER")
    assert first.group_key == same.group_key != other.group_key
    assert asked(type="constitutional", gate="change").group_key is None
    query = ApprovalQuery(group_key=first.group_key)
    found = list_approvals(call_as(Role.GOVERNOR), query).items
    assert {one.id for one in found} == {first.id, same.id}


def test_all_that_is_open_is_listed(asked, call_as):
    new = asked()
    escalate_approval(call_as(Role.GOVERNOR, at=1), new.id, Urging(reason=WHY))
    assert [a.id for a in list_approvals(call_as(Role.GOVERNOR), ApprovalQuery()).items] == [new.id]
    pending = ApprovalQuery(status="pending")
    assert list_approvals(call_as(Role.GOVERNOR), pending).items == ()


# --- after the decision --------------------------------------------------------------------------


def confirm(reacting, approval, at):
    confirm_approval(reacting(f"approvals/{approval.id}", at=at), VetoWindowClosed())


def test_what_was_used_and_not_vetoed_is_confirmed(asked, call_as, reacting, stored, told):
    new = asked()
    granted = grant(call_as, new)
    used = use(call_as, granted)
    watch_veto_window(reacting(f"approvals/{new.id}", at=3), ApprovalConsumed.of(used))
    assert ("veto_window_closed", granted.veto_until, None) in promises(stored)
    confirm(reacting, new, 24 * 60)
    assert told("approval.confirmed") == []
    for _ in range(2):
        confirm(reacting, new, 24 * 60 + 1)
    [entry] = told("approval.confirmed")
    assert entry.data == {"veto_until": "2026-01-02T12:01:00.000Z"}
    assert (stored(Approval)[0].status, entry.topic) == ("consumed", "approval-decisions")


def test_what_was_vetoed_is_not_confirmed(asked, call_as, reacting, told):
    new = asked()
    use(call_as, grant(call_as, new))
    create_veto(call_as(Role.GOVERNOR, at=3), objection(new))
    confirm(reacting, new, 24 * 60 + 1)
    assert told("approval.confirmed") == []


def objection(approval, **more):
    return Objection(approval_id=approval.id, category="safety", explanation=WHY, **more)


def test_a_veto_of_what_was_done_waits_to_be_undone_and_calls_if_it_is_not(
    asked, call_as, reacting, stored, told
):
    new = asked()
    use(call_as, grant(call_as, new))
    record = create_veto(call_as(Role.GOVERNOR, at=3), objection(new, attachments=[PAGE]))
    assert (record.effect, record.step_id, record.attachments) == ("rolled_back", "s1", (PAGE,))
    subject = f"vetoes/{record.id}"
    watch_veto(reacting(subject, at=3), VetoRecorded.of(record))
    assert ("effect_due", minutes(8), None) in promises(stored)
    check_veto(reacting(subject, at=8), VetoEffectDue())
    [entry] = told("veto.effect_overdue")
    assert entry.severity == "critical"
    assert [notice.audience for notice in stored(Notification)] == ["governor"]


def test_what_is_undone_in_time_calls_nobody(asked, call_as, reacting, stored, told):
    record = create_veto(call_as(Role.GOVERNOR, at=3), objection(asked()))
    assert record.effect_completed_at == minutes(3)
    subject = f"vetoes/{record.id}"
    watch_veto(reacting(subject, at=3), VetoRecorded.of(record))
    check_veto(reacting(subject, at=8), VetoEffectDue())
    assert told("veto.effect_overdue") == []
    assert not any(due.action == "veto.effect_due" for due in stored(Due))


@pytest.mark.parametrize(
    ("change", "effect"),
    [
        ({"reversibility": "irreversible"}, "irreversible"),
        ({"reversibility": "irreversible", "seed_id": "s"}, "irreversible"),
        ({}, "rolled_back"),
        ({"seed_id": "s", "workflow_id": RUN.run_id}, "rolled_back"),
        ({"seed_id": "s", "type": "communication"}, "recalled"),
        ({"seed_id": "s"}, "cancelled"),
    ],
)
def test_what_a_veto_comes_to_depends_on_what_it_hits(asked, call_as, change, effect):
    used = use(call_as, grant(call_as, asked())).model_copy(update=change)
    governor = person(Role.GOVERNOR)
    after = decisions.veto(used, by=governor, at=minutes(5), category="safety", explanation=WHY)
    assert after.status == ("vetoed" if "seed_id" in change else "consumed")
    assert after.violations() == ()
    record = decisions.record_veto(used, after, id="v")
    assert record.effect == effect
    assert (record.effect_completed_at is not None) == (effect == "irreversible")


def test_a_veto_names_one_thing():
    for about in ({}, {"approval_id": RUN_ID, "run_id": RUN_ID}):
        with pytest.raises(ValueError, match="either"):
            Objection(category="safety", explanation=WHY, **about)


RUN_ID = "11111111-1111-4111-8111-111111111111"


def test_five_documents_go_with_a_veto_and_only_from_whoever_raised_it(asked, call_as):
    governor = person(Role.GOVERNOR)
    record = create_veto(call_as(Role.GOVERNOR, at=3), objection(asked(), attachments=[PAGE]))
    assert decisions.attach(record, PAGE, by=governor) is record
    for size in range(2, 6):
        record = decisions.attach(record, PAGE.model_copy(update={"size": size}), by=governor)
    assert len(record.attachments) == 5
    with pytest.raises(Conflict) as refused:
        decisions.attach(record, PAGE.model_copy(update={"size": 9}), by=governor)
    assert rule(refused) == "attachment_limit"
    with pytest.raises(Forbidden):
        decisions.attach(record, PAGE, by=person(Role.GOVERNOR, id="other"))


def test_a_veto_of_a_run_without_an_approval_wakes_nobody(reacting, workflows):
    veto = VetoRecorded(category="safety", window_end=minutes(1), offline=False, effect="cancelled")
    wake_workflow(reacting("vetoes/v"), veto, workflows)
    assert workflows.woken == []


def test_the_log_of_a_veto_is_of_the_veto(asked, call_as, stored):
    record = create_veto(call_as(Role.GOVERNOR, at=3), objection(asked()))
    assert stored(Veto) == [record]
