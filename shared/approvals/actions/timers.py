"""Timers of questions: one at a time, each of which leads to the next."""

from datetime import datetime

from shared.approvals.models.approvals import Approval
from shared.approvals.rules import windows
from shared.store import Transaction


def schedule_next(txn: Transaction, approval: Approval, *, at: datetime) -> None:
    """Schedule what a question comes to next: a mark of its time, or its end."""
    timer, due = windows.following(approval, at=at)
    txn.schedule(timer, at=due, about=approval)
