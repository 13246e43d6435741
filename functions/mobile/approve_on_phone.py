from pydantic import ConfigDict

from shared.actors import Scope
from shared.approvals.actions import agreeing, attention
from shared.approvals.models.approvals import Approval
from shared.approvals.models.questions import Comment
from shared.approvals.rules import decisions
from shared.entity import Id
from shared.examples import ACTION_DIGEST, DEVICE, NOW, SIGNATURE, SOON
from shared.mobile.actions import signing
from shared.mobile.models.signed import SignedDecision
from shared.operation import Call, operation
from shared.ports import SignatureCheck


class SignedAgreement(SignedDecision):
    """A yes that a phone signed, to exactly what was seen."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "comment": "Ready to go live.",
                    "expected_digest": ACTION_DIGEST,
                    "decided_at": NOW,
                    "idempotency_key": "0b9a8f7e-6d5c-4b3a-8291-a0b1c2d3e4f6",
                    "device": {
                        "id": DEVICE,
                        "nonce": "q83vEjRWeJCrze86",
                        "sig_expires_at": SOON,
                        "signature": SIGNATURE,
                    },
                }
            ]
        }
    )

    comment: Comment | None = None
    """What you want to say beside the yes; the signature covers its SHA-256."""


@operation(
    "POST",
    "/v1/mobile/approvals/{approval_id}/approve",
    scopes={Scope.GOVERNANCE_WRITE},
    in_freeze=True,
)
def approve_on_phone(
    call: Call, approval_id: Id, agreement: SignedAgreement, check: SignatureCheck
) -> Approval:
    """
    Approve a request with the device's signature.

    The signature is recorded with the decision; the platform could not have made it.
    """
    with call.transaction() as txn:
        before = txn.get(Approval, approval_id)
        note = signing.signed(call, txn, before, "approve", agreement, check)
        known = attention.of(txn, before, call.actor)
        after = decisions.approve(
            before,
            by=call.actor,
            at=call.now,
            expected_digest=agreement.expected_digest,
            expected_card=before.card_hash,
            comment=agreement.comment,
            opened_at=known.opened_at(before),
        )
        if after is not before:
            if after.decided_via == "vision_guardian_override":
                # Hardly ever: who loads what it takes is who needs it.
                from shared.policy.actions.freezing import people_alone

                people_alone(call)
            because = signing.because(after, note)
            after = agreeing.keep(call, txn, known, after, because=because, note=note)
    return after
