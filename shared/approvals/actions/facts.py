"""What rules may know about the approval that somebody acts with."""

from collections.abc import Mapping
from typing import Any

from shared.approvals.models.approvals import Approval, ApprovalStatus
from shared.approvals.rules import acting, chains
from shared.deciding import Question
from shared.store import Transaction

STATES: Mapping[ApprovalStatus, str] = {
    ApprovalStatus.APPROVED: "granted",
    ApprovalStatus.CONSUMED: "consumed",
    ApprovalStatus.EXPIRED: "expired",
    ApprovalStatus.REJECTED: "rejected",
    ApprovalStatus.VETOED: "rejected",
    ApprovalStatus.CANCELLED: "rejected",
    ApprovalStatus.CHANGES_REQUESTED: "rejected",
}
"""What each status is to rules; what is still open is pending."""


def facts(txn: Transaction, question: Question) -> Mapping[str, Any]:
    """
    Return how the approval is that is presented, if it was asked for exactly this act.

    Nothing of it is used up: that is done with the act. One that is not there is one for something else, so nobody learns
    which there are.
    """
    id = question.approval_id
    if id is None:
        return {"context": {"approval_state": "none"}}
    known: dict[str, Any] = {"approval_id": id, "approval_state": "mismatch"}
    found = txn.get_or_none(Approval, id)
    if found is not None and acting.is_for(found, question):
        known |= {
            "approval_state": _state(found, question),
            "approval_type": found.type,
            # Whoever asks names the chain that they bring along; only the platform's own tells rules who agreed.
            "approval_chain": found.chain if found.chain == chains.usual(found).name else None,
        }
    return {"context": known}


def _state(found: Approval, question: Question) -> str:
    state = STATES.get(found.status, "pending")
    if state == "granted" and question.now >= found.expires_at:
        return "expired"
    held = found.held_until is not None and question.now < found.held_until
    return "pending" if state == "granted" and held else state
