"""What the approver is shown of a question: what they decide is bound to the digest of it."""

from datetime import timedelta
from typing import Any

from shared.approvals.models import Approval
from shared.canonical import digest
from shared.entity import written


def card(approval: Approval) -> dict[str, Any]:
    """
    Render the card of an approval, from the approval itself.

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


def bound(approval: Approval) -> Approval:
    """Return the approval bound to its card as it is now."""
    return approval.model_copy(update={"card_hash": digest(card(approval))})


def same_card(approval: Approval, shown: dict[str, Any]) -> bool:
    """Say whether a rendered card is the one that the approval is bound to."""
    return digest(shown) == approval.card_hash
