"""What waits for nobody: a question that nobody can answer, or whose answer nobody waits for (ruling 77)."""

from datetime import datetime, timedelta

from shared.approvals.models.approvals import Approval
from shared.approvals.models.records import Why
from shared.approvals.rules.people import People, unanswerable

LATE = timedelta(hours=1)
"""So long after its deadline an open question is one whose promise was lost."""

WORDS: dict[Why, str] = {
    "nobody_can_answer": "fewer people can answer it than it needs",
    "nobody_waits": "what waited for its answer is gone",
    "nobody_closed_it": "its time was over an hour ago, and it is still open",
}


def why(approval: Approval, known: People | None, *, waited_for: bool, at: datetime) -> Why | None:
    """
    Say why an open question is stranded; None where it is not.

    Args:
        approval: The question.

        known: Who decides there, as the roster knows it; None where it knows nobody at all.

        waited_for: Whether somebody waits for the answer.

        at: The present.
    """
    if known is not None and unanswerable(approval, known, approval.parties):
        return "nobody_can_answer"
    if not waited_for:
        return "nobody_waits"
    return "nobody_closed_it" if at >= approval.expires_at + LATE else None
