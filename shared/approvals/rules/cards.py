"""What the approver is shown of a question: what they decide is bound to the digest of it."""

from datetime import timedelta
from typing import Any

from shared.approvals.models.approvals import Approval
from shared.canonical import digest
from shared.entity import ZERO_HASH, written


def card(approval: Approval) -> dict[str, Any]:
    """
    Render the card of an approval, from the approval itself.

    Its time to answer is the one that holds: a deferral, or the next step's own time, moves it.
    """
    stored = approval.to_stored()
    answer_by = approval.window_from + timedelta(minutes=approval.window_min)
    return {
        "typ": "card/v1",
        **{name: stored[name] for name in approval.card_members},
        "requested_by": approval.requested_by,
        "expires_at": written(answer_by),
        "action_digest": approval.action_digest,
    }


def bound(approval: Approval) -> Approval:
    """Return the approval bound to its card as it is now; which ones it had before is kept."""
    now, before = digest(card(approval)), approval.card_hash
    earlier = approval.earlier_cards + (() if before in {now, ZERO_HASH} else (before,))
    return approval.model_copy(update={"card_hash": now, "earlier_cards": earlier})


def same_card(approval: Approval, shown: dict[str, Any]) -> bool:
    """Say whether a rendered card is the one that the approval is bound to."""
    return digest(shown) == approval.card_hash
