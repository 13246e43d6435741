"""Two open questions about one act: they know of each other, and a no meets a yes in one commit."""

import pytest

from functions.approvals.approve_approval import Agreement, approve_approval
from functions.approvals.carry_refusal import carry_refusal
from functions.approvals.carry_refusal_further import carry_refusal_further
from functions.approvals.create_approval import create_approval
from functions.approvals.reject_approval import Rejection, reject_approval
from shared.actors import PLATFORM, Role
from shared.approvals.actions import noes
from shared.approvals.events.lifecycle import ApprovalRejected
from shared.approvals.events.questions import RefusalCarriedFurther
from shared.approvals.models.approvals import Approval
from shared.documents import Contended, Query
from shared.errors import AlreadyDecided
from tests import answered
from tests.approvals.questions import WHY, request
from tests.conftest import DEPLOYMENT

POST = {"typ": "action/v1", "tool": "room.post", "channel": "main"}
NEW = {"kind": "report", "ref": "r/1", "sha256": "3" * 64}


@pytest.fixture
def ask(call_as):
    def ask(at=0, evidence=(), **more):
        asked = request(subject_kind="action", subject=POST | more, gate="step")
        asked = asked.model_copy(update={"agent_id": None, "approval_class": "publish:HC:room"})
        shown = request(evidence_refs=evidence).evidence_refs if evidence else ()
        asked = asked.model_copy(update={"evidence_refs": shown})
        return answered.body(create_approval(call_as(Role.SERVICE, at=at), asked, DEPLOYMENT))

    return ask


@pytest.fixture
def now(documents):
    def now(one):
        found = documents.find(PLATFORM, Query(Approval.collection))
        return next(Approval.from_stored(s.data) for s in found if s.key.id == one.id)

    return now


def reject(call_as, one):
    return reject_approval(call_as(Role.GOVERNOR, at=1), one.id, Rejection(reason=WHY))


def approve(call_as, one):
    body = Agreement(expected_digest=one.action_digest)
    return approve_approval(call_as(Role.GOVERNOR, at=1), one.id, body)


def test_both_know_that_they_are_two(ask, now):
    alone = ask(channel="other")
    one, other = ask(), ask(note="x")
    assert [now(each).beside for each in (alone, one, other)] == [False, True, True]
    assert ask(note="y").id != other.id


def test_of_many_targets_it_is_said_once(ask, now, breaks):
    to = ",".join(f"person{n}@example.com" for n in range(7))
    one = ask(to=to, tool="post.mail")
    ask(to=to, tool="POST.MAIL")
    assert now(one).beside
    assert now(one).audit.n == 2
    assert breaks() == []


def test_a_no_between_two_looks_of_an_ask_is_not_written_over(
    ask, call_as, now, breaks, documents, monkeypatch
):
    one, find, looks = ask(), documents.find, []

    def found(tenant, query):
        seen = find(tenant, query)
        if query.collection == Approval.collection and one.id in {s.key.id for s in seen}:
            looks.append(query)
            if len(looks) == 1:
                reject(call_as, one)
        return seen

    monkeypatch.setattr(documents, "find", found)
    with pytest.raises(Contended):
        ask(note="x")
    assert now(one).status == "rejected"
    assert breaks() == []


def test_what_both_say_otherwise_tells_them_apart(ask, now):
    one, other = ask(text_hash="1" * 64), ask(text_hash="2" * 64)
    assert [now(each).beside for each in (one, other)] == [False, False]


def test_a_no_at_the_same_moment_makes_the_yes_run_again(ask, call_as, documents, monkeypatch):
    one, other = ask(), ask(note="x")
    kept, begun = documents.commit, []

    def commit(writes):
        if not begun:
            begun.append(reject)
            reject(call_as, one)
        kept(writes)

    monkeypatch.setattr(documents, "commit", commit)
    with pytest.raises(Contended):
        approve(call_as, other)
    with pytest.raises(AlreadyDecided) as refused:
        approve(call_as, other)
    assert refused.value.members["approval_id"] == one.id


def test_what_brings_evidence_that_was_not_there_may_be_answered(ask, call_as, now, reacting):
    one, other = ask(), ask(note="x", evidence=(NEW,))
    told = ApprovalRejected.of(reject(call_as, one))
    carry_refusal(reacting(f"approvals/{one.id}"), told)
    assert approve(call_as, now(other)).status == "approved"


def test_whoever_is_alone_looks_for_nobody(ask, call_as, documents, monkeypatch):
    one, looked = ask(), []
    find = documents.find
    monkeypatch.setattr(documents, "find", lambda *asked: looked.append(asked) or find(*asked))
    approve(call_as, one)
    assert looked == []


def test_a_no_to_more_than_one_commit_closes_goes_on(ask, call_as, now, reacting, monkeypatch):
    monkeypatch.setattr(noes, "AT_ONCE", 2)
    one, *others = [ask(**{f"note_{n}": "x"}) for n in range(5)]
    told = ApprovalRejected.of(reject(call_as, one))
    carry_refusal(reacting(f"approvals/{one.id}"), told)
    assert sorted(now(each).status for each in others).count("cancelled") == 2
    carry_refusal_further(reacting(f"approvals/{one.id}", at=1), RefusalCarriedFurther())
    assert {now(each).refused_with for each in others} == {one.id}
