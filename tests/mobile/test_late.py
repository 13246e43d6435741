"""A veto that came too late: it counts when somebody else confirms it, or where nobody else is there."""

import pytest

from functions.approvals.approve_approval import Agreement, approve_approval
from functions.approvals.reject_approval import Rejection, reject_approval
from functions.mobile.sync_vetoes import QueuedItems, sync_vetoes
from shared.actors import PLATFORM, Role
from shared.approvals.models.approvals import Approval, ApprovalStatus, Consumer
from shared.approvals.models.records import LateVeto
from shared.approvals.models.vetoes import Veto
from shared.approvals.rules import chains
from shared.documents import Key, Query, Write
from shared.edge.keys import verify_ed25519
from shared.errors import IntegrityHold, SelfApproval
from shared.identity.rules.members import member
from tests.conftest import NOON
from tests.mobile.phone import Phone, approved, asked, stored

DAY = 60 * 24
LATE = DAY + 1 + 61


@pytest.fixture
def phone(call_as):
    return Phone(call_as).register()


@pytest.fixture
def approval(call_as):
    return approved(call_as, asked(call_as), at=1)


def sync(phone, *items, at=LATE):
    return sync_vetoes(phone.call(at), QueuedItems(items=items), verify_ed25519).results


def late(phone, approval, at=LATE, **words):
    (result,) = sync(phone, phone.queue(approval, at=DAY, **words), at=at)
    return result


def people(documents, **roles):
    documents.commit(
        [
            Write(Key(PLATFORM, "members", id), member(id, {role}, NOON).to_stored())
            for id, role in roles.items()
        ]
    )


def kept(documents, kind):
    return [row.data for row in documents.find(PLATFORM, Query(kind.collection))]


def used(call_as, **changes):
    """Return what was approved and is used."""
    return asked(
        call_as,
        status=ApprovalStatus.CONSUMED,
        consumed_by=Consumer(run_id="r", step_id="s"),
        consumed_at=NOON,
        decided_at=NOON,
        seed_id="GEN-004",
        veto_until=phone_day(),
        **changes,
    )


def phone_day():
    from datetime import timedelta

    return NOON + timedelta(days=1)


def confirm(call_as, id, at=LATE + 1, role=Role.DEPUTY_GOVERNOR):
    question = stored(call_as, Approval, id)
    agreed = Agreement(expected_digest=question.action_digest)
    return approve_approval(call_as(role, id="dora", at=at), id, agreed)


def test_sent_again_under_another_key_it_is_the_same_question(phone, approval, documents):
    first = late(phone, approval)
    assert late(phone, approval).rollback_approval_id == first.rollback_approval_id
    items = [phone.queue(approval, at=DAY) for _ in range(2)]
    assert {one.rollback_approval_id for one in sync(phone, *items)} == {first.rollback_approval_id}
    assert len(kept(documents, LateVeto)) == 1


def test_the_deputy_is_asked_and_the_vision_guardian_where_nobody_was_there(
    phone, approval, call_as
):
    question = stored(call_as, Approval, late(phone, approval).rollback_approval_id)
    assert question.step.seats == ("governor", "deputy_governor")
    assert chains.added(question, 2) == (Role.VISION_GUARDIAN,)


def test_the_words_are_shown_and_are_what_counts(phone, approval, call_as, documents):
    question = stored(call_as, Approval, late(phone, approval).rollback_approval_id)
    assert "> it quotes a dose" in question.summary
    assert "Nothing of what was approved had begun" in question.summary
    assert confirm(call_as, question.id).status == "consumed"
    (veto,) = kept(documents, Veto)
    assert veto["explanation"] == "it quotes a dose that no source supports"
    assert (veto["issued_by"], veto["late"]) == ("governor", True)
    assert veto["effect"] == "never_sent"
    assert late(phone, approval, at=LATE + 9).result == "superseded"


def test_words_that_somebody_changed_in_the_store_do_not_count(phone, approval, call_as, documents):
    question_id = late(phone, approval).rollback_approval_id
    (row,) = kept(documents, LateVeto)
    row["said"]["reason"] = "it is too expensive for everybody"
    documents.commit([Write(Key(PLATFORM, LateVeto.collection, question_id), row)])
    with pytest.raises(IntegrityHold):
        confirm(call_as, question_id)
    assert stored(call_as, Approval, question_id).open


def test_a_no_of_the_deputy_stands(phone, approval, call_as):
    question_id = late(phone, approval).rollback_approval_id
    deputy = call_as(Role.DEPUTY_GOVERNOR, id="dora", at=LATE + 1)
    reject_approval(deputy, question_id, Rejection(reason="the dose is right after all"))
    again = late(phone, approval, at=LATE + 2)
    assert (again.result, again.rollback_approval_id) == ("superseded", None)
    assert "dora said no" in again.detail
    assert stored(call_as, Approval, approval.id).vetoed_at is None


@pytest.fixture
def doras(call_as):
    """What the deputy of today approved."""
    return approved(call_as, asked(call_as), at=1, by="dora")


def test_who_had_agreed_says_nothing_to_the_roll_back(phone, doras, call_as):
    question_id = late(phone, doras).rollback_approval_id
    deputy = call_as(Role.DEPUTY_GOVERNOR, id="dora", at=LATE + 1)
    with pytest.raises(SelfApproval):
        reject_approval(deputy, question_id, Rejection(reason="I approved it and I keep it so."))
    with pytest.raises(SelfApproval):
        confirm(call_as, question_id)
    agreed = Agreement(expected_digest=stored(call_as, Approval, question_id).action_digest)
    another = call_as(Role.DEPUTY_GOVERNOR, id="dan", at=LATE + 1)
    assert approve_approval(another, question_id, agreed).status == "consumed"
    assert stored(call_as, Approval, doras.id).status == "vetoed"


def test_where_only_who_had_agreed_is_there_it_counts_at_once(phone, doras, call_as, documents):
    people(documents, governor=Role.GOVERNOR, dora=Role.DEPUTY_GOVERNOR)
    assert late(phone, doras).result == "applied"
    assert stored(call_as, Approval, doras.id).status == "vetoed"


def test_where_nobody_else_is_there_it_counts_at_once(phone, approval, call_as, documents):
    people(documents, governor=Role.GOVERNOR, vera=Role.VIEWER)
    result = late(phone, approval)
    assert (result.result, result.effect, result.offline) == ("applied", "never_sent", True)
    assert stored(call_as, Approval, approval.id).status == "vetoed"
    assert stored(call_as, Veto, result.veto_id).by_itself


def test_what_asked_somebody_who_left_since_is_withdrawn(phone, approval, call_as, documents):
    people(documents, governor=Role.GOVERNOR, dora=Role.DEPUTY_GOVERNOR)
    first = late(phone, approval)
    assert first.result == "expired"
    people(documents, dora=Role.VIEWER)
    assert late(phone, approval, at=LATE + 1).result == "applied"
    assert stored(call_as, Approval, first.rollback_approval_id).status == "cancelled"


def test_what_cannot_be_undone_is_said_and_nobody_is_asked_to_undo_it(phone, call_as, documents):
    gone = used(call_as, reversibility="irreversible")
    result = late(phone, gone)
    assert (result.result, result.effect) == ("applied", "irreversible")
    assert result.rollback_approval_id is None
    assert kept(documents, LateVeto) == []


def test_of_what_nobody_answered_nothing_is_rolled_back(phone, call_as):
    waiting = asked(call_as)
    (result,) = sync(phone, phone.queue(waiting, at=1), at=DAY)
    assert (result.result, result.rollback_approval_id) == ("expired", None)
    assert "nothing of it happens" in result.detail


def test_another_scopes_governor_opens_no_question(call_as, approval):
    theirs = Phone(call_as, Role.CUSTOMER_ADMIN).register()
    result = late(theirs, approval)
    assert (result.result, result.rule) == ("forbidden", "not_governor")
