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
    """Note that a question was opened, the first time that somebody does who may answer."""
    if Role.SERVICE in by.roles or Scope.GOVERNANCE_WRITE not in by.scopes or not approval.open:
        return
    id = _id(approval.id, by)
    if txn.peek(Opening, id) is None:
        txn.create(Opening(id=id, approval_id=approval.id, opened_by=by.id, opened_at=at))


def opened_at(txn: Transaction, approval_id: str, by: Actor) -> datetime | None:
    """Return when somebody first opened a question, or None where they never did."""
    found = txn.peek(Opening, _id(approval_id, by))
    return found.opened_at if found else None


def _id(approval_id: str, by: Actor) -> str:
    return f"{approval_id}:{by.id}"
