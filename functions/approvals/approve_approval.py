from pydantic import ConfigDict

from shared.actors import Scope
from shared.approvals.actions import agreeing, attention
from shared.approvals.models.approvals import Approval
from shared.approvals.models.questions import Comment
from shared.approvals.rules import decisions
from shared.entity import Hex64, Id, Value
from shared.examples import ACTION_DIGEST
from shared.operation import Call, operation


class Agreement(Value):
    """A yes, to exactly what was seen."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"expected_digest": ACTION_DIGEST, "comment": "Ready to go live."}]
        }
    )

    expected_digest: Hex64
    """The approval's `action_digest`, as you read it: a yes to anything else is refused."""
    expected_card: Hex64 | None = None
    """The approval's `card_hash`, as you read it; needed where evidence was added since it was asked."""
    comment: Comment | None = None
    """What you want to say beside the yes; it is kept with the decision."""


@operation(
    "POST", "/v1/approvals/{approval_id}/approve", scopes={Scope.GOVERNANCE_WRITE}, in_freeze=True
)
def approve_approval(call: Call, approval_id: Id, agreement: Agreement) -> Approval:
    """
    Approve a request.

    The decision that settles it is announced in the same commit, so whoever waits for it goes on exactly
    when the record says so. What is approved must then be used in time, or the approval expires. Whoever says
    yes to many within a minute without having opened them is flagged, and must open the next ones first.
    """
    with call.transaction() as txn:
        before = txn.get(Approval, approval_id)
        known = attention.of(txn, before, call.actor)
        after = decisions.approve(
            before,
            by=call.actor,
            at=call.now,
            expected_digest=agreement.expected_digest,
            expected_card=agreement.expected_card,
            comment=agreement.comment,
            opened_at=known.opened_at(before),
        )
        if after is not before:
            if after.decided_via == "vision_guardian_override":
                # Hardly ever: who loads what it takes is who needs it.
                from shared.policy.actions.freezing import people_alone

                people_alone(call)
            after = agreeing.keep(call, txn, known, after, because=decisions.because(after))
    return after
