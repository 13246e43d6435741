"""Decisions that come from a phone: read what is decided, and hold the signature against it."""

from shared.actors import PLATFORM
from shared.approvals.models.approvals import Approval
from shared.approvals.models.parts import Verb
from shared.approvals.rules import decisions
from shared.devices.models import Device
from shared.entity import Because
from shared.evidence import digest_of
from shared.mobile.models.signed import SignedWords, SpentNonce
from shared.mobile.rules.signatures import earliest, nonce_id, timely, verified
from shared.operation import Call
from shared.ports import SignatureCheck
from shared.store import Transaction


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
    if call.actor.of_the_platform and txn.tenant != PLATFORM:
        with call.platform("the platform's people sign with devices of their own") as platform:
            device = platform.get_or_none(Device, words.device.id)
    else:
        device = txn.get_or_none(Device, words.device.id)
    spent = txn.get_or_none(SpentNonce, nonce_id(words.device))
    if spent is None:
        timely(words, earliest(approval, device), call.now)
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
    return decisions.because(approval).model_copy(update={"rule_refs": (signed_by,)})
