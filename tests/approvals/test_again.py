"""The same question again: while it is open it is one, and after a no it is refused in any spelling."""

import pytest

from functions.approvals.approve_approval import Agreement, approve_approval
from functions.approvals.cancel_approval import Withdrawal, cancel_approval
from functions.approvals.create_approval import create_approval
from functions.approvals.create_veto import Objection, create_veto
from functions.approvals.notify_governor import notify_governor
from functions.approvals.reject_approval import Rejection, reject_approval
from functions.approvals.request_approval_changes import WantedChanges, request_approval_changes
from functions.approvals.wake_workflow import wake_workflow
from functions.approvals.withdraw_refusal import SecondThought, withdraw_refusal
from shared.actors import PLATFORM, Role
from shared.approvals.actions import noes
from shared.approvals.events.lifecycle import ApprovalRejected, ApprovalRequested
from shared.approvals.models.approvals import Approval
from shared.approvals.rules import acts
from shared.documents import Query
from shared.errors import AlreadyDecided, Conflict, Forbidden, Invalid
from shared.evidence import Entry
from shared.notifications.models import Notification
from shared.promises import Due
from tests import answered
from tests.approvals.questions import CALLBACK, EXAMPLE, WHY, request, rule
from tests.conftest import DEPLOYMENT

FOUND = {"kind": "root_cause_report", "ref": "reports/new", "sha256": "9" * 64}
AGAIN = {"evidence_refs": [*EXAMPLE["evidence_refs"], FOUND]}
SPELLED = {
    "approval_class": "agent_deploy:hc:job_hc_001",
    "subject": EXAMPLE["subject"] | {"spec_hash": "\uff10" * 64},
}


@pytest.fixture
def ask(call_as):
    def ask(*, tenant=PLATFORM, at=0, **changes):
        call = call_as(Role.SERVICE, tenant=tenant, own=PLATFORM, at=at)
        return answered.body(create_approval(call, request(**changes), DEPLOYMENT))

    return ask


@pytest.fixture
def stored(documents):
    def all_of(kind, tenant=PLATFORM):
        found = documents.find(tenant, Query(kind.collection))
        return [kind.model_validate(snapshot.data) for snapshot in found]

    return all_of


def reject(call_as, new, at=1, **who):
    return reject_approval(call_as(Role.GOVERNOR, at=at, **who), new.id, Rejection(reason=WHY))


def send_back(call_as, new):
    body = WantedChanges(changes=["Add a test."])
    return request_approval_changes(call_as(Role.GOVERNOR, at=1), new.id, body)


def veto(call_as, new):
    body = Objection(approval_id=new.id, category="safety", explanation=WHY)
    create_veto(call_as(Role.GOVERNOR, at=1), body)


def approve(call_as, new, at=1):
    body = Agreement(expected_digest=new.action_digest)
    return approve_approval(call_as(Role.GOVERNOR, at=at), new.id, body)


def withdraw(call_as, new, **who):
    body = SecondThought(reason="What I refused it for is mended.")
    return withdraw_refusal(call_as(Role.GOVERNOR, at=2, **who), new.id, body)


# --- while it is open ----------------------------------------------------------------------------


def test_the_same_question_is_one_while_it_is_open(ask, stored, reacting):
    asked = [ask(at=minute) for minute in range(5)]
    assert {one.id for one in asked} == {asked[0].id}
    assert stored(Approval) == [asked[0]]
    assert len(stored(Entry)) == len(stored(Due)) == 1
    for one in asked:
        notify_governor(reacting(f"approvals/{one.id}"), ApprovalRequested.of(one))
    assert len(stored(Notification)) == 1


def test_another_governor_tenant_or_act_is_another_question(ask):
    first = ask()
    assert ask(subject=EXAMPLE["subject"] | {"spec_hash": "5" * 64}).id != first.id
    theirs = [ask(tenant="acme", governor_scope=scope) for scope in ("platform", "engagement")]
    assert len({first.id, *(one.id for one in theirs)}) == 3


def test_what_is_not_open_any_more_is_asked_anew(ask, call_as):
    first = ask(window_min=10)
    late = ask(at=10)
    assert late.id != first.id
    approve(call_as, late, at=11)
    third = ask(at=12)
    cancel_approval(call_as(Role.SERVICE, at=13), third.id, Withdrawal(reason="Not needed now."))
    assert len({first.id, late.id, third.id, ask(at=14).id}) == 4


def test_whoever_asks_the_same_is_answered_by_the_same(ask, call_as, stored):
    first = ask()
    joined = ask(on_behalf_of="governor", at=1)
    assert (joined.id, joined.also_asked_by) == (first.id, ("governor",))
    assert ask(on_behalf_of="governor", at=2) == joined
    assert joined.parties == first.parties
    assert approve(call_as, first).decided_by == "governor"
    assert [one.data for one in stored(Entry) if one.action == "approval.joined"] == [
        {"asked_by": "governor"}
    ]


def test_a_join_never_changes_who_decides(ask, call_as):
    first = ask()
    call = call_as(Role.SERVICE, id="another", at=1)
    held = call.actor.model_copy(update={"same_hands": frozenset({"governor"})})
    object.__setattr__(call, "actor", held)
    with pytest.raises(Conflict) as refused:
        create_approval(call, request(), DEPLOYMENT)
    assert rule(refused) == "asked_by_others"
    assert approve(call_as, first).decided_by == "governor"


def test_everybody_who_waits_is_woken(ask, call_as, reacting, workflows):
    urls = [CALLBACK, f"{CALLBACK}2", f"{CALLBACK}3"]
    asked = [ask(callback_url=url) for url in [*urls, CALLBACK]]
    told = ApprovalRejected.of(reject(call_as, asked[0]))
    wake_workflow(reacting(f"approvals/{asked[0].id}"), told, workflows)
    assert workflows.woken == urls


def test_so_many_may_wait_for_one_answer(ask):
    for number in range(50):
        ask(callback_url=f"{CALLBACK}{number}")
    with pytest.raises(Conflict) as refused:
        ask(callback_url=CALLBACK)
    assert rule(refused) == "waiting"


# --- after a no ----------------------------------------------------------------------------------


@pytest.mark.parametrize("say_no", [reject, veto, send_back])
@pytest.mark.parametrize("spelling", [{}, SPELLED])
@pytest.mark.parametrize("asker", ["service", "somebody.else"])
def test_after_a_no_the_same_act_is_refused(ask, call_as, say_no, spelling, asker):
    new = ask()
    say_no(call_as, new)
    with pytest.raises(AlreadyDecided) as refused:
        ask(at=2, on_behalf_of=asker, **spelling)
    assert rule(refused) == "refused_before"
    assert refused.value.members["approval_id"] == new.id


def test_a_no_to_what_was_approved_counts(ask, call_as):
    new = approve(call_as, ask())
    veto(call_as, new)
    with pytest.raises(AlreadyDecided):
        ask(at=2)


def test_a_no_stands_in_its_tenant(ask, call_as):
    reject(call_as, ask())
    assert ask(tenant="acme").status == "pending"


@pytest.mark.parametrize("spelling", [{}, SPELLED])
def test_with_evidence_that_was_not_there_it_is_asked_again(ask, call_as, spelling):
    new = ask()
    reject(call_as, new)
    renamed = [one | {"kind": "test_report", "ref": "x"} for one in EXAMPLE["evidence_refs"]]
    with pytest.raises(AlreadyDecided):
        ask(at=2, evidence_refs=[*EXAMPLE["evidence_refs"], *renamed])
    second = ask(at=2, **AGAIN, **spelling)
    assert second.status == "pending"
    reject(call_as, second, at=3)
    with pytest.raises(AlreadyDecided):
        ask(at=4, **AGAIN)


def test_a_no_is_withdrawn_by_whoever_said_it(ask, call_as, stored):
    new = ask()
    reject(call_as, new)
    for who in ({"id": "another.governor"}, {"id": "service"}):
        with pytest.raises(Forbidden) as refused:
            withdraw(call_as, new, **who)
        assert rule(refused) == "not_who_said_no"
    after = withdraw(call_as, new)
    assert (after.status, after.refused, after.refusal_withdrawn.by) == (
        *("rejected", False, "governor"),
    )
    assert withdraw(call_as, new) == after
    assert ask(at=3).id != new.id
    [entry] = [one for one in stored(Entry) if one.action == "approval.refusal_withdrawn"]
    assert entry.retention_class == "constitutional"


def test_where_no_no_stands_there_is_none_to_withdraw(ask, call_as):
    new = approve(call_as, ask())
    with pytest.raises(Conflict) as refused:
        withdraw(call_as, new)
    assert rule(refused) == "no_refusal"


# --- after a request for changes -----------------------------------------------------------------


def changed(before, digit="5", **more):
    subject = EXAMPLE["subject"] | {"spec_hash": digit * 64}
    return {"subject": subject, "supersedes": before.id} | more


def test_what_was_sent_back_has_one_successor(ask, call_as, stored):
    before = ask()
    send_back(call_as, before)
    after = ask(at=2, **changed(before))
    assert after.supersedes == before.id
    [old] = [one for one in stored(Approval) if one.id == before.id]
    assert (old.superseded_by, old.refused) == (after.id, False)
    with pytest.raises(Conflict) as refused:
        ask(at=3, **changed(before, "6"))
    assert rule(refused) == "superseded"


def test_a_successor_is_another_version_of_the_same_by_the_same(ask, call_as):
    before = ask()
    send_back(call_as, before)
    with pytest.raises(AlreadyDecided):
        ask(at=2, supersedes=before.id)
    for wrong in (
        {"approval_class": "agent.deploy:HC:OTHER"},
        {"on_behalf_of": "somebody.else"},
    ):
        with pytest.raises(Invalid) as refused:
            ask(at=2, **changed(before, **wrong))
        assert rule(refused) == "supersedes"
    assert ask(at=2, supersedes=before.id, **AGAIN).supersedes == before.id


def test_a_rejection_has_no_successor(ask, call_as):
    before = ask()
    reject(call_as, before)
    with pytest.raises(Conflict) as refused:
        ask(at=2, **changed(before))
    assert rule(refused) == "supersedes"


# --- what a rule may not overtake ----------------------------------------------------------------


def standing(txn, **changes):
    act = acts.act(request(**changes))
    return [one.id for one in noes.against(noes.around(txn, act), act)]


def test_the_noes_that_stand_against_an_act_are_found(ask, call_as):
    def found(**changes):
        with call_as(Role.SERVICE).transaction() as txn:
            return standing(txn, **changes)

    assert found() == []
    new = ask()
    reject(call_as, new)
    assert found() == found(**SPELLED) == [new.id]
    assert found(subject=EXAMPLE["subject"] | {"spec_hash": "5" * 64}) == [new.id]
    assert found(subject=EXAMPLE["subject"] | {"agent_id": "another"}) == []
    withdraw(call_as, new)
    assert found() == []


@pytest.mark.parametrize("say_no", [reject, send_back, veto])
def test_a_no_is_kept_with_the_act_it_was_said_to(ask, call_as, stored, breaks, say_no):
    new = ask()
    assert not new.refused
    say_no(call_as, new)
    [after] = stored(Approval)
    assert (after.refused, after.act_place) == (True, acts.act(new).place)
    assert breaks() == []


def test_a_no_to_what_an_earlier_release_asked_stands_as_well(monkeypatch, ask, call_as):
    with monkeypatch.context() as earlier:
        earlier.setattr(acts.Act, "found_by", {})
        new = ask()
    assert new.act_place is None
    reject(call_as, new)
    with call_as(Role.SERVICE).transaction() as txn:
        assert standing(txn) == [new.id]
    with pytest.raises(AlreadyDecided):
        ask(at=2, **SPELLED)


def test_a_no_writes_no_more_than_the_question_and_its_entry(ask, call_as, documents, monkeypatch):
    new, written = ask(), []
    kept = documents.commit
    monkeypatch.setattr(documents, "commit", lambda writes: (written.append(writes), kept(writes)))
    reject(call_as, new)
    assert [sorted(one.key.collection for one in writes) for writes in written] == [
        ["approvals", "events"]
    ]
