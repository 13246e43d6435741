"""Decisions that come from a phone: read what is decided, and hold the signature against it."""

from datetime import timedelta
from typing import Any

from shared.approvals import rules
from shared.approvals.models import Approval, Verb
from shared.canonical import digest
from shared.entity import Because, Hex64, written
from shared.evidence import digest_of
from shared.mobile.models import Device, SpentNonce
from shared.mobile.signatures import SignedWords, nonce_id, timely, verified
from shared.operation import Call
from shared.ports import SignatureCheck
from shared.store import Transaction


class SignedDecision(SignedWords):
    """A signed decision on exactly what was seen."""

    expected_digest: Hex64
    """The approval's `action_digest`, as it was read: an answer to anything else is refused."""


def signed(
    call: Call,
    txn: Transaction,
    approval: Approval,
    verb: Verb,
    words: SignedWords,
    check: SignatureCheck,
) -> SpentNonce:
    """
    Return the note of a signature that is this device's, over this decision, and in time.

    The same decision sent again needs no new signature.

    Raises:
        Refusal: It is not.
    """
    device = txn.peek(Device, words.device.id)
    spent = txn.peek(SpentNonce, nonce_id(words.device))
    if spent is None:
        timely(words, call.now)
    return verified(
        approval,
        verb,
        words,
        by=call.actor,
        device=device,
        spent=spent,
        verify=check,
        at=call.now,
    )


def because(approval: Approval, note: SpentNonce) -> Because:
    """Return why a decision was taken, naming the device, what it signed, and the signature."""
    signature = digest_of(note.signature.encode())
    signed_by = f"device-decision/v1:{note.device_id}:{note.statement_hash}:{signature}"
    return rules.because(approval).model_copy(update={"rule_refs": (signed_by,)})


def card(approval: Approval) -> dict[str, Any]:
    """
    Render what the approver was shown first, from the approval itself: what is signed is bound to it.

    Its time to answer is the one that was given when it was asked.
    """
    stored = approval.to_stored()
    window_min = approval.steps[0].timeout_min or approval.window_min
    return {
        "typ": "card/v1",
        **{name: stored[name] for name in approval.card_members},
        "requested_by": approval.requested_by,
        "expires_at": written(approval.requested_at + timedelta(minutes=window_min)),
        "action_digest": approval.action_digest,
    }


def same_card(approval: Approval, shown: dict[str, Any]) -> bool:
    """Say whether a rendered card is the one that the approval is bound to."""
    return digest(shown) == approval.card_hash
