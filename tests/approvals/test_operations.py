"""Approvals, as they are asked for and decided through the API."""

import pytest

from functions.approvals.approve_approval import Agreement, approve_approval
from functions.approvals.cancel_approval import Withdrawal, cancel_approval
from functions.approvals.create_approval import create_approval
from functions.approvals.create_veto import Objection, create_veto
from functions.approvals.get_approval import get_approval
from functions.approvals.get_approval_audit import get_approval_audit
from functions.approvals.list_approvals import ApprovalQuery, list_approvals
from functions.approvals.list_vetoes import VetoQuery, list_vetoes
from functions.approvals.reject_approval import Rejection, reject_approval
from functions.approvals.request_approval_changes import WantedChanges, request_approval_changes
from shared.actors import PLATFORM, Role
from shared.approvals.events.use import ApprovalConsumed
from shared.approvals.models.approvals import Approval, Consumer
from shared.approvals.models.vetoes import Veto
from shared.approvals.rules import binding
from shared.documents import Query
from shared.errors import AlreadyDecided, Invalid, NotFound
from shared.evidence import Entry
from shared.promises import Due
from shared.queries import Paging
from shared.waiting import Wait
from tests import answered
from tests.approvals.questions import CALLBACK, another, minutes, needed
from tests.conftest import DEPLOYMENT

WHY = "The rollback plan was never tested; ask kim@example.com."
REJECTION = Rejection(reason=WHY)


@pytest.fixture
def asked(call_as):
    def ask(*, tenant=PLATFORM, at=0, **changes):
        return answered.body(
            create_approval(
                call_as(Role.SERVICE, tenant=tenant, at=at), another(**changes), DEPLOYMENT
            )
        )

    return ask


@pytest.fixture
def stored(documents):
    def all_of(kind, tenant=PLATFORM):
        found = documents.find(tenant, Query(kind.collection))
        return [kind.model_validate(snapshot.data) for snapshot in found]

    return all_of


def agree(before):
    return Agreement(expected_digest=before.action_digest)


def objection(before):
    return Objection(approval_id=before.id, category="safety", explanation=WHY)


def trail(call_as, before, tenant=PLATFORM):
    return get_approval_audit(call_as(Role.GOVERNOR, tenant=tenant), before.id, Paging()).items


def test_a_question_its_deadline_and_its_waiting_workflow_are_kept_together(asked, stored):
    new = asked(callback_url=CALLBACK)
    assert stored(Approval) == [new]
    assert stored(Wait) == [Wait(id=new.id, url=CALLBACK)]
    [due] = stored(Due)
    assert (due.action, due.at) == ("approval.mark_reached", minutes(120))
    [entry] = stored(Entry)
    assert (entry.action, entry.topic) == ("approval.requested", "approval-requests")
    assert entry.data["approvers"] == ["governor"]
    assert CALLBACK not in entry.model_dump_json() + new.model_dump_json()


def test_a_foreign_callback_is_refused_and_nothing_is_kept(asked, stored):
    with pytest.raises(Invalid):
        asked(callback_url="https://example.com/callbacks/c")
    assert stored(Approval) == []


def test_a_question_without_a_waiting_workflow_waits_for_nobody(asked, stored):
    asked()
    assert stored(Wait) == []


def test_an_approval_is_granted_with_its_evidence(asked, call_as, stored):
    new = asked()
    after = approve_approval(call_as(Role.GOVERNOR, at=5), new.id, agree(new))
    assert after.status == "approved"
    entry = next(e for e in stored(Entry) if e.action == "approval.granted")
    assert entry.topic == "approval-decisions"
    assert entry.retention_class == "constitutional"
    assert entry.data["approvers"] == ["governor"]
    assert entry.data["veto_until"] == "2026-01-02T12:05:00.000Z"
    assert entry.decision_context.authority == "governor"
    assert {due.data["decision_version"] for due in stored(Due)} == {0}


def test_an_engagement_decision_is_kept_as_long_as_others(asked, call_as, stored):
    new = asked(tenant="acme", governor_scope="engagement")
    call = call_as(Role.CUSTOMER_ADMIN, tenant="acme")
    reject_approval(call, new.id, REJECTION)
    entry = next(e for e in stored(Entry, "acme") if e.action == "approval.rejected")
    assert entry.retention_class == "standard"


def test_a_yes_writes_itself_its_entry_and_that_it_was_given_unread(asked, call_as):
    new = asked()
    call = call_as(Role.GOVERNOR, commits=False)
    approve_approval(call, new.id, agree(new))
    assert [one.key.collection for one in call.writes] == ["attention", "events", "approvals"]
    get_approval(call_as(Role.GOVERNOR), new.id)
    call = call_as(Role.GOVERNOR, commits=False)
    approve_approval(call, new.id, agree(new))
    assert [one.key.collection for one in call.writes] == ["events", "approvals"]


@pytest.mark.parametrize(
    ("operation", "body"),
    [
        (approve_approval, agree),
        (reject_approval, lambda _: REJECTION),
        (request_approval_changes, lambda _: WantedChanges(changes=["Add a test."])),
    ],
)
def test_the_same_decision_again_adds_nothing(asked, call_as, stored, operation, body):
    new = asked()
    first = operation(call_as(Role.GOVERNOR), new.id, body(new))
    assert operation(call_as(Role.GOVERNOR, at=1), new.id, body(new)) == first
    assert len(stored(Entry)) == 2


def test_the_first_decision_wins(asked, call_as):
    new = asked()
    reject_approval(call_as(Role.GOVERNOR), new.id, REJECTION)
    with pytest.raises(AlreadyDecided) as refused:
        approve_approval(call_as(Role.GOVERNOR, at=1), new.id, agree(new))
    assert refused.value.members["decided"] == "reject"


def test_the_log_holds_a_reason_masked_and_the_approval_holds_it_whole(asked, call_as, stored):
    new = asked()
    reject_approval(call_as(Role.GOVERNOR), new.id, REJECTION)
    entry = next(e for e in stored(Entry) if e.action == "approval.rejected")
    assert "kim@example.com" not in entry.model_dump_json()
    assert stored(Approval)[0].last.reason == WHY


def test_a_long_reason_is_cut_in_the_log(asked, call_as, stored):
    new = asked()
    reject_approval(call_as(Role.GOVERNOR), new.id, Rejection(reason="No. " * 500))
    entry = next(e for e in stored(Entry) if e.action == "approval.rejected")
    assert len(entry.data["reason"]) == 500


def test_what_is_sent_back_says_where_the_wishes_are(asked, call_as, stored):
    new = asked()
    wanted = WantedChanges(changes=["Add a test."])
    after = request_approval_changes(call_as(Role.GOVERNOR), new.id, wanted)
    assert after.last.changes == ("Add a test.",)
    entry = next(e for e in stored(Entry) if e.action == "approval.changes_requested")
    assert entry.data["comment_ref"] == f"approvals/{new.id}#/decisions/0/changes"


def test_half_an_agreement_is_recorded_but_wakes_nobody(asked, call_as, stored):
    new = asked(type="constitutional", gate="change")
    approve_approval(call_as(Role.GOVERNOR), new.id, agree(new))
    entry = next(e for e in stored(Entry) if e.action == "approval.step_approved")
    assert (entry.topic, entry.data["step_no"]) == (None, 1)
    after = approve_approval(call_as(Role.VISION_GUARDIAN, at=1), new.id, agree(new))
    assert after.status == "approved"


def test_a_request_is_withdrawn_by_whoever_made_it(asked, call_as, stored):
    new = asked(callback_url=CALLBACK)
    withdrawal = Withdrawal(reason="The workflow was cancelled.")
    after = cancel_approval(call_as(Role.SERVICE, at=1), new.id, withdrawal)
    assert after.status == "cancelled"
    assert cancel_approval(call_as(Role.SERVICE, at=2), new.id, withdrawal) == after
    entry = next(e for e in stored(Entry) if e.action == "approval.cancelled")
    assert entry.data == {"reason": "The workflow was cancelled."}


# --- vetoes --------------------------------------------------------------------------------------


def test_a_veto_is_recorded_beside_what_it_hit(asked, call_as, stored):
    new = asked()
    veto = create_veto(call_as(Role.GOVERNOR, at=1), objection(new))
    assert stored(Veto) == [veto]
    assert stored(Approval)[0].status == "vetoed"
    entry = next(e for e in stored(Entry) if e.action == "veto.recorded")
    assert entry.entity == f"vetoes/{veto.id}"
    assert entry.data["category"] == "safety"
    assert (entry.category, entry.topic) == ("governance_decision", "approval-decisions")
    assert entry.refs == {"approval_id": new.id}
    assert "kim@example.com" not in "".join(e.model_dump_json() for e in stored(Entry))
    assert veto.explanation == WHY


def test_the_same_veto_again_is_the_one_on_record(asked, call_as, stored):
    new = asked()
    veto = create_veto(call_as(Role.GOVERNOR), objection(new))
    assert create_veto(call_as(Role.GOVERNOR, at=1), objection(new)) == veto
    assert stored(Veto) == [veto]


def test_vetoes_are_listed_the_latest_first(asked, call_as):
    vetoes = [
        create_veto(call_as(Role.GOVERNOR, at=minute), objection(asked())) for minute in (1, 2)
    ]
    page = list_vetoes(call_as(Role.GOVERNOR), VetoQuery())
    assert page.items == tuple(reversed(vetoes))
    assert list_vetoes(call_as(Role.GOVERNOR), VetoQuery(category="budget")).items == ()
    mine = list_vetoes(call_as(Role.GOVERNOR), VetoQuery(approval_id=vetoes[0].approval_id))
    assert mine.items == (vetoes[0],)


# --- reading -------------------------------------------------------------------------------------


def test_what_runs_out_first_is_listed_first(asked, call_as):
    late, soon = asked(window_min=100), asked(window_min=10)
    assert list_approvals(call_as(Role.GOVERNOR), ApprovalQuery()).items == (soon, late)


def test_approvals_are_listed_by_page(asked, call_as):
    whole = [asked(window_min=minute) for minute in (10, 20, 30)]
    first = list_approvals(call_as(Role.GOVERNOR), ApprovalQuery(limit=2))
    rest = list_approvals(call_as(Role.GOVERNOR), ApprovalQuery(limit=2, cursor=first.next_cursor))
    assert [*first.items, *rest.items] == whole
    assert rest.next_cursor is None


def test_approvals_are_filtered(asked, call_as):
    draft = {"type": "artifact", "gate": "step", "approval_class": "draft.review:HC:x"}
    new, other = asked(), asked(**draft, agent_id=None)

    def found(**filters):
        return list_approvals(call_as(Role.GOVERNOR), ApprovalQuery(**filters)).items

    assert found(type="artifact") == (other,)
    assert found(gate="stage-6") == (new,)
    assert found(agent_id=new.agent_id) == (new,)
    assert found(status="rejected") == ()
    rejected = reject_approval(call_as(Role.GOVERNOR), new.id, REJECTION)
    assert found(status="rejected") == (rejected,)
    assert found() == (other,)


def test_an_approval_is_shown(asked, call_as):
    new = asked()
    shown = get_approval(call_as(Role.GOVERNOR, at=60), new.id)
    assert shown.version_hash == new.version_hash
    assert (shown.time_left_s, shown.veto_remaining_s) == (180 * 60, None)
    approve_approval(call_as(Role.GOVERNOR, at=61), new.id, agree(new))
    shown = get_approval(call_as(Role.GOVERNOR, at=62), new.id)
    assert (shown.time_left_s, shown.veto_remaining_s) == (None, 24 * 60 * 60 - 60)


def test_another_tenants_approval_does_not_exist(asked, call_as):
    new = asked(tenant="acme", governor_scope="engagement")
    with pytest.raises(NotFound):
        get_approval(call_as(Role.CUSTOMER_ADMIN, tenant="globex"), new.id)
    assert list_approvals(call_as(Role.GOVERNOR), ApprovalQuery()).items == ()


def test_the_trail_of_an_approval_is_told_in_order_and_verifies(asked, call_as, breaks):
    new = asked()
    granted = approve_approval(call_as(Role.GOVERNOR, at=1), new.id, agree(new))
    with call_as(Role.SERVICE, at=2).transaction() as txn:
        used = binding.consume(
            txn.get(Approval, new.id),
            by=Consumer(run_id="r1", step_id="s1"),
            question=needed(new),
            at=granted.updated_at,
        )
        used = txn.save(used, ApprovalConsumed.of(used))
    told = trail(call_as, new)
    assert [one.action for one in told] == [
        "approval.requested",
        "approval.granted",
        "approval.consumed",
    ]
    assert told[1].actor.id == "governor"
    assert told[2].entry_hash == used.audit.head
    assert told[2].data["run_id"] == "r1"
    assert breaks() == []


def test_there_is_no_trail_of_what_does_not_exist(call_as):
    with pytest.raises(NotFound):
        trail(call_as, Approval.model_construct(id="11111111-1111-4111-8111-111111111111"))
