"""Evidence that was missing: added to the open question by whoever asked, and looked at again by whoever agreed."""

import pytest

from functions.approvals.add_evidence import MoreEvidence, add_evidence
from functions.approvals.approve_approval import Agreement, approve_approval
from functions.approvals.create_approval import create_approval
from functions.approvals.defer_approval import Rest, defer_approval
from functions.approvals.get_approval import get_approval
from functions.approvals.reject_approval import Rejection, reject_approval
from functions.approvals.tell_of_evidence import tell_of_evidence
from shared.actors import Role
from shared.approvals.events.questions import EvidenceAdded
from shared.approvals.rules import cards
from shared.documents import Query
from shared.errors import AlreadyDecided, ApprovalMismatch, Conflict, Expired, Forbidden
from shared.notifications.models import Notification
from shared.promises import Due
from tests import answered
from tests.approvals.questions import EXAMPLE, WHY, another, minutes, rule
from tests.conftest import DEPLOYMENT


def piece(digit="9", kind="test_report"):
    return {"kind": kind, "ref": f"reports/{digit}", "sha256": digit * 64}


@pytest.fixture
def ask(call_as):
    return lambda **changes: answered.body(
        create_approval(call_as(Role.SERVICE), another(**changes), DEPLOYMENT)
    )


@pytest.fixture
def add(call_as):
    def add(new, *pieces, at=10, role=Role.SERVICE, **who):
        body = MoreEvidence(evidence_refs=pieces or (piece(),))
        return add_evidence(call_as(role, at=at, **who), new.id, body)

    return add


def approve(call_as, new, role=Role.GOVERNOR, at=20, card=None):
    body = Agreement(expected_digest=new.action_digest, expected_card=card)
    return approve_approval(call_as(role, at=at), new.id, body)


def test_what_was_missing_is_added_to_the_open_question(ask, add):
    before = ask()
    after = add(before)
    assert [one.sha256[0] for one in after.evidence_refs][-1] == "9"
    assert after.card_hash != before.card_hash
    assert cards.same_card(after, cards.card(after))
    assert (after.action_digest, after.expires_at) == (before.action_digest, before.expires_at)
    assert add(before) == after, "the same again adds nothing"


def test_who_agreed_is_asked_again(ask, add, call_as, reacting, documents):
    new = ask(type="constitutional", gate="change")
    approve(call_as, new, at=5)
    after = add(new)
    assert (after.current_step, after.decisions, after.status) == (1, (), "pending")
    assert [one.approver_id for one in after.evidence_added[0].votes] == ["governor"]
    tell_of_evidence(reacting(f"approvals/{new.id}", at=10), EvidenceAdded.of(after))
    told = [one.data for one in documents.find("platform", Query(Notification.collection))]
    assert [(one["audience"], one["title"][:14]) for one in told] == [
        ("governor", "More evidence:")
    ]
    approve(call_as, new, card=after.card_hash)
    granted = approve(call_as, new, role=Role.VISION_GUARDIAN, card=after.card_hash, at=21)
    assert granted.status == "approved"


def test_a_yes_names_the_card_that_it_is_said_to(ask, add, call_as):
    new = ask()
    with pytest.raises(ApprovalMismatch):
        approve(call_as, new, card="0" * 64)
    after = add(new)
    for card in (None, new.card_hash):
        with pytest.raises(ApprovalMismatch) as refused:
            approve(call_as, new, card=card)
        assert rule(refused) == "stale_subject"
    assert approve(call_as, new, card=after.card_hash).status == "approved"


def test_who_looked_before_it_came_has_not_seen_it(ask, add, call_as):
    new = ask()
    get_approval(call_as(Role.GOVERNOR, at=1), new.id)
    after = add(new)
    granted = approve(call_as, new, card=after.card_hash)
    assert granted.last.opened_at is None
    other = ask()
    get_approval(call_as(Role.GOVERNOR, at=1), other.id)
    more = add(other)
    get_approval(call_as(Role.GOVERNOR, at=15), other.id)
    assert approve(call_as, other, card=more.card_hash).last.opened_at == minutes(15)


def test_a_rest_for_evidence_is_over_when_it_comes(ask, add, call_as, documents):
    new = ask()
    rest = Rest(missing_evidence=["A test report"])
    rests = defer_approval(call_as(Role.GOVERNOR, at=1), new.id, rest)
    after = add(new)
    assert (after.deferred_until, after.window_from) == (minutes(10), minutes(10))
    assert after.expires_at == rests.expires_at
    dues = [one.data for one in documents.find("platform", Query(Due.collection))]
    assert {one["data"]["decision_version"] for one in dues} == {0, 1, 2}


def test_only_whoever_asked_adds_while_it_is_open(ask, add, call_as):
    new = ask(on_behalf_of="author.platform")
    for who in ({"role": Role.GOVERNOR}, {"id": "service:other"}):
        with pytest.raises(Forbidden) as refused:
            add(new, **who)
        assert rule(refused) == "not_requester"
    add(new, role=Role.AGENT_ORCHESTRATOR, id="author.platform")
    with pytest.raises(Expired):
        add(new, piece("8"), at=10_000)
    reject_approval(call_as(Role.GOVERNOR, at=30), new.id, Rejection(reason=WHY))
    with pytest.raises(AlreadyDecided):
        add(new, piece("8"), at=40)


def test_nobody_reads_more_than_twenty_pieces(ask, add):
    new = ask(evidence_refs=[*EXAMPLE["evidence_refs"], *(piece(d) for d in "abcdef45678")])
    with pytest.raises(Conflict) as refused:
        add(new, *(piece(d * 2) | {"sha256": (d + "0") * 32} for d in "1234567"))
    assert rule(refused) == "evidence_limit"
