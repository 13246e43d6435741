from typing import Annotated

from pydantic import ConfigDict, Field

from shared.actors import Scope
from shared.approvals.actions import attention
from shared.approvals.events.lifecycle import decided
from shared.approvals.models.approvals import Approval
from shared.approvals.rules import decisions
from shared.entity import Id, Text
from shared.examples import ACTION_DIGEST, DEVICE, NOW, SIGNATURE, SOON
from shared.mobile.actions import signing
from shared.mobile.models.signed import SignedDecision
from shared.operation import Call, operation
from shared.ports import SignatureCheck

Change = Annotated[Text, Field(max_length=500)]


class SignedChanges(SignedDecision):
    """What must be different before it is asked again, signed by a phone."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "changes": ["Add a test for the ambiguous task."],
                    "expected_digest": ACTION_DIGEST,
                    "decided_at": NOW,
                    "idempotency_key": "0b9a8f7e-6d5c-4b3a-8291-a0b1c2d3e4f7",
                    "device": {
                        "id": DEVICE,
                        "nonce": "q83vEjRWeJCrze87",
                        "sig_expires_at": SOON,
                        "signature": SIGNATURE,
                    },
                }
            ]
        }
    )

    changes: Annotated[tuple[Change, ...], Field(min_length=1, max_length=20)]
    """One sentence for each thing that must be different; the signature covers their SHA-256."""


@operation(
    "POST",
    "/v1/mobile/approvals/{approval_id}/request-changes",
    scopes={Scope.GOVERNANCE_WRITE},
    in_freeze=True,
)
def request_changes_on_phone(
    call: Call, approval_id: Id, wanted: SignedChanges, check: SignatureCheck
) -> Approval:
    """Send a request back to whoever made what it is about, with the device's signature."""
    with call.transaction() as txn:
        before = txn.get(Approval, approval_id)
        note = signing.signed(call, txn, before, "request_changes", wanted, check)
        after = decisions.request_changes(
            before,
            by=call.actor,
            at=call.now,
            changes=wanted.changes,
            expected_digest=wanted.expected_digest,
            opened_at=attention.of(txn, before, call.actor).opened_at(before),
        )
        if after is not before:
            txn.save(note)
            after = txn.save(after, decided(after), because=signing.because(after, note))
    return after
