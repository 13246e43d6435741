"""Decisions that a phone signed: what exactly was signed, by which key, until when, and only once."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from shared.actors import Actor
from shared.approvals.models.approvals import Approval
from shared.approvals.models.parts import Verb
from shared.canonical import canonical, digest
from shared.devices.models import Device
from shared.devices.rules import SKEW
from shared.entity import written
from shared.errors import ApprovalMismatch, Expired, Forbidden, Invalid
from shared.evidence import Verify, digest_of
from shared.mobile.models.signed import DeviceSignature, SignedWords, SpentNonce

LIFE = timedelta(minutes=5)
"""How far ahead a signature may end."""


def statement(
    approval: Approval,
    verb: Verb,
    words: Mapping[str, Any],
    signed: SignedWords,
    *,
    card_hash: str | None = None,
) -> bytes:
    """Return the bytes that a phone signs for a decision on what it saw: the card, or an earlier one."""
    return canonical(
        {
            "typ": "device-decision/v1",
            "approval_id": approval.id,
            "action_digest": approval.action_digest,
            "card_hash": card_hash or approval.card_hash,
            "verb": verb,
            "reason_hash": digest(dict(words)),
            "decided_at": written(signed.decided_at),
            "nonce": signed.device.nonce,
            "sig_expires_at": written(signed.device.sig_expires_at),
        }
    )


def nonce_id(signature: DeviceSignature) -> str:
    """Name the note that a device used a nonce."""
    return digest_of(f"{signature.id}\n{signature.nonce}".encode())


def verified(
    approval: Approval,
    verb: Verb,
    signed: SignedWords,
    *,
    by: Actor,
    device: Device | None,
    spent: SpentNonce | None,
    verify: Verify,
    at: datetime,
) -> SpentNonce:
    """
    Return the note that keeps a decision's signature, and its nonce from being used again.

    Raises:
        Forbidden: The device is not the caller's own active one, or its nonce was used for another
            decision.
        ApprovalMismatch: The signature is not of this device, or over something else.
    """
    own_device(device, by)
    given = signed.device
    # An objection to what was asked stands whatever was added or put off since.
    seen = (approval.card_hash, *(approval.earlier_cards if verb == "veto" else ()))
    messages = [statement(approval, verb, signed.words(), signed, card_hash=card) for card in seen]
    key = device.public_key if device else ""
    message = next((one for one in messages if verify(key, one, given.signature)), None)
    if message is None:
        raise ApprovalMismatch(
            "the signature is not this device's over what is decided; read the approval again and"
            " sign that",
            rule="bad_signature",
            approval_id=approval.id,
        )
    if spent is not None and spent.statement_hash != digest_of(message):
        raise Forbidden("this nonce was used already; make a new one", rule="nonce_reused")
    return spent or SpentNonce(
        id=nonce_id(given),
        device_id=given.id,
        statement_hash=digest_of(message),
        signature=given.signature,
        spent_at=at,
    )


def own_device(device: Device | None, by: Actor) -> None:
    """Refuse a device that is somebody else's, or no longer anybody's."""
    if device is None or device.user_id != by.id or not device.active:
        raise Forbidden("this is not an active device of yours; register it", rule="device_revoked")


def earliest(approval: Approval, device: Device | None) -> datetime:
    """Return from when a device could sign a decision: since it was asked, and since the device is registered."""
    asked = approval.requested_at
    return max(asked, device.registered_at) if device else asked


def timely(signed: SignedWords, since: datetime, at: datetime) -> None:
    """
    Refuse a signature that is too old, or that would last too long.

    Raises:
        Expired: It ended.
        Invalid: It ends too far ahead, or was made in the future, or before it could be.
    """
    ends = signed.device.sig_expires_at
    if at > ends:
        raise Expired("the signature ended; sign the decision again", rule="signature_expired")
    if ends > at + LIFE + SKEW:
        raise Invalid(
            "sig_expires_at lies at most 5 minutes ahead; sign again", rule="signature_too_long"
        )
    if signed.decided_at < since - SKEW:
        words = (
            "this was decided before it was asked, or before the device was known; set the clock"
        )
        raise Invalid(words, rule="decided_at")
    if signed.decided_at > at + SKEW:
        raise Invalid(
            "decided_at lies in the future; set the clock and sign again", rule="decided_at"
        )
