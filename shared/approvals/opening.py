"""Whether somebody looked before they answered: when an approver first opened a question."""

from datetime import datetime
from typing import ClassVar

from shared.approvals.models import Approval
from shared.entity import Record, Timestamp
from shared.identity import Actor, Role, Scope
from shared.store import Transaction


class Opening(Record):
    """The first time that somebody who may answer opened a question; its id names both."""

    collection: ClassVar[str] = "openings"

    approval_id: str
    opened_by: str
    opened_at: Timestamp


def note(txn: Transaction, approval: Approval, *, by: Actor, at: datetime) -> None:
    """Note that a question was opened, the first time that somebody does who may answer what it is now."""
    if Role.SERVICE in by.roles or Scope.GOVERNANCE_WRITE not in by.scopes or not approval.open:
        return
    id = _id(approval.id, by)
    known = txn.peek(Opening, id)
    if known is None or known.opened_at < _since(approval):
        txn.save(Opening(id=id, approval_id=approval.id, opened_by=by.id, opened_at=at))


def opened_at(txn: Transaction, approval: Approval, by: Actor) -> datetime | None:
    """Return when somebody first opened a question as it is now, or None where they never did."""
    found = txn.peek(Opening, _id(approval.id, by))
    return found.opened_at if found and found.opened_at >= _since(approval) else None


def _since(approval: Approval) -> datetime:
    """Return since when a question is as it is now: evidence makes it another one to look at."""
    added = approval.evidence_added
    return added[-1].at if added else approval.requested_at


def _id(approval_id: str, by: Actor) -> str:
    return f"{approval_id}:{by.id}"
