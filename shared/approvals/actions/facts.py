"""What rules may know about the approval that somebody acts with."""

from collections.abc import Mapping
from typing import Any

from shared.approvals.models.approvals import Approval, ApprovalStatus
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
    Return how the approval is that the question names, if it was asked for exactly this act of this agent.

    Nothing of it is used up: whoever does the act does that, with the act. One that is not there is one for something
    else, so nobody learns which there are.
    """
    id = question.path.get("approval_id")
    if id is None:
        return {"context": {"approval_state": "none"}}
    found = txn.get_or_none(Approval, id)
    if (
        found is None
        or found.action_digest != question.args_hash
        or found.agent_id != question.path.get("agent_id")
    ):
        return {"context": {"approval_state": "mismatch"}}
    return {"context": {"approval_state": _state(found, question), "approval_type": found.type}}


def _state(found: Approval, question: Question) -> str:
    state = STATES.get(found.status, "pending")
    if state == "granted" and question.now >= found.expires_at:
        return "expired"
    held = found.held_until is not None and question.now < found.held_until
    return "pending" if state == "granted" and held else state
