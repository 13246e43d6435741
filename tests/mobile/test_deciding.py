"""Decisions from a phone: what was signed is what is decided, once."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from functions.mobile.approve_on_phone import SignedAgreement, approve_on_phone
from functions.mobile.get_approval_detail import get_approval_detail
from functions.mobile.request_changes_on_phone import SignedChanges, request_changes_on_phone
from functions.mobile.unregister_device import unregister_device
from functions.mobile.veto_on_phone import veto_on_phone
from shared.actors import Role
from shared.approvals.models.approvals import Approval
from shared.approvals.models.vetoes import Veto
from shared.canonical import digest
from shared.documents import Query
from shared.edge.keys import verify_ed25519
from shared.errors import ApprovalMismatch, Expired, Forbidden, Invalid, Refusal
from shared.evidence import Entry
from shared.mobile.models.queue import SignedVeto
from shared.mobile.models.signed import SpentNonce
from tests.mobile.phone import OBJECTION, Phone, approved, asked, stored


@pytest.fixture
def phone(call_as):
    return Phone(call_as).register()


@pytest.fixture
def approval(call_as):
    return asked(call_as)


def approve(phone, approval, body, at=0, check=verify_ed25519):
    return approve_on_phone(phone.call(at), approval.id, SignedAgreement(**body), check)


def veto(phone, approval, body, at=0):
    return veto_on_phone(phone.call(at), approval.id, SignedVeto(**body), verify_ed25519)


def test_a_signed_yes_approves_and_names_its_signature(phone, approval, documents):
    after = approve(phone, approval, phone.sign(approval, "approve", comment="go"))
    assert after.status == "approved"
    (entry,) = [
        Entry.model_validate(row.data)
        for row in documents.find("platform", Query(Entry.collection))
        if row.data["action"] == "approval.granted"
    ]
    (signed_by,) = entry.decision_context.rule_refs
    note = documents.find("platform", Query(SpentNonce.collection))[0].data
    assert signed_by.startswith(f"device-decision/v1:{phone.device.id}:{note['statement_hash']}:")


@pytest.mark.parametrize("early_min", [1, 60 * 24])
def test_what_was_signed_before_it_was_asked_is_refused(phone, approval, early_min):
    for decide, verb, words in ((approve, "approve", {}), (veto, "veto", OBJECTION)):
        body = phone.sign(approval, verb, at=-early_min, life_min=early_min + 4, **words)
        with pytest.raises(Invalid) as refused:
            decide(phone, approval, body)
        assert refused.value.violations[0].rule == "decided_at"


def test_a_signed_wish_sends_back(phone, approval):
    body = phone.sign(approval, "request_changes", changes=["add a test"])
    after = request_changes_on_phone(
        phone.call(), approval.id, SignedChanges(**body), verify_ed25519
    )
    assert after.status == "changes_requested"
    again = request_changes_on_phone(
        phone.call(), approval.id, SignedChanges(**body), verify_ed25519
    )
    assert again == after


def test_a_signed_veto_is_recorded_once(phone, approval, call_as):
    body = phone.sign(approval, "veto", **OBJECTION)
    made = veto(phone, approval, body)
    assert stored(call_as, Approval, approval.id).status == "vetoed"
    assert veto(phone, approval, body) == made
    assert stored(call_as, Veto, made.id) == made


def test_what_is_approved_may_be_vetoed_from_the_phone(phone, approval, call_as):
    approved(call_as, approval)
    assert veto(phone, approval, phone.sign(approval, "veto", at=2, **OBJECTION), at=2)


@pytest.mark.parametrize("verb", ["approve", "veto"])
def test_the_platforms_governor_decides_a_customers_question_with_their_own_phone(
    phone, call_as, verb
):
    question = asked(call_as, tenant="acme", governor_scope="platform")
    there = call_as(Role.GOVERNOR, tenant="acme", own=phone.tenant)
    if verb == "approve":
        said = SignedAgreement(**phone.sign(question, verb))
        approve_on_phone(there, question.id, said, verify_ed25519)
    else:
        said = SignedVeto(**phone.sign(question, verb, **OBJECTION))
        veto_on_phone(there, question.id, said, verify_ed25519)
    after = stored(call_as, Approval, question.id, tenant="acme")
    assert after.status == {"approve": "approved", "veto": "vetoed"}[verb]


def test_the_same_decision_sent_again_is_answered_with_the_one_on_record(phone, approval):
    body = phone.sign(approval, "approve")
    first = approve(phone, approval, body)
    assert approve(phone, approval, body, at=30) == first


@pytest.mark.parametrize(
    "said",
    [
        {"action_digest": "1" * 64},
        {"card_hash": "1" * 64},
        {"verb": "veto"},
        {"approval_id": "00000000-0000-4000-8000-00000000000a"},
        {"reason_hash": digest({"comment": "something else"})},
        {"typ": "device-decision/v2"},
    ],
)
def test_a_signature_over_something_else_is_refused(phone, approval, said):
    with pytest.raises(ApprovalMismatch) as refused:
        approve(phone, approval, phone.sign(approval, "approve", said=said))
    assert refused.value.violations[0].rule == "bad_signature"


def test_a_decision_on_another_digest_is_refused(phone, approval):
    with pytest.raises(ApprovalMismatch) as refused:
        approve(phone, approval, phone.sign(approval, "approve", expected_digest="1" * 64))
    assert refused.value.violations[0].rule == "stale_subject"
    objection = phone.sign(approval, "veto", expected_digest="1" * 64, **OBJECTION)
    with pytest.raises(ApprovalMismatch):
        veto(phone, approval, objection)


def test_another_key_is_refused(phone, approval, call_as):
    other = Phone(call_as)
    other.device = phone.device
    with pytest.raises(ApprovalMismatch):
        approve(phone, approval, other.sign(approval, "approve"))


@given(byte=st.integers(0, 63), bit=st.integers(0, 7))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25)
def test_no_flipped_bit_of_a_signature_passes(phone, approval, byte, bit):
    from shared.edge.keys import decoded, encoded

    body = phone.sign(approval, "approve")
    raw = bytearray(decoded(body["device"]["signature"]))
    raw[byte] ^= 1 << bit
    body["device"]["signature"] = encoded(bytes(raw))
    with pytest.raises(ApprovalMismatch):
        approve(phone, approval, body)


def test_a_device_of_somebody_else_signs_nothing(phone, approval, call_as):
    other = Phone(call_as, id="another-governor").register()
    with pytest.raises(Forbidden, match="active device"):
        approve(phone, approval, other.sign(approval, "approve"))


def test_a_revoked_device_signs_nothing(phone, approval):
    body = phone.sign(approval, "approve")
    unregister_device(phone.call(), phone.device.id)
    with pytest.raises(Forbidden, match="active device"):
        approve(phone, approval, body)


def test_a_nonce_is_accepted_once(phone, approval, call_as):
    approve(phone, approval, phone.sign(approval, "approve", nonce="n" * 16))
    another = asked(call_as)
    with pytest.raises(Forbidden) as refused:
        approve(phone, another, phone.sign(another, "approve", nonce="n" * 16))
    assert refused.value.violations[0].rule == "nonce_reused"


@pytest.mark.parametrize(
    ("signed_at", "life_min", "sent_at", "refusal"),
    [(0, 5, 6, Expired), (0, 6, 0, Invalid), (10, 1, 0, Invalid), (2, 2, 0, Invalid)],
)
def test_a_signature_is_good_for_five_minutes_and_not_before_it_was_made(
    phone, approval, signed_at, life_min, sent_at, refusal
):
    body = phone.sign(approval, "approve", at=signed_at, life_min=life_min)
    with pytest.raises(refusal):
        approve(phone, approval, body, at=sent_at)


def test_the_platform_alone_cannot_make_a_signature(phone, approval):
    body = phone.sign(approval, "approve")
    with pytest.raises(Refusal):
        approve(phone, approval, body, check=lambda *_: False)


def test_the_card_that_is_shown_is_the_one_that_is_signed(call_as, approval):
    before = get_approval_detail(call_as(Role.GOVERNOR), approval.id)
    assert before.card_matches
    assert digest(before.card) == approval.card_hash
    approved(call_as, approval)
    after = get_approval_detail(call_as(Role.GOVERNOR, at=2), approval.id)
    assert after.card == before.card
    assert after.timeline is None
